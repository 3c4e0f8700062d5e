// Classes of ours that other processes claim, as far as a hand-over has to know them: what means them, and what their status
// shows. They make nobody an owner; they only say whether an Ingress that leaves a class goes to one of ours.

import isEqual from 'lodash/isEqual.js';
import omit from 'lodash/omit.js';
import pick from 'lodash/pick.js';
import { type Claim, claimOf, ownController } from '../claim.js';
import type { ClaimRecord } from '../claim-record.js';
import type { Ingress, LoadBalancerIngress, Service } from '../kubernetes-objects.js';
import { compareText } from '../order.js';
import { publishAddresses } from '../publish-addresses.js';
import { resolveOwner } from '../resolve-owner.js';
import { classAnnotation } from '../resolve-reference.js';
import type { Snapshot } from '../snapshot.js';

/** One such class, as the Lease of its claim tells it. */
export interface Neighbour extends Pick<ClaimRecord, 'class' | 'annotationValues' | 'acceptedControllers' | 'classPrecedence' | 'claimClassless' | 'addresses' | 'publish'> {
  /** Whoever held it has let go, or shows no sign of life. It is ours all the same: it may only be starting anew. */
  unheld?: boolean;
}

/** A class of ours, here or elsewhere. */
export interface KnownClass {
  claim: Claim;
  /** What its status shows; undefined: not known. */
  addresses: readonly LoadBalancerIngress[] | undefined;
}

/** Every class of ours by name: the claims of this process, and the neighbours that it does not claim itself. */
export function knownClasses(claims: readonly Claim[], neighbours: readonly Neighbour[], services: ReadonlyMap<string, Service>): Map<string, KnownClass> {
  const known = new Map<string, KnownClass>();
  for (const { class: name, addresses, publish, ...neighbour } of [...neighbours].sort((a, b) => compareText(a.class, b.class))) {
    const terms = pick(neighbour, ['annotationValues', 'acceptedControllers', 'classPrecedence', 'claimClassless']);
    const claim = claimOf(name, { ...terms, addresses: addresses ?? [], ...(publish === undefined ? {} : { publish }) });
    known.set(name, { claim, addresses: addresses === undefined && publish === undefined ? undefined : publishAddresses(claim, services) });
  }
  for (const claim of claims) known.delete(claim.class);
  // What is only observed is somebody else's.
  for (const claim of claims.filter(({ observe }) => observe !== true)) known.set(claim.class, { claim: withoutLimits(claim), addresses: claim.addresses });
  return known;
}

/** Who may use a class is asked when it serves, not when it is meant. */
function withoutLimits(claim: Claim): Claim {
  return omit(claim, 'namespaces', 'settings');
}

/**
 * The class of ours that an Ingress is meant for, whether that may serve it or not; undefined when it is meant for nobody or
 * for somebody else. An IngressClass with our own controller value is ours though nobody is known to claim it.
 */
export function findDestination(ingress: Ingress, known: ReadonlyMap<string, KnownClass>, cluster: Pick<Snapshot, 'ingressClasses' | 'namespaces'>): string | undefined {
  const named = [ingress.metadata.annotations?.[classAnnotation], ingress.spec?.ingressClassName].filter((name) => name !== undefined && isOurs(name, known, cluster)) as string[];
  const unclaimed = [...new Set(named)].filter((name) => !known.has(name)).map((name) => claimOf(name));
  return resolveOwner(ingress, [...[...known.values()].map(({ claim }) => claim), ...unclaimed], cluster).owner;
}

/** Whether a class is ours: claimed here or next door, or by the controller value of its IngressClass. */
export function isOurs(name: string, known: ReadonlyMap<string, KnownClass>, { ingressClasses }: Pick<Snapshot, 'ingressClasses'>): boolean {
  return known.has(name) || ingressClasses.get(name)?.spec?.controller === ownController;
}

/** Whether two sets of classes are told apart by anything. */
export function sameClasses(a: ReadonlyMap<string, KnownClass>, b: ReadonlyMap<string, KnownClass>): boolean {
  return isEqual([...a], [...b]);
}
