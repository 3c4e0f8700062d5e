// The one door into the core: from everything known of the cluster to what is to be done. Pure; the same for any order of
// events. It does nothing itself: tables, status writes and findings are data for others to carry out.

import isEqual from 'lodash/isEqual.js';
import type { ClassTable } from '../route-table/types.js';
import type { InspectCertificate } from './build-certificates.js';
import { buildClassTable } from './build-class-table.js';
import type { Claim } from './claim.js';
import { findDefaultClasses } from './default-class.js';
import type { Finding } from './finding.js';
import type { Ingress, LoadBalancerIngress } from './kubernetes-objects.js';
import { type Ownership, resolveOwner } from './resolve-owner.js';
import type { Snapshot } from './snapshot.js';

/** A wanted change of an Ingress's status: what status.loadBalancer.ingress is to be. */
export interface StatusWrite {
  /** `namespace/name` of the Ingress. */
  ingress: string;
  class: string;
  addresses: readonly LoadBalancerIngress[];
}

export interface Decision {
  /** By `namespace/name`: every Ingress of the snapshot. */
  ownership: Map<string, Ownership>;
  /** By class: what the engine is to serve. Every claim has one, if an empty one. */
  tables: Map<string, ClassTable>;
  statusWrites: StatusWrite[];
  findings: Finding[];
}

/** Decides for all claims at once. `inspect` looks into certificates (see InspectCertificate). */
export function decide(snapshot: Snapshot, claims: readonly Claim[], inspect: InspectCertificate): Decision {
  const decision: Decision = { ownership: new Map(), tables: new Map(), statusWrites: [], findings: findDefaultClasses(snapshot.ingressClasses) };
  const owned = new Map<string, Ingress[]>(claims.map((claim) => [claim.class, []]));
  for (const [key, ingress] of snapshot.ingresses) {
    const ownership = resolveOwner(ingress, claims, snapshot);
    decision.ownership.set(key, ownership);
    decision.findings.push(...ownership.findings);
    if (ownership.owner !== undefined) owned.get(ownership.owner)!.push(ingress);
    const write = planStatus(key, ingress, ownership, claims);
    if (write !== undefined) decision.statusWrites.push(write);
  }
  for (const claim of claims) {
    const { table, findings } = buildClassTable({ claim, ingresses: owned.get(claim.class)!, snapshot, inspect });
    decision.tables.set(claim.class, table);
    decision.findings.push(...findings);
  }
  return decision;
}

/**
 * The status write that one Ingress needs, if any: its class's addresses, or, when nobody here owns it any more, none in
 * place of addresses that are exactly ours. A status that shows anything else belongs to somebody else and is left alone.
 */
function planStatus(key: string, ingress: Ingress, { owner }: Ownership, claims: readonly Claim[]): StatusWrite | undefined {
  const shown = ingress.status?.loadBalancer?.ingress ?? [];
  const claim = claims.find((candidate) => candidate.class === owner);
  if (claim !== undefined) {
    if (claim.addresses.length === 0 || isEqual(shown, claim.addresses)) return undefined;
    return { ingress: key, class: claim.class, addresses: claim.addresses };
  }
  const left = claims.find(({ addresses }) => addresses.length > 0 && isEqual(shown, addresses));
  return left === undefined ? undefined : { ingress: key, class: left.class, addresses: [] };
}
