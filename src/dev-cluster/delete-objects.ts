// Deletes one object or a collection, with preconditions, and empties a namespace before it goes.
import type { KubeObject, ResourceType } from './resources.js';
import type { KindRules } from './kind-rules.js';
import { namespaceType } from './kind-rules.js';
import type { ObjectStore } from './object-store.js';
import type { ObjectRef, ObjectWriter, WriteOptions } from './object-writer.js';
import { conflict, forbidden, notFound } from './status-error.js';

export interface Preconditions { uid?: string; resourceVersion?: string }

/** A real server never lets these go. */
const immortalNamespaces = ['default', 'kube-system', 'kube-public'];

export class ObjectRemover {
  constructor(private readonly store: ObjectStore, private readonly writer: ObjectWriter, private readonly rules: KindRules) {}

  /** `left` is undefined when the object is gone at once. */
  delete(type: ResourceType, ref: ObjectRef, request: { preconditions: Preconditions; options: WriteOptions }): { live: KubeObject; left: KubeObject | undefined } {
    const live = this.store.get(type, ref.namespace, ref.name);
    if (live === undefined) throw notFound(type, ref.name);
    check(type, live, request.preconditions);
    if (type.kind === 'Namespace' && immortalNamespaces.includes(ref.name)) throw forbidden(type, ref.name, 'this namespace may not be deleted');
    const left = this.writer.delete(type, live, request.options);
    if (type.kind === 'Namespace' && left !== undefined && !request.options.dryRun) this.emptyNamespace(ref.name, request.options);
    else this.finishNamespace(ref.namespace, request.options);
    return { live, left };
  }

  /** Called after a write that may have removed the last thing that held a namespace. */
  finishNamespace(name: string | undefined, options: WriteOptions): void {
    const namespace = name === undefined ? undefined : this.store.get(namespaceType, undefined, name);
    if (namespace?.metadata.deletionTimestamp === undefined || options.dryRun) return;
    this.writer.delete(namespaceType, namespace, options);
  }

  private emptyNamespace(name: string, options: WriteOptions): void {
    for (const { type, object } of this.rules.contents(name)) this.writer.delete(type, object, options);
    this.finishNamespace(name, options);
  }
}

function check(type: ResourceType, live: KubeObject, { uid, resourceVersion }: Preconditions): void {
  const { name } = live.metadata;
  if (uid !== undefined && uid !== live.metadata.uid) {
    throw conflict(type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
    throw conflict(type, name, `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${live.metadata.resourceVersion}`);
  }
}
