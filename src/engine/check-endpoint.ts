// The engine's own look at each endpoint: the very rule by which the controller drops one, once it is known that there is a
// text and a number to apply it to. Here the value comes from outside.

import { endpointProblem } from '../core/endpoint-address.js';
import type { Endpoint } from '../route-table/types.js';
import { shown } from './check-names.js';

export type EndpointCheck = (endpoint: Record<keyof Endpoint, unknown>) => string | undefined;

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  return ({ address, port }) => {
    if (typeof port !== 'number') return `port ${shown(port)} is not in 1–65535`;
    if (typeof address !== 'string') return `address ${shown(address)} is not an IP address`;
    const problem = endpointProblem({ address, port }, allowLoopback);
    // The rule quotes what it refuses; what a terminal would act on is taken out of that as well.
    return problem?.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
  };
}
