// Says in a claim's Lease that this process waits for it, so that people and other installations see who would take over. The
// holder takes out what is no longer true. It never touches the claim itself: a standby that can't say so waits all the same.

import { createHash } from 'node:crypto';
import type { Log } from './controller.js';
import type { HeldClaim } from './hold-claim.js';
import { type ReadStandby, standbyAnnotation } from '../core/standby-record.js';
import { type Clock, monotonicClock } from '../kubernetes/clock.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import type { KubeObject } from '../kubernetes/kube-object.js';
import { readLease } from '../kubernetes/lease-record.js';
import { hasCode } from '../kubernetes/operational-error.js';
import { leases } from '../kubernetes/resources.js';

export interface StandbyOptions {
  api: Pick<KubeApi, 'patch'>;
  identity: string;
  /** Name of the installation. */
  installation: string;
  log: Log;
  clock?: Clock;
}

export interface StandbyAnnouncer {
  /** Takes an own Lease as it is now. The holder renews often, so no other timer is needed. */
  take(held: HeldClaim, lease: KubeObject, standbys: readonly ReadStandby[]): void;
  /** Takes back what was said. */
  stop(): Promise<void>;
}

const SAY_EVERY_MS = 60_000;
const FORGET_AFTER_MS = 150_000;
const PATCH_MS = 2000;

/** Announces one process at all Leases that it is given. */
export function announceStandby(options: StandbyOptions): StandbyAnnouncer {
  const { api, identity, installation, log, clock = monotonicClock } = options;
  const mark = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  const { key } = standbyAnnotation(mark, { identity, installation }, 0);
  const saidAt = new Map<string, number>();
  const seenAt = new Map<string, number>();
  let beat = 0;
  let stopped = false;
  let refused = false;
  const write = async ({ elector }: HeldClaim, { metadata: { namespace = '' } }: KubeObject, annotations: Record<string, string | null>): Promise<void> => {
    try {
      await api.patch({ resource: leases, namespace, name: elector.name }, { metadata: { annotations } }, { timeoutMs: PATCH_MS });
    } catch (error) {
      // The claim works without; whatever else went wrong is tried again.
      if (hasCode(error, 'forbidden') && !refused) log('info', `standbys are not shown: ${error.message}`);
      refused ||= hasCode(error, 'forbidden');
    }
  };
  const last = new Map<HeldClaim, KubeObject>();

  return {
    take(held, lease, standbys) {
      if (stopped || refused) return;
      const now = clock.now();
      if (held.elector.isHolder()) {
        last.delete(held);
        const gone = standbys.filter((one) => one.key === key || isSilent(seenAt, `${held.elector.name} ${one.key} ${one.text}`, now));
        if (gone.length > 0) void write(held, lease, Object.fromEntries(gone.map((one) => [one.key, null])));
        return;
      }
      const shown = standbys.some((one) => one.key === key);
      if (readLease(lease).holder === '' || (shown && now - (saidAt.get(held.elector.name) ?? Number.NEGATIVE_INFINITY) < SAY_EVERY_MS)) return;
      // A Lease is seen several times before the patch comes back.
      if (!shown && now - (saidAt.get(held.elector.name) ?? Number.NEGATIVE_INFINITY) < PATCH_MS) return;
      saidAt.set(held.elector.name, now);
      last.set(held, lease);
      const said = standbyAnnotation(mark, { identity, installation }, beat += 1);
      void write(held, lease, { [said.key]: said.text });
    },
    async stop() {
      stopped = true;
      await Promise.all([...last].filter(([{ elector }]) => !elector.isHolder()).map(([held, lease]) => write(held, lease, { [key]: null })));
    },
  };
}

/** Whether this text has been there for so long that whoever wrote it is gone. */
function isSilent(seenAt: Map<string, number>, what: string, now: number): boolean {
  const since = seenAt.get(what);
  if (since === undefined) seenAt.set(what, now);
  // A living standby writes another text each minute, so old texts pile up slowly; only what is not seen for long goes.
  for (const [text, at] of seenAt) if (now - at > 4 * FORGET_AFTER_MS) seenAt.delete(text);
  return since !== undefined && now - since > FORGET_AFTER_MS;
}
