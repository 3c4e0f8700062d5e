// The plan of a migration: which Ingresses, by which rule each is owned now and then, what will be different, who else would
// take it, in which order and batches, and who else is to know. Decided twice by the core, as it is and as it would be.

import { type Decided, type Facts, decideFacts } from '../core/explain/facts.js';
import type { Ingress } from '../core/kubernetes-objects.js';
import { compareClaims } from '../core/peers/compare-claims.js';
import type { RunningPeer } from '../core/peers/peers.js';
import type { Ownership } from '../core/resolve-owner.js';
import { batchGroups, groupByHost, hostsOf } from './batch-moves.js';
import { compareIngress } from './compare-routes.js';
import type { Difference } from './difference.js';
import { type Neighbour, type NeighbourObject, nameNeighbours } from './name-neighbours.js';
import { type ClassPatch, type NamingPlace, classNamesOf, patched, retargetPatch } from './retarget.js';
import { type Selection, selectIngresses } from './select-ingresses.js';

export interface PlanRequest {
  selection: Selection;
  /** A class that is claimed. */
  to: string;
  place: NamingPlace;
  /** Ingresses in a batch. */
  batchSize: number;
  running: readonly RunningPeer[];
  objects: readonly NeighbourObject[];
}

export type Decision = Pick<Ownership, 'owner' | 'rule' | 'reference'>;

export interface Move {
  ingress: string;
  now: Decision;
  then: Decision;
  differences: Difference[];
  /** The change itself, without a version. */
  patch: ClassPatch;
}

export interface LeftIngress {
  ingress: string;
  why: string;
}

export interface MigrationPlan {
  to: string;
  /** In the order in which they are moved. */
  moves: Move[];
  /** Keys, batch by batch. */
  batches: string[][];
  /** Selected and not moved. */
  left: LeftIngress[];
  /** Ingresses that stay and are served otherwise all the same. */
  affected: Neighbour[];
  neighbours: Neighbour[];
}

/** Plans the move of the selected Ingresses. What the target would not take is left, and the rest planned without it. */
export function planMigration(now: Decided, request: PlanRequest): MigrationPlan {
  const { to, place, selection } = request;
  const selected = selectIngresses(now.plans, selection);
  const left: LeftIngress[] = [];
  const wanted: string[] = [];
  for (const key of selected) {
    const why = whyLeft(now, key, to);
    if (why === undefined) wanted.push(key);
    else left.push({ ingress: key, why });
  }
  const patches = new Map(wanted.map((key) => [key, retargetPatch(now.snapshot.ingresses.get(key)!, to, place)]));
  const first = decideWith(now, patches);
  for (const key of wanted) {
    const { ownership } = first.plans.get(key)!;
    if (ownership.owner === to) continue;
    left.push({ ingress: key, why: `class ${to} would not take it [rule ${ownership.rule}]` });
    patches.delete(key);
  }
  const then = patches.size === wanted.length ? first : decideWith(now, patches);
  const takers = newTakers(now, then, request.running);
  const groups = groupByHost(new Map([...patches.keys()].map((key) => [key, now.snapshot.ingresses.get(key)!])));
  const moves = groups.flat().map((key): Move => ({
    ingress: key, now: decisionOf(now, key), then: decisionOf(then, key), patch: patches.get(key)!,
    differences: [...compareIngress(now, then, key), ...(takers.get(key) ?? [])],
  }));
  const formerNames = new Set([...patches.keys()].flatMap((key) => Object.values(classNamesOf(now.snapshot.ingresses.get(key)!)) as string[]));
  const moving = [...patches.keys()];
  const neighbours = nameNeighbours({ plans: now.plans, selection, moving, to, objects: request.objects, formerNames });
  return { to, moves, batches: batchGroups(groups, request.batchSize), left, affected: affectedIngresses(now, then, moving), neighbours };
}

function whyLeft({ plans }: Decided, key: string, to: string): string | undefined {
  const { owner, rule } = plans.get(key)!.ownership;
  if (owner === to) return `class ${to} has it already`;
  return owner === undefined ? `nobody here owns it now [rule ${rule}], so there is nothing to hand over` : undefined;
}

/** Ingresses that stay where they are and are served otherwise all the same: they share a host with one that moves. */
function affectedIngresses(now: Decided, then: Decided, moving: readonly string[]): Neighbour[] {
  const moves = new Set(moving);
  const hosts = new Set(moving.flatMap((key) => hostsOf(now.snapshot.ingresses.get(key)!)));
  return [...now.plans].flatMap(([key, { ingress, ownership: { owner } }]) => {
    if (moves.has(key) || owner === undefined || !hostsOf(ingress).some((host) => hosts.has(host))) return [];
    return compareIngress(now, then, key).map(({ of, what }) => ({ object: `Ingress ${key}`, what: `${of}: ${what}` }));
  });
}

/** The decision with some Ingresses changed. */
export function decideWith(facts: Decided, patches: ReadonlyMap<string, ClassPatch>): Decided {
  const ingresses = new Map<string, Ingress>(facts.snapshot.ingresses);
  for (const [key, patch] of patches) ingresses.set(key, patched(ingresses.get(key)!, patch));
  const { claims, inspect, now, leases, fromFiles, secretsKnown }: Facts = facts;
  return decideFacts({ snapshot: { ...facts.snapshot, ingresses }, claims, inspect, now, leases, fromFiles, secretsKnown });
}

function decisionOf({ plans }: Decided, key: string): Decision {
  const { owner, rule, reference } = plans.get(key)!.ownership;
  return { ...(owner !== undefined && { owner }), rule, reference };
}

/** Other controllers that would take an Ingress then and do not now, or the other way round. */
function newTakers(now: Decided, then: Decided, running: readonly RunningPeer[]): Map<string, Difference[]> {
  const claimed = (decided: Decided): Map<string, Set<string>> => new Map(compareClaims(decided.snapshot, new Map(), running)
    .map(({ ingress, takers, perhaps }) => [ingress, new Set([...takers, ...perhaps].map(({ peer }) => peer))]));
  const [before, after] = [claimed(now), claimed(then)];
  return new Map([...after].map(([key, takers]) => {
    const had = before.get(key)!;
    return [key, [
      ...[...takers].map((peer): Difference => ({ about: 'taker', of: peer, what: had.has(peer) ? 'takes it now and would go on doing so: two controllers for one Ingress' : 'would take it too: two controllers for one Ingress' })),
      ...[...had].filter((peer) => !takers.has(peer)).map((peer): Difference => ({ about: 'taker', of: peer, what: 'takes it now and would let it go' })),
    ]];
  }));
}
