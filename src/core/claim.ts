// A claim: the right to serve one class, with the settings that decide which Ingresses belong to it.

import type { LoadBalancerIngress } from './kubernetes-objects.js';
import { compareText } from './order.js';

/** The value of an IngressClass's `spec.controller` that is ours without being listed. */
export const ownController = 'ingress-arbiter.io/controller';

export interface Claim {
  /** Name of the class, and of the IngressClass object when there is one. */
  class: string;
  /** Values of the annotation kubernetes.io/ingress.class that mean this class, besides its name. */
  annotationValues: readonly string[];
  /** Values of an IngressClass's spec.controller that the claim accepts, besides ownController. */
  acceptedControllers: readonly string[];
  /** What wins when annotation and field are both set and differ. */
  classPrecedence: 'annotation' | 'field';
  /** Whether Ingresses without any class are taken. */
  claimClassless: boolean;
  /** Namespaces whose Ingresses may use the class; undefined: all. */
  namespaces?: { names?: readonly string[]; labels?: Readonly<Record<string, string>> };
  /** Whether endpoints on loopback addresses are used: for a cluster that runs on one machine only. */
  allowLoopbackEndpoints?: boolean;
  /** What the names of annotations begin with; undefined: nginx.ingress.kubernetes.io. */
  annotationPrefix?: string;
  /** What the status of the class's Ingresses shows. Empty: the status is not written. */
  addresses: readonly LoadBalancerIngress[];
}

/** The order in which claims are asked: the same whatever the order in which they were made. */
export function byClass(a: Claim, b: Claim): number {
  return compareText(a.class, b.class);
}

/** A claim of `className` with the usual settings. */
export function claimOf(className: string, settings: Partial<Omit<Claim, 'class'>> = {}): Claim {
  return {
    class: className, annotationValues: [], acceptedControllers: [], classPrecedence: 'annotation',
    claimClassless: false, addresses: [], ...settings,
  };
}
