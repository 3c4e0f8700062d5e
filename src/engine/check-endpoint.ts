// The engine's own look at each endpoint: the very rule by which the controller drops one.

import { endpointProblem } from '../core/endpoint-address.js';
import type { Endpoint } from '../route-table/types.js';

export type EndpointCheck = (endpoint: Endpoint) => string | undefined;

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  return (endpoint) => endpointProblem(endpoint, allowLoopback);
}
