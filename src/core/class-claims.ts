// Who holds each class, and who else claims what it takes: seen from one installation, out of the Leases of all. Naming is all
// that it does: a Lease that anybody could have written must not take a class away from anybody.

import type { Claim } from './claim.js';
import { type ClaimRecord, type ClaimTerms, type Installation, leaseOf, termsOf } from './claim-record.js';
import { type Finding, type FindingKind, finding, quote } from './finding.js';
import { compareText } from './order.js';

/**
 * What two claims run into each other over: `class`: both claim the same class; `annotation-value`: an Ingress with this
 * value of kubernetes.io/ingress.class is taken by both; `controller`: both accept classes of this spec.controller, besides
 * their own; `shard`: the same class shared by other members.
 */
export type ConflictKind = 'class' | 'annotation-value' | 'controller' | 'shard';
export const conflictKinds: readonly ConflictKind[] = ['class', 'annotation-value', 'controller', 'shard'];

export interface ClassConflict {
  kind: ConflictKind;
  /** The class, annotation value, controller value or shard that it is about. */
  value: string;
  rival: ClaimRecord;
}

/** The state of one claim. */
export interface ClassClaim {
  class: string;
  lease: string;
  /** '' when nobody has it, undefined before anything is known. */
  holder: string | undefined;
  /** Processes that wait for it, as far as Leases tell: those that have said so, never the holder. */
  standbys: readonly string[];
  /** By kind, value and rival, so that the order of events can't be seen. */
  conflicts: readonly ClassConflict[];
}

/** What is known of the Leases: claims that somebody keeps alive, and who waits for them. */
export interface ObservedClaims {
  records: readonly ClaimRecord[];
  /** By Lease (`namespace/name`). */
  holders: ReadonlyMap<string, string>;
  standbys: ReadonlyMap<string, readonly Standby[]>;
}

/** A process that waits for a claim, and the installation that it belongs to. */
export interface Standby {
  identity: string;
  installation: string;
}

/** Rivals of one kind that are told of; a flood of Leases is no flood of findings. */
const mostRivals = 20;

/** The state of every claim of `own`, an installation, in the order given. */
export function describeClaims(own: Installation, claims: readonly Claim[], observed: ObservedClaims): ClassClaim[] {
  return claims.map((claim) => {
    const lease = leaseOf(claim, own);
    const holder = observed.holders.get(lease);
    const standbys = (observed.standbys.get(lease) ?? []).filter(({ identity }) => identity !== holder);
    const rivals = [...observed.records, ...standbys.flatMap((standby) => waitingRival(own, claim, standby))];
    return {
      class: claim.class, lease, holder, conflicts: findConflicts(own, claim, rivals),
      standbys: standbys.map(({ identity }) => identity).sort(compareText),
    };
  });
}

/** A standby of another installation at our own Lease claims the class too, though it does not have it. */
function waitingRival(own: Installation, claim: Claim, { identity, installation }: Standby): ClaimRecord[] {
  const { namespace } = own;
  return [{ ...termsOf(claim), annotationValues: [], acceptedControllers: [], lease: leaseOf(claim, own), holder: identity, installation: { name: installation, namespace } }];
}

/**
 * Where a claim of `own` runs into the claims of others. Several processes of one installation for one class, or for the
 * shares of one class, are no conflict.
 */
function findConflicts(own: Installation, claim: Claim, records: readonly ClaimRecord[]): ClassConflict[] {
  const terms = termsOf(claim);
  const conflicts = records.flatMap((rival) => (isSame(own, rival.installation) ? shardConflicts(terms, rival) : rivalConflicts(terms, rival)));
  conflicts.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.value, b.value) || compareText(a.rival.lease, b.rival.lease) || compareText(a.rival.holder, b.rival.holder));
  return conflictKinds.flatMap((kind) => conflicts.filter((one) => one.kind === kind).slice(0, mostRivals));
}

function isSame(a: Installation, b: Installation): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

/** Shares of one class are lawful when all agree on who shares it. */
function shardConflicts(terms: ClaimTerms, rival: ClaimRecord): ClassConflict[] {
  if (rival.class !== terms.class || membersOf(rival.shard) === membersOf(terms.shard)) return [];
  return [{ kind: 'shard', value: rival.shard, rival }];
}

function membersOf(shard: string): string {
  return shard.slice(shard.indexOf('/') + 1);
}

function rivalConflicts(terms: ClaimTerms, rival: ClaimRecord): ClassConflict[] {
  const sameClass = rival.class === terms.class;
  // The name of a class is also a value of the annotation that means it.
  const values = new Set([terms.class, ...terms.annotationValues]);
  const shared = [rival.class, ...rival.annotationValues].filter((value) => values.has(value) && !(sameClass && value === terms.class));
  const controllers = rival.acceptedControllers.filter((value) => terms.acceptedControllers.includes(value));
  return [
    ...(sameClass ? [{ kind: 'class' as const, value: terms.class, rival }] : []),
    ...[...new Set(shared)].map((value) => ({ kind: 'annotation-value' as const, value, rival })),
    ...[...new Set(controllers)].map((value) => ({ kind: 'controller' as const, value, rival })),
  ];
}

const findingKinds: Record<ConflictKind, FindingKind> = {
  class: 'class-claimed-elsewhere', 'annotation-value': 'annotation-value-claimed-elsewhere',
  controller: 'controller-accepted-elsewhere', shard: 'class-shared-differently',
};

/** A finding for each conflict. */
export function conflictFindings(claims: readonly ClassClaim[]): Finding[] {
  return claims.flatMap((claim) => claim.conflicts.map((conflict) =>
    finding(findingKinds[conflict.kind], `Class ${claim.class}`, describeConflict(conflict))));
}

function describeConflict({ kind, value, rival }: ClassConflict): string {
  const { installation, lease, holder } = rival;
  const who = `installation ${quote(installation.name)} of namespace ${quote(installation.namespace)} (Lease ${quote(lease)}, process ${quote(holder)})`;
  if (kind === 'class') return `is also claimed by ${who}; let one installation have the class, or name one of the two classes differently`;
  if (kind === 'annotation-value') {
    return `Ingresses with kubernetes.io/ingress.class ${quote(value)} are also taken by ${who} for its class ${quote(rival.class)}; take the value out of one of the two`;
  }
  if (kind === 'controller') {
    return `classes with spec.controller ${quote(value)} are also accepted by ${who} for its class ${quote(rival.class)}; let one installation accept them`;
  }
  return `process ${quote(holder)} (Lease ${quote(lease)}) shares it as ${value === '' ? 'one whole' : quote(value)}; give all processes of the class the same members`;
}
