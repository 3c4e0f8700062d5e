// What the steps of a move do to the cluster: read one Ingress, change it against the version that was read, ask why one waits.
// A change is made anew when somebody else was faster, and never over what was not looked at.

import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeApi } from '../../kubernetes/kube-api.js';
import type { KubeObject } from '../../kubernetes/kube-object.js';
import { listAll } from '../../kubernetes/list-all.js';
import { hasCode } from '../../kubernetes/operational-error.js';
import { events } from '../../kubernetes/resources.js';
import type { MoveWorld } from '../../migration/cut-over.js';
import type { OwnerOf } from '../../migration/move-state.js';
import type { Step } from '../../migration/move-steps.js';
import { type TrafficSource, readTraffic } from '../../migration/read-traffic.js';
import type { ClassPatch } from '../../migration/retarget.js';
import type { IngressWriter } from './with-writer.js';

interface WorldSettings extends Pick<MoveWorld, 'say' | 'step'> {
  ownerOf: OwnerOf;
  /** Undefined: nothing is measured. */
  source: TrafficSource | undefined;
}

/** The world of a command. */
export function moveWorld({ api, read, patchOnce }: IngressWriter, { ownerOf, source, say, step }: WorldSettings): MoveWorld {
  return {
    read, ownerOf, say, step,
    change: (key, make) => patchOnce<'done'>(key, (now) => {
      const next = make(now);
      return isPatch(next) ? next.patch : next;
    }),
    sample: (className) => (source === undefined ? Promise.resolve({ unknown: 'no address of metrics is given' }) : readTraffic(source, className)),
    reasons: (keys) => waitingReasons(api, keys),
    sleep: (ms) => sleep(ms), now: () => performance.now(),
  };
}

function isPatch(step: Step): step is { patch: ClassPatch } {
  return typeof step === 'object' && 'patch' in step;
}

interface StoredEvent extends KubeObject {
  type?: string;
  message?: string;
  lastTimestamp?: string;
  eventTime?: string;
  involvedObject?: { kind?: string; namespace?: string; name?: string };
}

/** The newest warning at each Ingress that the controllers have left, as an Event. */
export async function waitingReasons(api: KubeApi, keys: readonly string[]): Promise<Map<string, string>> {
  const wanted = new Set(keys);
  const newest = new Map<string, StoredEvent>();
  for (const namespace of new Set(keys.map((key) => key.split('/')[0]!))) {
    for (const event of await eventsIn(api, namespace)) {
      const { kind, name } = event.involvedObject ?? {};
      const key = `${namespace}/${name}`;
      const counts = kind === 'Ingress' && wanted.has(key) && event.type === 'Warning';
      if (counts && timeOf(event) >= timeOf(newest.get(key))) newest.set(key, event);
    }
  }
  return new Map([...newest].map(([key, { message = '' }]) => [key, message]));
}

/** None where they may not be read. */
async function eventsIn(api: KubeApi, namespace: string): Promise<StoredEvent[]> {
  try {
    const { objects } = await listAll({ api, selection: { resource: events, namespace }, signal: new AbortController().signal, keep: (object) => object });
    return [...objects.values()] as StoredEvent[];
  } catch (error) {
    if (!hasCode(error, 'forbidden')) throw error;
    return [];
  }
}

function timeOf(event: StoredEvent | undefined): string {
  return event?.lastTimestamp ?? event?.eventTime ?? '';
}
