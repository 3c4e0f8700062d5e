// Why a class does not serve an Ingress that is to be handed over to it, as far as that can be seen in what is decided here;
// and what is told of hand-overs that do not get on. Nothing is changed by it.

import { type ArbiterState, placedOf } from '../arbiter-state.js';
import { type Finding, type FindingKind, finding, quote } from '../finding.js';
import { type HandOver, recordProblem } from './hand-over.js';
import { hasHost, speakingHost } from '../shard.js';
import { factKey } from './memory.js';

/** Findings by which a class serves less of an Ingress than it asks for, because of something else in the class. */
const losing: ReadonlySet<FindingKind> = new Set(['route-taken', 'too-many-routes', 'server-name-taken', 'canary-unused', 'route-taken-by-class', 'planning-failed']);

/** A step of a few milliseconds is not worth a word. */
export const toldAfterMs = 5000;
/** Records are written at a bounded rate: many at once take their time. */
export const unwrittenAfterMs = 30_000;

/** What keeps a class of this process from serving an Ingress, in words; empty: nothing. */
export function blockersOf(state: ArbiterState, key: string, className: string): string[] {
  const { claims, handOvers, classes, budgets, shared } = state;
  const settings = claims.find((claim) => claim.class === className)?.settings;
  if (handOvers.get(key)?.refusing.includes(className) === true) return [`its namespace may not use class ${quote(className)}`];
  if (settings?.closed === true) return [`the settings of class ${quote(className)} are missing`];
  const plan = budgets.get(className)?.planOf(key);
  if (plan === undefined) return [`class ${quote(className)} does not serve it`];
  if (plan.failed !== undefined) return [`in class ${quote(className)} it can not be planned because of a bug of ingress-arbiter`];
  const one = classes.get(className)!;
  const found = [
    ...one.findingsOf(key), ...[...one.entriesOf(key)].flatMap((entry) => shared.findingsOn(className, entry)).filter(({ object }) => object === `Ingress ${key}`),
    ...[budgets.get(className)!.findingOf(key) ?? []].flat(),
  ];
  return found.filter(({ kind }) => kind === 'over-budget' || losing.has(kind)).map(({ message }) => `in class ${quote(className)}, ${message}`);
}

/** The findings about all hand-overs, as they were when each was looked at last: nothing has changed them since. */
export function handOverFindings(state: ArbiterState): Finding[] {
  return [...unreadableFindings(state), ...[...state.told.values()].flat()];
}

/** The findings about one hand-over at `now`. */
export function findingsAbout(state: ArbiterState, key: string, { view, now }: { view: HandOver; now: number }): Finding[] {
  const mine = speaking(state, key);
  return [...refusedFindings(key, view, mine), ...failedFindings(state, key, mine), ...(mine.some((name) => isInvolved(view, name)) ? waitFindings(state, key, { view, now }) : [])];
}

/** Classes of this process that speak for an Ingress: of a class in shares one share does. */
function speaking({ claims, plans }: ArbiterState, key: string): string[] {
  const host = speakingHost(plans.get(key)!.ingress);
  return claims.filter(({ shard }) => hasHost(shard, host)).map((claim) => claim.class);
}

/** Of the others there may be many, and they would all say the same. */
function isInvolved({ record: { from, to }, left, destination }: HandOver, name: string): boolean {
  return from.includes(name) || left.includes(name) || to === name || destination === name;
}

function unreadableFindings({ unreadable, plans }: ArbiterState): Finding[] {
  return [...unreadable].flatMap((key) => {
    const plan = plans.get(key);
    const problem = plan?.speaksFor !== true ? undefined : recordProblem(plan.ingress);
    if (problem === undefined) return [];
    return [finding('hand-over-unreadable', `Ingress ${key}`, `annotation ingress-arbiter.io/hand-over ${problem}; it counts as none. Remove it, or write it as docs/hand-over.md says`)];
  });
}

/** A class that the Ingress is meant for and that turns it away is told of where owners are resolved. */
function refusedFindings(key: string, { refusing, destination }: HandOver, mine: readonly string[]): Finding[] {
  return refusing.filter((name) => name !== destination && mine.includes(name)).map((name) =>
    finding('hand-over-not-allowed', `Ingress ${key}`, `its hand-over record names class ${quote(name)}, which its namespace may not use; that class does not serve it`));
}

