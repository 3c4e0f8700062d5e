// The objects of one kind, kept by key, changed only by whole lists and by watch events that are newer than what is kept.
// It decides what a list or an event changes; it never asks the API and never forgets anything on its own.
import { inSlices } from './in-slices.js';
import type { KubeObject } from './kube-object.js';
import { objectKey } from './kube-object.js';
import { isNewer } from './resource-version.js';

export interface Change {
  type: 'set' | 'delete';
  /** 'ns/name', or 'name' for cluster-scoped objects. */
  key: string;
  /** The object after a set, the last known one after a delete. */
  object: KubeObject;
  previous?: KubeObject;
}

export interface ReplacePlan {
  objects: Map<string, KubeObject>;
  changes: Change[];
  /** Objects whose key is gone; a recreated one under the same name is not among them. */
  vanished: number;
  /** The history was set back: nothing that was known about versions counts any more. */
  forced: boolean;
}

const KEEP_TOMBSTONES = 4096;

export class ObjectStore {
  private objects = new Map<string, KubeObject>();
  /** Versions at which objects went, by UID: a late event must not bring one back. */
  private readonly tombstones = new Map<string, string>();

  get(key: string): KubeObject | undefined { return this.objects.get(key); }
  list(): KubeObject[] { return [...this.objects.values()]; }
  entries(): IterableIterator<[string, KubeObject]> { return this.objects.entries(); }
  get size(): number { return this.objects.size; }
  wasDeleted(uid: string): boolean { return this.tombstones.has(uid); }

  /**
   * What a whole list changes. `force` also accepts older versions: the history itself was set back. In slices, so
   * neither the store nor the list may change until it is done.
   */
  async planReplace(listed: Map<string, KubeObject>, force: boolean): Promise<ReplacePlan> {
    const changes: Change[] = [];
    let vanished = 0;
    await inSlices(this.objects, ([key, object]) => {
      const next = listed.get(key);
      if (next?.metadata.uid === object.metadata.uid) return;
      changes.push({ type: 'delete', key, object });
      if (next === undefined) vanished += 1;
    });
    await inSlices(listed, ([key, object]) => {
      const kept = this.objects.get(key);
      if (kept === object) return;
      if (kept?.metadata.uid !== object.metadata.uid) {
        changes.push({ type: 'set', key, object });
      } else if (force ? versionOf(object) !== versionOf(kept!) : isNewer(versionOf(object), versionOf(kept!))) {
        changes.push({ type: 'set', key, object, previous: kept! });
      } else {
        listed.set(key, kept!);
      }
    });
    return { objects: listed, changes, vanished, forced: force };
  }

  replace(plan: ReplacePlan): void {
    this.objects = plan.objects;
    if (plan.forced) this.tombstones.clear();
    for (const { type, object } of plan.changes) {
      if (type === 'delete' && !plan.forced) this.bury(object, versionOf(object));
      else if (type === 'set' && this.tombstones.size > 0) this.tombstones.delete(object.metadata.uid!);
    }
  }

  /** Applies one event; the changes it made, none when it is older than what is known. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): Change[] {
    const key = objectKey(object.metadata);
    const kept = this.objects.get(key);
    if (type === 'DELETED') return this.applyDelete(key, object, kept);
    const uid = object.metadata.uid!;
    const buried = this.tombstones.get(uid);
    if (buried !== undefined && !isNewer(versionOf(object), buried)) return [];
    if (kept !== undefined && !isNewer(versionOf(object), versionOf(kept))) return [];
    this.tombstones.delete(uid);
    this.objects.set(key, object);
    if (kept === undefined) return [{ type: 'set', key, object }];
    if (kept.metadata.uid === uid) return [{ type: 'set', key, object, previous: kept }];
    this.bury(kept, versionOf(kept));
    return [{ type: 'delete', key, object: kept }, { type: 'set', key, object }];
  }

  private applyDelete(key: string, object: KubeObject, kept: KubeObject | undefined): Change[] {
    // The name may be taken by a successor already; and the object may not have been seen at all.
    if (kept?.metadata.uid !== object.metadata.uid) {
      if (kept === undefined) this.bury(object, versionOf(object));
      return [];
    }
    if (isNewer(versionOf(kept!), versionOf(object))) return [];
    this.objects.delete(key);
    this.bury(object, versionOf(object));
    return [{ type: 'delete', key, object: kept! }];
  }

  private bury(object: KubeObject, version: string): void {
    this.tombstones.set(object.metadata.uid!, version);
    if (this.tombstones.size > KEEP_TOMBSTONES) this.tombstones.delete(this.tombstones.keys().next().value!);
  }
}

function versionOf(object: KubeObject): string {
  return object.metadata.resourceVersion!;
}
