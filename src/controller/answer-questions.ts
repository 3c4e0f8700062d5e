// Tells the arbiter what its hand-overs depend on and the engines know: whether they have what a class is to serve, and
// whether the class that drains still gets requests. Only for classes whose claim is held here: others are not asked. What was
// answered is asked again when the question is another one, or when the engines have said something that it depends on.

import type { EnginePresence } from './engine-presence.js';
import type { EngineTraffic } from './engine-traffic.js';
import type { Arbiter, HandOverQuestion } from '../core/arbiter.js';
import { mostObserved } from '../core/stream-protocol.js';
import type { ServedFact, TrafficFact } from '../core/hand-over/memory.js';

/** A claim, as far as it is asked here. `sign`: another one whenever an answer of it may be another one. */
export interface AskedClaim {
  claim: { class: string };
  elector: { isHolder(): boolean };
  fanOut: { lacks(keys: Iterable<string>): string | undefined; sign(): string };
  traffic: Pick<EngineTraffic, 'watch' | 'factOf' | 'sign'>;
  presence: Pick<EnginePresence, 'gap'>;
}

type Served = HandOverQuestion & { of: 'served' };
type Traffic = HandOverQuestion & { of: 'traffic' };

/** What is asked of one claim, by Ingress, and the signs under which all of it was answered last. */
interface Asked {
  one: AskedClaim;
  served: Map<string, Served>;
  traffic: Map<string, Traffic>;
  servedSign: string | undefined;
  trafficSign: string | undefined;
  /** Since when each is served without a break, so that the same answer is the same fact. */
  since: Map<string, number>;
}

/**
 * Returns what is to be called before a decision, and after what it has changed was published; true: something is new.
 * `changed`: Ingresses that may be asked about otherwise than at the last call.
 */
export function answerQuestions(arbiter: Pick<Arbiter, 'questions' | 'takeServed' | 'takeTraffic'>, held: readonly AskedClaim[], now: () => number): (changed?: Iterable<string>) => boolean {
  const all = held.map((one): Asked => ({ one, served: new Map(), traffic: new Map(), servedSign: undefined, trafficSign: undefined, since: new Map() }));
  return (changed = []) => {
    const keys = new Set(changed);
    let news = false;
    for (const asked of all) {
      const { one: { claim, elector, traffic }, since } = asked;
      const fresh = takeQuestions(asked, keys, arbiter.questions);
      if (!elector.isHolder()) {
        Object.assign(asked, { servedSign: undefined, trafficSign: undefined });
        since.clear();
        traffic.watch([]);
        continue;
      }
      for (const question of dueServed(asked, fresh)) {
        const { ingress } = question;
        const fact = servedOf(asked.one, question, since.get(ingress) ?? now());
        if (fact !== undefined && 'since' in fact) since.set(ingress, fact.since);
        else since.delete(ingress);
        news = arbiter.takeServed(claim.class, ingress, fact) || news;
      }
      for (const { question, place } of dueTraffic(asked, fresh)) news = arbiter.takeTraffic(claim.class, question.ingress, trafficOf(asked.one, question, place)) || news;
    }
    return news;
  };
}

/** Returns the Ingresses that the claim is asked about anew, or not any more. */
function takeQuestions({ one, served, traffic, since }: Asked, keys: ReadonlySet<string>, questions: Arbiter['questions']): Set<string> {
  const fresh = new Set<string>();
  for (const key of keys) {
    const mine = (questions.get(key) ?? []).filter((question) => question.class === one.claim.class);
    const [ofServed, ofTraffic] = [mine.find(isServed), mine.find(isTraffic)];
    if (mine.length > 0 || served.has(key) || traffic.has(key)) fresh.add(key);
    if (ofServed === undefined) {
      served.delete(key);
      since.delete(key);
    } else served.set(key, ofServed);
    if (ofTraffic === undefined) traffic.delete(key);
    else traffic.set(key, ofTraffic);
  }
  return fresh;
}

function isServed(question: HandOverQuestion): question is Served {
  return question.of === 'served';
}

function isTraffic(question: HandOverQuestion): question is Traffic {
  return question.of === 'traffic';
}

function dueServed(asked: Asked, fresh: ReadonlySet<string>): Served[] {
  const { one: { presence, fanOut }, served, servedSign } = asked;
  asked.servedSign = `${signOf(presence)} ${fanOut.sign()}`;
  return asked.servedSign === servedSign ? [...fresh].flatMap((key) => served.get(key) ?? []) : [...served.values()];
}

/** `place`: among all that are asked for, of which engines take a bounded list. */
function dueTraffic(asked: Asked, fresh: ReadonlySet<string>): { question: Traffic; place: number }[] {
  const { one: { presence, traffic: engines }, traffic, trafficSign } = asked;
  if (fresh.size > 0 || trafficSign === undefined) engines.watch([...traffic.keys()]);
  asked.trafficSign = `${signOf(presence)} ${engines.sign()}`;
  // With more than engines take, one that is through makes room for another one.
  if (asked.trafficSign !== trafficSign || traffic.size >= mostObserved) return [...traffic.values()].map((question, at) => ({ question, place: at + 1 }));
  return [...fresh].flatMap((key) => traffic.get(key) ?? []).map((question) => ({ question, place: 1 }));
}

function signOf(presence: AskedClaim['presence']): string {
  const gap = presence.gap();
  return gap === undefined ? 'none' : `gap ${gap.because}`;
}

/** Undefined: not known yet. What those who listen have says nothing of one that does not. */
function servedOf({ presence, fanOut }: AskedClaim, { entries }: Served, since: number): ServedFact | undefined {
  const gap = presence.gap();
  if (gap !== undefined) return gap.because === undefined ? undefined : { waiting: gap.because };
  const waiting = fanOut.lacks(entries);
  return waiting === undefined ? { since } : { waiting };
}

function trafficOf({ presence, traffic }: AskedClaim, { ingress, quietMs }: Traffic, place: number): TrafficFact | undefined {
  const gap = presence.gap();
  if (gap !== undefined) return gap.because === undefined ? undefined : { unknown: gap.because };
  if (place > mostObserved) return { unknown: `more than ${mostObserved} Ingresses of the class drain at once, and its turn has not come` };
  return traffic.factOf(ingress, quietMs);
}
