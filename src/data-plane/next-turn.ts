// Round robin: each worker counts for itself, from a beginning by chance. A count that all share would be a lock that every request
// takes.

import type { PreparedService } from './entries.js';

/** The turn of the next request of a Service, before anybody is passed over. */
export function nextTurn(service: PreparedService): number {
  const { turns } = service;
  service.turns = turns + 1;
  return turns;
}
