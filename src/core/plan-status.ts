// What the status of one Ingress is to show, if anything has to be written.

import type { Claim } from './claim.js';
import { ownWriter } from './foreign-writes.js';
import type { HandOver } from './hand-over/hand-over.js';
import { type Ingress, type LoadBalancerIngress, objectKey } from './kubernetes-objects.js';
import { handOverAnnotation } from './hand-over/record.js';
import { shows } from './publish-addresses.js';
import { classAnnotation } from './resolve-reference.js';
import { hasHost, speakingHost } from './shard.js';

/** A wanted change of an Ingress's status: what status.loadBalancer.ingress is to be. */
export interface StatusWrite {
  /** `namespace/name` of the Ingress. */
  ingress: string;
  /** The class in whose name it is written. */
  class: string;
  addresses: readonly LoadBalancerIngress[];
  /** Only while the status shows exactly these. */
  instead?: readonly LoadBalancerIngress[];
}

/**
 * The status write that one Ingress needs, if any: the addresses of the class that owns it, or, when nobody here owns it any
 * more, none in place of addresses that are exactly ours. A status that shows anything else belongs to somebody else, and so
 * does one that somebody else is known to have written, though it shows the same. Of a class in shares, one share writes: the
 * one that speaks for the Ingress. During a hand-over the status is left as it is until the record says that it moves.
 */
export function planStatus(ingress: Ingress, owner: string | undefined, { claims, handOver }: { claims: readonly Claim[]; handOver: HandOver | undefined }): StatusWrite | undefined {
  if (handOver !== undefined && (owner === undefined ? handOver.destination !== undefined : !handOver.ownerShows)) return undefined;
  const claim = claims.find((candidate) => candidate.class === owner);
  if (claim !== undefined) {
    if (!hasHost(claim.shard, speakingHost(ingress))) return undefined;
    if (claim.addresses.length === 0 || shows(ingress, claim.addresses)) return undefined;
    return { ingress: objectKey(ingress), class: claim.class, addresses: claim.addresses };
  }
  if ((ingress.metadata.statusWriter ?? ownWriter) !== ownWriter) return undefined;
  const left = claims.find(({ addresses }) => addresses.length > 0 && shows(ingress, addresses));
  if (left === undefined || !hasHost(left.shard, speakingHost(ingress))) return undefined;
  return { ingress: objectKey(ingress), class: left.class, addresses: [], instead: left.addresses };
}

/** Whether what decided a status is still the same: a copy that was read later may belong to another class by now. */
export function isSameForStatus(decided: Ingress, now: Ingress): boolean {
  return decided.spec?.ingressClassName === now.spec?.ingressClassName
    && [classAnnotation, handOverAnnotation].every((name) => decided.metadata.annotations?.[name] === now.metadata.annotations?.[name]);
}
