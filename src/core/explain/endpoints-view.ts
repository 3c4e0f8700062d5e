// Where a route's requests go: the Service and how many of its endpoints get requests.

import type { Route, ServiceEndpoints } from '../../route-table/types.js';
import { serviceNameLabel } from '../build-endpoints.js';
import type { Decided } from './facts.js';

export interface EndpointsView {
  /** `namespace/name`; '' when the backend names no Service that could be asked. */
  service: string;
  port: string;
  /** 'unresolved': there is no such Service or port, or a protection cannot be carried out; 'unknown': files do not tell. */
  state: 'known' | 'unresolved' | 'unknown';
  /** Endpoints that get requests. */
  inUse: number;
  /** Endpoints that get none: not ready, on their way out, or refused. */
  idle: number;
}

/** The endpoints behind a route of a class. */
export function describeEndpoints(decided: Decided, className: string, route: Pick<Route, 'namespace' | 'service' | 'backend'>): EndpointsView {
  const { snapshot, tables, fromFiles } = decided;
  const service = route.service === '' ? '' : `${route.namespace}/${route.service}`;
  const port = route.backend.slice(route.backend.lastIndexOf('/') + 1);
  const entry = tables.get(className)?.get(route.backend) as ServiceEndpoints | undefined;
  const slices = [...snapshot.endpointSlices.values()]
    .filter(({ metadata }) => service !== '' && `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}` === service);
  const missing = entry === undefined && !snapshot.services.has(service);
  const unknown = fromFiles && service !== '' && (missing || (slices.length === 0 && !entry?.endpoints.length));
  if (unknown) return { service, port, state: 'unknown', inUse: 0, idle: 0 };
  if (entry === undefined) return { service, port, state: 'unresolved', inUse: 0, idle: 0 };
  const used = new Set(entry.endpoints.map(({ address }) => address));
  const all = new Set(slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])));
  return { service, port, state: 'known', inUse: entry.endpoints.length, idle: [...all].filter((address) => !used.has(address)).length };
}
