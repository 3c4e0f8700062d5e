// Tells the arbiter what its hand-overs depend on and the engines know: whether they have what a class is to serve, and
// whether the class that drains still gets requests. Only for classes whose claim is held here: others are not asked.

import type { HeldClaim } from './hold-claim.js';
import type { Arbiter } from '../core/arbiter.js';
import type { ServedFact } from '../core/hand-over/memory.js';

/** Returns what is to be called before a decision, and after what it has changed was published; true: something is new. */
export function answerQuestions(arbiter: Arbiter, held: readonly HeldClaim[], now: () => number): () => boolean {
  /** Since when each is served without a break, so that the same answer is the same fact. */
  let servedSince = new Map<string, number>();
  return () => {
    let news = false;
    const watched = new Map<HeldClaim, string[]>(held.map((one) => [one, []]));
    const still = new Map<string, number>();
    for (const question of arbiter.questions()) {
      const { class: className, ingress } = question;
      const claim = held.find((one) => one.claim.class === className)!;
      if (!claim.elector.isHolder()) continue;
      if (question.of === 'traffic') {
        watched.get(claim)!.push(ingress);
        news = arbiter.takeTraffic(className, ingress, claim.traffic.factOf(ingress, question.quietMs)) || news;
        continue;
      }
      const waiting = claim.fanOut.lacks(question.entries);
      const id = `${className} ${ingress}`;
      const since = servedSince.get(id) ?? now();
      if (waiting === undefined) still.set(id, since);
      const fact: ServedFact = waiting === undefined ? { since } : { waiting };
      news = arbiter.takeServed(className, ingress, fact) || news;
    }
    servedSince = still;
    for (const [{ traffic }, ingresses] of watched) traffic.watch(ingresses);
    return news;
  };
}
