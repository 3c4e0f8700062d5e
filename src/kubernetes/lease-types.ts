// What an elector is asked for, and what it tells about the claim that it holds or waits for.
import type { Clock } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { LeaseMarks } from './lease-record.js';
import type { OperationalError } from './operational-error.js';

/** `superseded`: the Lease shows another holder. `epoch-raised`: still ours, under a new epoch. */
export type LostReason = 'renew-deadline' | 'superseded' | 'released' | 'epoch-raised';

export interface LeaseElectorOptions {
  api: Pick<KubeApi, 'get' | 'create' | 'replace'>;
  namespace: string;
  name: string;
  /** Must differ between any two processes, also between two lives of one pod. */
  identity: string;
  /** Written with the claim, beside what others keep in the Lease's metadata. */
  marks?: LeaseMarks;
  onAcquired: (epoch: number) => void;
  /** Called before the reason can do harm: when it returns, nothing more may be written. */
  onLost: (reason: LostReason) => void;
  /** '' when nobody holds it. */
  onHolder?: (holder: string) => void;
  onFault?: (error: OperationalError) => void;
  clock?: Clock;
  random?: () => number;
  /** Only for the times that people read in the Lease. */
  wallClock?: () => Date;
  leaseMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

export interface LeaseElector {
  readonly name: string;
  /** True only while the claim is certain: asks the clock at the time of the call, so a frozen process wakes up without it. */
  isHolder(): boolean;
  /** How long isHolder() can stay true without a renewal; 0 when it is false. */
  remainingMs(): number;
  /** The epoch of the claim while it is held. */
  readonly epoch: number | undefined;
  /** Who holds it, as last seen; '' when nobody does, undefined before the first look. */
  readonly holder: string | undefined;
  /** The version of the Lease that the API has given to the last renewal of the claim that is held. */
  readonly renewed: string | undefined;
  /** Looks at the Lease now instead of at the next turn, for whoever saw it change on a watch. */
  poke(): void;
  /** Never again an epoch below this: somebody downstream has seen it already (a Lease that was deleted starts over). */
  raiseEpoch(atLeast: number): void;
  /** Stops for good; hands the claim back when it is held. Resolves when no request is open. */
  release(): Promise<void>;
}
