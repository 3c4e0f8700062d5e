// The rules of writing that hold for every kind: versions, UID, generation, status kept apart, finalizers, dry run.
// What a kind demands of its own fields is asked of the kind rules; storing is the object store's.
import { randomInt, randomUUID } from 'node:crypto';
import isEqual from 'lodash/isEqual.js';
import type { KubeObject, ObjectMeta, ResourceType } from './resources.js';
import { without } from './field-access.js';
import type { KindRules } from './kind-rules.js';
import type { ObjectStore } from './object-store.js';
import { recordUpdate } from './server-side-apply.js';
import { alreadyExists, badRequest, conflict, invalid, notFound, staleWrite } from './status-error.js';
import { validateMetadata, validateMetadataUpdate, validateResourceVersionGiven } from './validate-metadata.js';

export interface WriteOptions {
  /** For managedFields. */
  manager: string;
  dryRun: boolean;
  /** Whether the given object brings right managedFields along (server-side apply); otherwise the write is recorded in them. */
  keepsManagers?: boolean;
}

export interface ObjectRef { namespace: string | undefined; name: string }

export interface Update extends ObjectRef {
  subresource: '' | 'status';
  /** Gets the live object, returns the wanted one; changes nothing in place. */
  change: (live: KubeObject) => KubeObject;
  /** Whether the client replaces the whole object, and so has to say which version of it for some kinds. */
  replaces?: boolean;
}

export class ObjectWriter {
  constructor(private readonly store: ObjectStore, private readonly rules: KindRules) {}

  create(type: ResourceType, given: KubeObject, options: WriteOptions): KubeObject {
    if (given.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    const named = this.withName(type, given);
    this.rules.checkNamespace(type, named);
    if (this.store.get(type, named.metadata.namespace, named.metadata.name) !== undefined) throw alreadyExists(type, named.metadata.name);
    const object = this.rules.prepareCreate(type, this.withServerFields(type, named));
    const errors = [...validateMetadata(type, object), ...this.rules.validateCreate(type, object)];
    if (errors.length > 0) throw invalid(type, object.metadata.name, errors);
    const recorded = options.keepsManagers ? object
      : recordUpdate({ live: undefined, updated: object, manager: options.manager, now: secondsNow(), subresource: '' });
    return options.dryRun ? recorded : this.store.put(type, recorded);
  }

  update(type: ResourceType, update: Update, options: WriteOptions): KubeObject {
    const live = this.store.get(type, update.namespace, update.name);
    if (live === undefined) throw notFound(type, update.name);
    const wanted = update.change(live);
    checkIdentity(type, wanted, live);
    if (update.replaces) refuse(type, live, validateResourceVersionGiven(type, wanted));
    const next = this.nextState(type, { live, wanted, subresource: update.subresource });
    refuse(type, live, [
      ...validateMetadataUpdate(next, live),
      ...validateMetadata(type, next),
      ...this.rules.validateUpdate(type, { live, updated: next, subresource: update.subresource }),
    ]);
    const recorded = options.keepsManagers ? next
      : recordUpdate({ live, updated: next, manager: options.manager, now: secondsNow(), subresource: update.subresource });
    if (isUnchanged(recorded, live)) return live;
    return this.commit(type, recorded, options);
  }

  /** Removes the object, or marks it while finalizers hold it. Returns what is left, undefined when it is gone. */
  delete(type: ResourceType, live: KubeObject, options: WriteOptions): KubeObject | undefined {
    const held = (live.metadata.finalizers ?? []).length > 0 || this.rules.isHeld(type, live);
    if (!held) {
      if (!options.dryRun) this.store.remove(type, live);
      return undefined;
    }
    if (live.metadata.deletionTimestamp !== undefined) return live;
    const marked = this.rules.markDeleted(type, {
      ...live, metadata: { ...live.metadata, deletionTimestamp: secondsNow(), deletionGracePeriodSeconds: 0, ...nextGeneration(type, live) },
    });
    return options.dryRun ? marked : this.store.put(type, marked);
  }

  private commit(type: ResourceType, object: KubeObject, options: WriteOptions): KubeObject {
    const released = object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0 && !this.rules.isHeld(type, object);
    if (options.dryRun) return object;
    return released ? this.store.remove(type, object) : this.store.put(type, object);
  }

  private nextState(type: ResourceType, { live, wanted, subresource }: { live: KubeObject; wanted: KubeObject; subresource: string }): KubeObject {
    const managedFields = wanted.metadata.managedFields ?? live.metadata.managedFields;
    const managers = managedFields === undefined ? {} : { managedFields };
    if (subresource === 'status') {
      // Real servers also take labels and annotations of some kinds here; nobody should rely on it, so this one does not.
      return withStatus({ ...live, metadata: { ...live.metadata, ...managers } }, wanted.status);
    }
    const metadata: ObjectMeta = { ...without(wanted.metadata, 'selfLink', 'managedFields', ...serverFields), ...pickServerFields(live.metadata), ...managers };
    // An empty list of managers stays: by it clients ask for the bookkeeping to be forgotten.
    const own = { ...wanted, apiVersion: live.apiVersion, kind: live.kind, metadata: { ...withoutEmpty(metadata), ...managers } };
    const next = this.rules.prepareUpdate(type, { live, updated: type.hasStatus ? withStatus(own, live.status) : own });
    if (!type.hasGeneration || isEqual(withoutKept(next), withoutKept(live))) return next;
    return { ...next, metadata: { ...next.metadata, ...nextGeneration(type, live) } };
  }

  private withName(type: ResourceType, given: KubeObject): KubeObject {
    const { name, generateName } = given.metadata;
    if (name || !generateName) return given;
    let generated: string;
    do generated = `${generateName.slice(0, 58)}${randomSuffix()}`;
    while (this.store.get(type, given.metadata.namespace, generated) !== undefined);
    return { ...given, metadata: { ...given.metadata, name: generated } };
  }

  private withServerFields(type: ResourceType, given: KubeObject): KubeObject {
    const metadata = {
      ...without(given.metadata, 'selfLink', 'resourceVersion', ...serverFields),
      uid: randomUUID(), creationTimestamp: secondsNow(), ...(type.hasGeneration ? { generation: 1 } : {}),
    };
    const object = { ...given, metadata: withoutEmpty(metadata) };
    return type.hasStatus ? withStatus(object, undefined) : object;
  }
}

/** What clients cannot change, whatever they send. */
const serverFields = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

function pickServerFields(metadata: ObjectMeta): Partial<ObjectMeta> {
  return Object.fromEntries(serverFields.filter((field) => metadata[field] !== undefined).map((field) => [field, metadata[field]]));
}

/** Empty maps and lists of metadata are left out, as Go's `omitempty` does. */
function withoutEmpty(metadata: ObjectMeta): ObjectMeta {
  const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => !isEmpty(value))) as unknown as ObjectMeta;
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  return status === undefined ? without(object, 'status') : { ...object, status };
}

