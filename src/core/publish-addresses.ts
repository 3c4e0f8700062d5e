// What the status of a class's Ingresses is to show: the addresses of the Service that its claim publishes, or those given.
// What is not known is not guessed; an empty answer means that nothing is written, never that something is blanked.

import isEqual from 'lodash/isEqual.js';
import uniqWith from 'lodash/uniqWith.js';
import type { Claim } from './claim.js';
import type { Ingress, LoadBalancerIngress, Service } from './kubernetes-objects.js';
import { compareText } from './order.js';

/** The addresses of a claim, sorted, each once. `services` by `namespace/name`. */
export function publishAddresses(claim: Claim, services: ReadonlyMap<string, Service>): LoadBalancerIngress[] {
  if (claim.publish === undefined) return ordered(claim.addresses);
  const service = services.get(claim.publish);
  return service === undefined ? [] : ordered(addressesOf(service));
}

/**
 * As people reach a Service: by its load balancer, else by its external IPs, else inside the cluster. An ExternalName is
 * another name of the same thing (Service API, spec.externalName).
 */
function addressesOf(service: Service): LoadBalancerIngress[] {
  const { type, externalName, externalIPs = [] } = service.spec ?? {};
  if (type === 'ExternalName') return externalName ? [{ hostname: externalName }] : [];
  const balanced = (service.status?.loadBalancer?.ingress ?? []).filter(({ ip, hostname }) => Boolean(ip) || Boolean(hostname));
  if (balanced.length > 0) return balanced;
  if (externalIPs.length > 0) return externalIPs.map((ip) => ({ ip }));
  // A load balancer that is still on its way will have another address: the cluster's own would be wrong soon.
  return type === 'LoadBalancer' ? [] : clusterAddresses(service);
}

function clusterAddresses({ spec = {} }: Service): LoadBalancerIngress[] {
  return (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None').map((ip) => ({ ip }));
}

/** Sorted by address, without repetitions and without what else the API tells of an address (its ports). */
function ordered(addresses: readonly LoadBalancerIngress[]): LoadBalancerIngress[] {
  const plain = addresses.map(({ ip, hostname }) => ({ ...(ip ? { ip } : {}), ...(hostname ? { hostname } : {}) }));
  return uniqWith(plain.sort(byAddress), isEqual);
}

function byAddress(a: LoadBalancerIngress, b: LoadBalancerIngress): number {
  return compareText(a.ip ?? '', b.ip ?? '') || compareText(a.hostname ?? '', b.hostname ?? '');
}

/** Whether an Ingress's status shows exactly these addresses, in whatever order. */
export function shows(ingress: Ingress, addresses: readonly LoadBalancerIngress[]): boolean {
  return isEqual(ordered(ingress.status?.loadBalancer?.ingress ?? []), ordered(addresses));
}