/** One that its owner can not plan either is told of where its plan is. */
function failedFindings(state: ArbiterState, key: string, mine: readonly string[]): Finding[] {
  if (state.plans.get(key)?.failed !== undefined) return [];
  const failed = [...placedOf(state, key)].find(([name, plan]) => plan.failed !== undefined && mine.includes(name));
  return failed === undefined ? [] : failed[1].findings.filter(({ kind }) => kind === 'planning-failed');
}

function waitFindings(state: ArbiterState, key: string, { view, now }: { view: HandOver; now: number }): Finding[] {
  const why = waitsFor(state, key, { view, now });
  if (why === undefined) return [];
  const { from, to } = view.record;
  const rest = from.length === 0 || view.phase === 'shadow' ? '' : `; class ${from.map((name) => quote(name)).join(' and ')} goes on serving it`;
  return [finding('hand-over-waits', `Ingress ${key}`, `its hand-over to class ${quote(to)} is ${view.phase} and waits: ${shorten(why)}${rest}`)];
}

function shorten(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

/** Why a hand-over does not get on, told once it has lasted for a moment; undefined when it does. */
function waitsFor(state: ArbiterState, key: string, { view, now }: { view: HandOver; now: number }): string | undefined {
  const { claims, memory } = state;
  const own = (name: string): boolean => claims.some((claim) => claim.class === name);
  const { since, drainsSince, step } = memory.handOvers.get(key)!;
  const { to, from } = view.record;
  if (now - since < toldAfterMs) return undefined;
  if (step !== undefined && now - step.since >= unwrittenAfterMs) return `its record is not written though it should be (${step.name}); the controller's log says why, and it needs the right to patch Ingresses`;
  if (view.phase === 'draining') return drainWaitsFor(state, key, { from, to, drainsSince });
  if (!own(to)) return view.phase === 'shadow' && view.record.servedAt !== undefined ? undefined : notTaken(state, view);
  const fact = memory.served.get(factKey(to, key));
  return blockersOf(state, key, to)[0] ?? (fact !== undefined && 'waiting' in fact ? fact.waiting : undefined);
}

function drainWaitsFor(state: ArbiterState, key: string, { from, to, drainsSince }: Pick<HandOver['record'], 'from' | 'to'> & { drainsSince: number | undefined }): string | undefined {
  const { claims, memory } = state;
  const mine = from.filter((name) => claims.some((claim) => claim.class === name));
  if (mine.length === 0) return abandoned(state, from);
  if (drainsSince === undefined) return `the status still shows the address of class ${mine.map((name) => quote(name)).join(' and ')}, which class ${quote(to)} has to write`;
  const blind = mine.map((name) => ({ name, fact: memory.traffic.get(factKey(name, key)) })).find(({ fact }) => fact !== undefined && 'unknown' in fact);
  return blind === undefined ? undefined : `whether class ${quote(blind.name)} still gets requests for it is not known: ${(blind.fact as { unknown: string }).unknown}`;
}

/** Told by a class that waits for `to`. Whoever holds `to` knows better and says it, but of a shadow it writes no Events. */
function notTaken({ neighbours }: ArbiterState, { record: { to }, phase }: HandOver): string | undefined {
  if (phase === 'shadow') return `class ${quote(to)} does not serve it yet; the log of its controller says why, or nobody holds it (ingress-arbiter classes)`;
  const isHeld = neighbours.some((one) => one.class === to && one.unheld === false);
  return isHeld ? undefined : `class ${quote(to)} has not taken it over yet; see what is said of that class, and who holds it (ingress-arbiter classes)`;
}

/** Nobody but its own controller knows whether a class is still asked: without one it drains for ever. */
function abandoned({ neighbours }: ArbiterState, from: readonly string[]): string | undefined {
  const gone = from.find((name) => neighbours.some((one) => one.class === name && one.unheld === true));
  return gone === undefined ? undefined
    : `class ${quote(gone)} drains, and nobody holds it: start its controller; if that is gone for good, delete its Lease and IngressClass, or end the draining (migrate finish --force)`;
}