const withoutKept = (object: KubeObject): object => without(object, 'metadata', 'status');

const nextGeneration = (type: ResourceType, live: KubeObject): Partial<ObjectMeta> => (type.hasGeneration ? { generation: (live.metadata.generation ?? 0) + 1 } : {});

function checkIdentity(type: ResourceType, wanted: KubeObject, live: KubeObject): void {
  const { name } = live.metadata;
  const { uid, resourceVersion } = wanted.metadata;
  if (uid !== undefined && uid !== '' && uid !== live.metadata.uid) {
    throw conflict(type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== live.metadata.resourceVersion) throw staleWrite(type, name);
}

function refuse(type: ResourceType, live: KubeObject, errors: Parameters<typeof invalid>[2]): void {
  if (errors.length > 0) throw invalid(type, live.metadata.name, errors);
}

/** Whether only the times in managedFields differ: such a write is none, and leaves resourceVersion as it is. */
function isUnchanged(next: KubeObject, live: KubeObject): boolean {
  const timeless = (object: KubeObject): object => ({
    ...object, metadata: { ...object.metadata, managedFields: (object.metadata.managedFields ?? []).map((entry) => without(entry as object, 'time')) },
  });
  return isEqual(timeless(next), timeless(live));
}

/** Times of metadata have whole seconds. */
export const secondsNow = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** No vowels: names never spell words. */
const randomSuffix = (): string => Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** The same writer, which stores nothing. */
export function withoutStoring(writer: ObjectWriter): ObjectWriter {
  const dry = (options: WriteOptions): WriteOptions => ({ ...options, dryRun: true });
  return Object.assign(Object.create(writer) as ObjectWriter, {
    create: (type: ResourceType, given: KubeObject, options: WriteOptions) => writer.create(type, given, dry(options)),
    update: (type: ResourceType, update: Update, options: WriteOptions) => writer.update(type, update, dry(options)),
    delete: (type: ResourceType, live: KubeObject, options: WriteOptions) => writer.delete(type, live, dry(options)),
  });
}
