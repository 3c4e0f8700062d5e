// A claim: the right to serve one class, with the settings that decide which Ingresses belong to it.

import type { LoadBalancerIngress } from './kubernetes-objects.js';

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
  /** Lets endpoints on loopback addresses pass, which no pod has. For development and tests only. */
  allowLoopbackEndpoints: boolean;
  /** What the status of the class's Ingresses shows. Empty: the status is not written. */
  addresses: readonly LoadBalancerIngress[];
}

/** A claim of `className` with the usual settings. */
export function claimOf(className: string, settings: Partial<Omit<Claim, 'class'>> = {}): Claim {
  return {
    class: className, annotationValues: [], acceptedControllers: [], classPrecedence: 'annotation',
    claimClassless: false, allowLoopbackEndpoints: false, addresses: [], ...settings,
  };
}
