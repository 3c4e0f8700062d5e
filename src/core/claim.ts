// A claim: the right to serve one class, with the settings that decide which Ingresses belong to it.

import type { ClassSettings } from './class-settings.js';
import type { LoadBalancerIngress } from './kubernetes-objects.js';
import { compareText } from './order.js';
import type { Shard } from './shard.js';

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
  /**
   * The class is served and nothing is written to its Ingresses, no status and no Event: somebody else still has them, and its
   * answers are to be compared with ours first.
   */
  observe?: boolean;
  /** Namespaces whose Ingresses may use the class; undefined: all. */
  namespaces?: { names?: readonly string[]; labels?: Readonly<Record<string, string>> };
  /** Whether endpoints on loopback addresses are used: for a cluster that runs on one machine only. */
  allowLoopbackEndpoints?: boolean;
  /** What the names of annotations begin with, each of these; undefined: nginx.ingress.kubernetes.io. */
  annotationPrefixes?: readonly string[];
  /** Whether listeners of the class let whole TLS connections pass to backends (annotation ssl-passthrough). */
  sslPassthrough?: boolean;
  /** The share of the class that this process has; undefined: all of it. */
  shard?: Shard;
  /** What the status of the class's Ingresses shows. Empty: the status is not written. */
  addresses: readonly LoadBalancerIngress[];
  /** The Service (`namespace/name`) whose address the status shows instead. While it has none, the status is not written. */
  publish?: string;
  /** Where the ConfigMap of an IngressClass's parameters is when their scope is Cluster: the controller's namespace. */
  parametersNamespace?: string;
  /** How long an IngressClass, or its parameters, that were deleted go on counting; 600,000 when left out. */
  deletedGraceMs?: number;
  /** Where the class is served, when others are served there too: its place in the listener's order of classes. */
  listener?: { name: string; place: number };
  /** As the IngressClass's parameters say. Filled in by the arbiter, whatever stands here. */
  settings?: ClassSettings;
}

/**
 * Name of the claim's Lease and of its class table at the engine: the class, or `<class>.shard-<member>`. It does not tell how
 * many members there are, so that a process with a new list of members takes over from the one with the old list.
 */
export function claimName({ class: name, shard }: Pick<Claim, 'class' | 'shard'>): string {
  return shard === undefined ? name : `${name}.shard-${shard.member}`;
}

/** The class of a table: its own name, or the one of which it is a share. */
export function classOfTable(table: string): string {
  return table.replace(/\.shard-[-a-z0-9]{1,32}$/, '');
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
