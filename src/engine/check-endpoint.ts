// The engine's own look at each endpoint: the very rule by which the controller drops one. Here the value comes from outside. Where
// a name leads to is seen when it is resolved (outside-names.ts).

import { isPortNumber } from '../core/build-endpoints.js';
import { isPodAddress } from '../core/endpoint-address.js';
import { isServerName } from '../core/server-names.js';
import type { Endpoint } from '../route-table/types.js';
import { shown } from './check-names.js';

export type EndpointCheck = (endpoint: { [Field in keyof Endpoint]: unknown }) => string | undefined;

/** Says what is wrong with an endpoint's address or port, or undefined. */
export function createEndpointCheck(allowLoopback: boolean): EndpointCheck {
  return ({ address, port, resolve }) => {
    if (!isPortNumber(port)) return `port ${shown(port)} is not in 1–65535`;
    if (resolve !== undefined && resolve !== true) return `resolve is ${shown(resolve)}`;
    if (resolve === true) return typeof address === 'string' && isServerName(address) ? undefined : `address ${shown(address)} is not the name of a server`;
    if (typeof address !== 'string' || !isPodAddress(address, allowLoopback)) return `address ${shown(address)} is not one that a pod can have`;
    return undefined;
  };
}
