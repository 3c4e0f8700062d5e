// What a list-watch is asked for, what it delivers and what it tells about itself.
import type { Clock } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import type { Change } from './object-store.js';
import type { OperationalError } from './operational-error.js';
import type { Selection } from './resource-path.js';

export type ListWatchState = 'idle' | 'list' | 'watch' | 'backoff' | 'stopped';

/** Why a list was made. `stream`: the watch broke three times at the same version. */
export type RelistReason = 'initial' | 'gone' | 'drift' | 'stream';

export type WatchFault =
  | { kind: 'list' | 'watch' | 'consistency-check'; error: OperationalError }
  /** A change handler threw. The change counts as delivered. */
  | { kind: 'listener'; error: unknown; key: string };

export interface ListWatchOptions extends Selection {
  api: Pick<KubeApi, 'listPage' | 'watch' | 'credentialsChanged'>;
  /** Called for each change in order; should only remember the key. */
  onChange: (change: Change) => void;
  onFault?: (fault: WatchFault) => void;
  /** Ask for lists as the beginning of a watch, where the server has that. True when absent. */
  streamLists?: boolean;
  clock?: Clock;
  random?: () => number;
}

export interface ListWatchCounters {
  relists: Record<RelistReason, number>;
  listFailures: number;
  watchFailures: number;
  reconnects: number;
  events: number;
  /** Lines of a watch that were no event; each ended its watch. */
  droppedLines: number;
  /** Events older than what was known; without effect. */
  staleEvents: number;
  /** Whole lists that came as the beginning of their watch. */
  streamedLists: number;
  staleLists: number;
  massDeleteBrakes: number;
  consistencyChecks: number;
  /** Must stay 0: what the watch had missed and a relist repaired. */
  driftRepairs: number;
  listenerErrors: number;
}

export interface ListWatch {
  readonly state: ListWatchState;
  readonly size: number;
  /** Resolves after the first whole list was delivered; rejects when stopped before. */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  /** On the clock that was passed in: the last event or bookmark, and the last whole list. */
  readonly lastEventAt: number | undefined;
  readonly lastListAt: number | undefined;
  readonly resourceVersion: string | undefined;
  readonly counters: Readonly<ListWatchCounters>;
  get(key: string): KubeObject | undefined;
  list(): KubeObject[];
  /** Ends the open watch as if it had broken, for whoever knows that it is blind. It resumes from the last version. */
  reopen(why: OperationalError): void;
  /** Final. No change is delivered after the call, no request is open after the promise. */
  stop(): Promise<void>;
}

export function newCounters(): ListWatchCounters {
  return {
    relists: { initial: 0, gone: 0, drift: 0, stream: 0 },
    listFailures: 0, watchFailures: 0, reconnects: 0, events: 0, droppedLines: 0, staleEvents: 0,
    streamedLists: 0, staleLists: 0, massDeleteBrakes: 0, consistencyChecks: 0, driftRepairs: 0, listenerErrors: 0,
  };
}
