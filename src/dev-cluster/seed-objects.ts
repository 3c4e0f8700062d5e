// The store as tests and `dev` use it in the same process: the same rules as over HTTP, without the wire.
// What it returns are copies: changing them changes nothing in the server.
import type { KubeObject, ResourceType } from './resources.js';
import { resourceTypes } from './resources.js';
import { apiVersionOf } from './answer.js';
import { copyOf } from './field-access.js';
import { storedFrom, viewOf } from './event-views.js';
import { readObject } from './decode-body.js';
import type { ServerContext } from './server-context.js';

export interface ObjectId { apiVersion: string; kind: string; namespace?: string; name: string }
export interface KindId { apiVersion: string; kind: string; namespace?: string }

export interface SeedStore {
  create(object: KubeObject): KubeObject;
  get(id: ObjectId): KubeObject | undefined;
  list(id: KindId): KubeObject[];
  update(object: KubeObject): KubeObject;
  updateStatus(object: KubeObject): KubeObject;
  /** True when it was there. */
  delete(id: ObjectId): boolean;
  /** Forgets all recent changes, as a real server's compaction does: older resourceVersions then answer 410. */
  compact(): void;
  readonly resourceVersion: string;
}

export function createSeedStore({ store, writer, remover }: ServerContext): SeedStore {
  const options = { manager: 'seed', dryRun: false };
  const read = (object: KubeObject): { type: ResourceType; stored: KubeObject } => {
    const type = typeOf(object);
    // Reading makes a copy, except of the parts that are kept as they come.
    const { object: copy } = readObject(type, hasOpaqueParts(type) ? copyOf(object) : object);
    if (type.namespaced) copy.metadata.namespace ??= 'default';
    return { type, stored: storedFrom(type, copy) };
  };
  const show = (type: ResourceType, stored: KubeObject): KubeObject => copyOf(viewOf(type, stored));
  const update = (object: KubeObject, subresource: '' | 'status'): KubeObject => {
    const { type, stored } = read(object);
    const { namespace, name } = stored.metadata;
    const updated = writer.update(type, { namespace, name, subresource, change: () => stored, replaces: true }, options);
    remover.finishNamespace(namespace, options);
    return show(type, updated);
  };
  return {
    create: (object) => {
      const { type, stored } = read(object);
      return show(type, writer.create(type, stored, options));
    },
    get: (id) => {
      const found = store.get(typeOf(id), namespaceOf(id), id.name);
      return found === undefined ? undefined : show(typeOf(id), found);
    },
    list: (id) => {
      const type = typeOf(id);
      const stored = store.list(type);
      const prefix = id.namespace === undefined ? '' : `${id.namespace}/`;
      return stored.keys.filter((key) => key.startsWith(prefix)).map((key) => show(type, stored.at(key)!));
    },
    update: (object) => update(object, ''),
    updateStatus: (object) => update(object, 'status'),
    delete: (id) => {
      const ref = { namespace: namespaceOf(id), name: id.name };
      if (store.get(typeOf(id), ref.namespace, ref.name) === undefined) return false;
      remover.delete(typeOf(id), ref, { preconditions: {}, options });
      return true;
    },
    compact: () => store.compact(),
    get resourceVersion() { return String(store.revision); },
  };
}

/** Kinds of which some parts are kept as they come. */
const hasOpaqueParts = ({ group }: ResourceType): boolean => !['', 'events.k8s.io', 'discovery.k8s.io', 'networking.k8s.io', 'coordination.k8s.io'].includes(group);

function typeOf({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceType {
  const type = resourceTypes.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
  if (type === undefined) throw new Error(`${kind} of ${apiVersion} is not served by the dev cluster`);
  return type;
}

const namespaceOf = (id: ObjectId): string | undefined => (typeOf(id).namespaced ? id.namespace ?? 'default' : undefined);
