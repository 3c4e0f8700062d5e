// Chooses the endpoint of one request. Pure: the turn is counted by the caller.

import type { Endpoint } from './types.js';

/**
 * Round robin: the endpoint whose turn it is. `turn` counts requests to the same Service from 0 and may be any whole
 * number up to 10^12 (beyond, Lua's remainder is not exact); `attempt` counts the tries of one request from 0, each going
 * to the next endpoint. Undefined without endpoints.
 */
export function pickEndpoint(endpoints: Endpoint[], turn: number, attempt: number): Endpoint | undefined {
  if (endpoints.length === 0) return undefined;
  const at = (turn + attempt) % endpoints.length;
  return endpoints[at < 0 ? at + endpoints.length : at];
}
