// Brings wanted statuses to the API: each in the name of a class, and only while the claim of that class is held here.

import type { HeldClaim } from './hold-claim.js';
import type { ControllerOptions } from './controller.js';
import type { Arbiter } from '../core/arbiter.js';
import type { Ingress } from '../core/kubernetes-objects.js';
import { isSameForStatus } from '../core/plan-status.js';
import type { KubeObject } from '../kubernetes/kube-object.js';
import type { LeaseElector } from '../kubernetes/lease.js';
import { startStatusWriter } from '../kubernetes/status-writer.js';

export interface Statuses {
  /** What is wanted now, of the Ingresses of which something else may be wanted than before. */
  bring(changed: Iterable<string>): void;
  /** Final. No status is changed because of it. */
  stop(): Promise<void>;
}

interface Around {
  held: readonly HeldClaim[];
  arbiter: Arbiter;
  /** The Ingress as it is now, by `namespace/name`. */
  find: (ingress: string) => KubeObject | undefined;
}

/** A burst is this many seconds' worth of writes. */
const BURST_SECONDS = 4;

export function startStatuses({ api, metrics, log, statusWritesPerSecond: perSecond = 5 }: Pick<ControllerOptions, 'api' | 'metrics' | 'log' | 'statusWritesPerSecond'>, { held, arbiter, find }: Around): Statuses {
  const { statusWrites, plans } = arbiter;
  const classOf = (key: string): string | undefined => statusWrites.get(key)?.class ?? plans.get(key)?.ownership.owner;
  const electorOf = ({ metadata }: KubeObject): LeaseElector | undefined =>
    held.find(({ claim }) => !claim.observe && claim.class === classOf(`${metadata.namespace}/${metadata.name}`))?.elector;
  /** Wanted, and not written because the claim was not held at its turn: whoever holds it now may write it. */
  const fenced = new Set<string>();
  const writer = startStatusWriter({
    api, perSecond, burst: BURST_SECONDS * perSecond,
    mayWrite: (ingress) => electorOf(ingress)?.isHolder() ?? false,
    remainingMs: (ingress) => electorOf(ingress)?.remainingMs() ?? 0,
    isSame: (decided, now) => isSameForStatus(decided as unknown as Ingress, now as unknown as Ingress),
    onResult: ({ key, result, error }) => {
      if (result === 'not-holder') fenced.add(key);
      metrics.add('statusWrites', [classOf(key) ?? '', result]);
      if (result === 'failed') log('warn', `status of Ingress ${key}: ${error?.message ?? 'not written'}`);
    },
  });
  return {
    bring(changed) {
      const keys = new Set([...fenced, ...changed]);
      fenced.clear();
      for (const key of keys) {
        const [write, object] = [statusWrites.get(key), find(key)];
        if (write === undefined || object === undefined) writer.forget(key);
        else writer.want(object, [...write.addresses], write.instead && [...write.instead]);
      }
    },
    stop: () => writer.stop(),
  };
}
