// Endpoints of a Service as a worker holds them. Who was there before keeps what is known of it (failures, load) and stays the very
// same record: requests that are under way still count on it.

import { shownAddress } from '../route-table/backend-tls.js';
import type { Endpoint } from '../route-table/types.js';
import { hashText } from '../route-table/pick-sticky.js';
import { upstreamBlocks, upstreamName } from '../route-table/upstream-blocks.js';
import { meanTime } from './endpoint-load.js';
import type { PreparedEndpoint } from './entries.js';
import { hopToName } from './hop.js';

/** Names an endpoint among those of its Service. */
export function endpointName({ address, port }: Endpoint): string {
  return address + ' ' + tostring(port);
}

/** `before`: those of the Service that this worker had so far; `className`: whose it is. */
export function prepareEndpoints(list: Endpoint[], before: PreparedEndpoint[], className: string): PreparedEndpoint[] {
  const known: Record<string, PreparedEndpoint | undefined> = {};
  for (const endpoint of before) known[endpointName(endpoint)] = endpoint;
  const time = meanTime(before);
  const endpoints: PreparedEndpoint[] = [];
  for (const endpoint of list) {
    const address = endpoint.resolve === undefined ? shownAddress(endpoint.address) : hopToName(className, endpoint);
    endpoints.push(known[endpointName({ address, port: endpoint.port })] ?? newEndpoint(endpoint, address, time));
  }
  return endpoints;
}

function newEndpoint(endpoint: Endpoint, address: string, time: number): PreparedEndpoint {
  const spread = spreadOf(endpoint);
  return {
    address, port: endpoint.port, spread, hash: hashText(endpointName(endpoint)), shard: upstreamName('shard', spread % upstreamBlocks.shard),
    until: 0, failures: 0, average: time, observedAt: ngx.now(), underWay: 0,
    name: endpoint.resolve === undefined ? undefined : endpoint.address,
  };
}

function spreadOf(endpoint: Endpoint): number {
  let sum = endpoint.port;
  for (let at = 1; at <= endpoint.address.length; at++) {
    sum = (sum * 31 + string.byte(endpoint.address, at)) % 65521;
  }
  return sum;
}
