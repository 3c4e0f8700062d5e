// Tells the arbiter what its hand-overs depend on and the engines know: whether they have what a class is to serve, and
// whether the class that drains still gets requests. Only for classes whose claim is held here: others are not asked.

import type { EnginePresence } from './engine-presence.js';
import type { EngineTraffic } from './engine-traffic.js';
import type { Arbiter, HandOverQuestion } from '../core/arbiter.js';
import { mostObserved } from '../core/stream-protocol.js';
import type { ServedFact, TrafficFact } from '../core/hand-over/memory.js';

/** A claim, as far as it is asked here. */
export interface AskedClaim {
  claim: { class: string };
  elector: { isHolder(): boolean };
  fanOut: { lacks(keys: Iterable<string>): string | undefined };
  traffic: Pick<EngineTraffic, 'watch' | 'factOf'>;
  presence: Pick<EnginePresence, 'gap'>;
}

/** Returns what is to be called before a decision, and after what it has changed was published; true: something is new. */
export function answerQuestions(arbiter: Arbiter, held: readonly AskedClaim[], now: () => number): () => boolean {
  /** Since when each is served without a break, so that the same answer is the same fact. */
  let servedSince = new Map<string, number>();
  return () => {
    let news = false;
    const watched = new Map<AskedClaim, string[]>(held.map((one) => [one, []]));
    const still = new Map<string, number>();
    for (const question of arbiter.questions()) {
      const { class: className, ingress } = question;
      const claim = held.find((one) => one.claim.class === className)!;
      if (!claim.elector.isHolder()) continue;
      if (question.of === 'traffic') {
        const list = watched.get(claim)!;
        list.push(ingress);
        news = arbiter.takeTraffic(className, ingress, trafficOf(claim, question, list.length)) || news;
        continue;
      }
      const id = `${className} ${ingress}`;
      const fact = servedOf(claim, question, servedSince.get(id) ?? now());
      if (fact !== undefined && 'since' in fact) still.set(id, fact.since);
      news = arbiter.takeServed(className, ingress, fact) || news;
    }
    servedSince = still;
    for (const [{ traffic }, ingresses] of watched) traffic.watch(ingresses);
    return news;
  };
}

/** Undefined: not known yet. What those who listen have says nothing of one that does not. */
function servedOf({ presence, fanOut }: AskedClaim, { entries }: HandOverQuestion & { of: 'served' }, since: number): ServedFact | undefined {
  const gap = presence.gap();
  if (gap !== undefined) return gap.because === undefined ? undefined : { waiting: gap.because };
  const waiting = fanOut.lacks(entries);
  return waiting === undefined ? { since } : { waiting };
}

/** `place`: among all that are asked for, of which engines take a bounded list. */
function trafficOf({ presence, traffic }: AskedClaim, { ingress, quietMs }: HandOverQuestion & { of: 'traffic' }, place: number): TrafficFact | undefined {
  const gap = presence.gap();
  if (gap !== undefined) return gap.because === undefined ? undefined : { unknown: gap.because };
  if (place > mostObserved) return { unknown: `more than ${mostObserved} Ingresses of the class drain at once, and its turn has not come` };
  return traffic.factOf(ingress, quietMs);
}
