// The engine's own look at each endpoint: the very rule by which the controller drops one. Here the value comes from outside.

import { isPortNumber } from '../core/build-endpoints.js';
import { isPodAddress } from '../core/endpoint-address.js';
import type { Endpoint } from '../route-table/types.js';
import { shown } from './check-names.js';

export type EndpointCheck = (endpoint: Record<keyof Endpoint, unknown>) => string | undefined;

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  return ({ address, port }) => {
    if (!isPortNumber(port)) return `port ${shown(port)} is not in 1–65535`;
    if (typeof address !== 'string' || !isPodAddress(address, allowLoopback)) return `address ${shown(address)} is not one that a pod can have`;
    return undefined;
  };
}
