// Who holds a class's claim, as far as it is known. It judges no clock but for display: whether a claim has ended is for its
// standbys to find out.

import type { Facts } from './facts.js';

export type Holder =
  /** Files do not tell; or the Leases may not be read. */
  | { state: 'unknown'; because: 'files' | 'forbidden' }
  | { state: 'nobody' }
  | { state: 'held'; by: string; epoch: number }
  /** The holder has shown no sign of life for longer than its Lease lasts. */
  | { state: 'silent'; by: string; epoch: number; silentMs: number };

/** The holder of a class. */
export function holderOf({ leases, fromFiles }: Pick<Facts, 'leases' | 'fromFiles'>, className: string): Holder {
  if (leases === undefined) return { state: 'unknown', because: fromFiles ? 'files' : 'forbidden' };
  const lease = leases.get(className);
  if (lease === undefined || lease.holder === '') return { state: 'nobody' };
  const held = { by: lease.holder, epoch: lease.epoch };
  const isSilent = lease.ageMs !== undefined && lease.ageMs > lease.durationMs;
  return isSilent ? { state: 'silent', ...held, silentMs: lease.ageMs! } : { state: 'held', ...held };
}
