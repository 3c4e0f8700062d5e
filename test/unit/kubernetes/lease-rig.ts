// One Lease in memory and electors around it, on a clock that only moves when told; all hand back when a test ends.
import type { LeaseElector, LeaseElectorOptions } from '../../../src/kubernetes/lease.js';
import { startLeaseElector } from '../../../src/kubernetes/lease.js';
import { FakeClock } from '../../fixtures/fake-clock.js';
import type { Link } from './memory-lease-api.js';
import { MemoryLease } from './memory-lease-api.js';

export interface Candidate {
  elector: LeaseElector;
  /** `acquired <epoch>` and `lost <reason>`, in order. */
  log: string[];
}

export interface LeaseRig {
  readonly clock: FakeClock;
  readonly lease: MemoryLease;
  candidate(identity: string, link?: Link, extra?: Partial<LeaseElectorOptions>): Candidate;
}

/** A fresh clock and Lease for each test of the suite that calls it. */
export function useLeaseRig(): LeaseRig {
  let clock = new FakeClock();
  let lease = new MemoryLease(clock);
  let started: LeaseElector[] = [];
  beforeEach(() => {
    clock = new FakeClock();
    lease = new MemoryLease(clock);
    started = [];
  });
  afterEach(async () => {
    const ends = started.map((elector) => elector.release());
    await clock.advance(30_000);
    await Promise.all(ends);
  });
  return {
    get clock() { return clock; },
    get lease() { return lease; },
    candidate(identity, link = {}, extra = {}) {
      const log: string[] = [];
      const elector = startLeaseElector({
        api: lease.api(link), namespace: 'arbiter', name: 'blue', identity, clock, random: () => 0.5,
        wallClock: () => new Date(1_700_000_000_000 + clock.now()),
        onAcquired: (epoch) => log.push(`acquired ${epoch}`), onLost: (reason) => log.push(`lost ${reason}`), ...extra,
      });
      started.push(elector);
      return { elector, log };
    },
  };
}
