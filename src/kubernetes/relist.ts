// Gets a list that may replace what is known. A list from the past is refused, and one that would empty the store has to
// be confirmed by the servers' majority first: a wrong list must not become a mass withdrawal of routes.
import type { Clock } from './clock.js';
import { sleep } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import { stripBulk } from './kube-object.js';
import type { WholeList } from './list-all.js';
import { listAll } from './list-all.js';
import type { ObjectStore, ReplacePlan } from './object-store.js';
import { OperationalError, hasCode } from './operational-error.js';
import type { Selection } from './resource-path.js';
import { isNewer } from './resource-version.js';

const CONFIRM_MS = 2000;
const BRAKE_AT_LEAST = 10;
const BRAKE_SHARE = 0.5;
/** After so many majority reads from the past in a row it is the history that was set back (etcd restored). */
const STALE_QUORUM_READS = 4;

export interface RelisterOptions {
  api: Pick<KubeApi, 'listPage'>;
  selection: Selection;
  store: ObjectStore;
  clock: Clock;
  /** Told when a list was refused as stale or held by the brake. */
  onDoubt: (doubt: 'stale' | 'brake') => void;
}

export interface Relist {
  plan: ReplacePlan;
  resourceVersion: string;
}

/** Remembers across attempts whether a version may still be asked for and how often the past came back. */
export class Relister {
  private quorum = false;
  private staleReads = 0;

  constructor(private readonly options: RelisterOptions) {}

  async relist(last: string | undefined, signal: AbortSignal): Promise<Relist> {
    return this.judge(await this.read(this.notOlderThan(last), signal), last, signal);
  }

  /** How new a list has to be, when `last` was seen; undefined when only the newest will do. */
  notOlderThan(last: string | undefined): string | undefined {
    return this.quorum ? undefined : last;
  }

  /** Whether and how this whole list, wherever it came from, may replace what is known. Rejects when it may not. */
  async judge(list: WholeList<KubeObject>, last: string | undefined, signal: AbortSignal): Promise<Relist> {
    const force = this.refuseThePast(list, last);
    let plan = await this.options.store.planReplace(list.objects, force);
    let { resourceVersion } = list;
    if (this.isMassDelete(plan)) {
      this.options.onDoubt('brake');
      await sleep(this.options.clock, CONFIRM_MS, signal);
      signal.throwIfAborted();
      const second = await this.read(undefined, signal);
      if (isNewer(resourceVersion, second.resourceVersion)) throw this.stale(second.resourceVersion, resourceVersion);
      plan = await this.options.store.planReplace(second.objects, force);
      ({ resourceVersion } = second);
    }
    this.quorum = false;
    this.staleReads = 0;
    return { plan, resourceVersion };
  }

  private isMassDelete({ vanished }: ReplacePlan): boolean {
    return vanished >= BRAKE_AT_LEAST && vanished > this.options.store.size * BRAKE_SHARE;
  }

  private async read(notOlderThan: string | undefined, signal: AbortSignal): Promise<WholeList<KubeObject>> {
    const { api, selection } = this.options;
    try {
      return await listAll({
        api, selection, signal,
        ...(notOlderThan === undefined ? {} : { notOlderThan }),
        keep: (object, key) => this.keep(object, key),
      });
    } catch (error) {
      this.learnFrom(error);
      throw error;
    }
  }

  /** What is kept of a listed object: the one that is known already when it has not changed. */
  keep(object: KubeObject, key: string): KubeObject {
    const kept = this.options.store.get(key);
    const same = kept?.metadata.uid === object.metadata.uid && kept?.metadata.resourceVersion === object.metadata.resourceVersion;
    return same ? kept! : stripBulk(object, this.options.selection.resource);
  }

  /** A version that is forgotten at the server, or not reached yet, is not asked for again: next time whatever is newest. */
  learnFrom(error: unknown): void {
    const unusable = hasCode(error, 'gone') || (error instanceof OperationalError && error.reason === 'ResourceVersionTooLarge');
    if (unusable) this.quorum = true;
  }

  /** True when the history itself was set back and everything in the list counts. */
  private refuseThePast(list: WholeList<KubeObject>, last: string | undefined): boolean {
    if (last === undefined || !isNewer(last, list.resourceVersion)) return false;
    this.options.onDoubt('stale');
    if (this.quorum) this.staleReads += 1;
    this.quorum = true;
    if (this.staleReads >= STALE_QUORUM_READS) return true;
    throw this.stale(list.resourceVersion, last);
  }

  private stale(version: string, than: string): OperationalError {
    return new OperationalError('bad-answer',
      `list of ${this.options.selection.resource.plural}: its version ${version} is older than ${than}, which was seen already; what is known stays`);
  }
}
