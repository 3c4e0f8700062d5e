// The place of a request's endpoint where its policy says more than that endpoints take turns.

import type { Balance, HashBalance } from '../route-table/types.js';
import { addText, countSound, emptyHash, endHash, pickRanked } from '../route-table/pick-sticky.js';
import { chance } from './chance.js';
import { lighterTurn } from './endpoint-load.js';
import type { PreparedService } from './entries.js';
import { clientAddress } from './forwarded.js';

/** Undefined: in turn. `service` has endpoints. */
export function chosenTurn(balance: Balance, { endpoints }: PreparedService): number | undefined {
  if (endpoints.length === 1) return 0;
  if (balance.by === 'ewma') return lighterTurn(endpoints);
  const key = keyOf(balance);
  if (key === undefined) return undefined;
  const now = ngx.now();
  const sound = countSound(endpoints, now);
  const few = math.min(balance.subset ?? 1, sound === 0 ? endpoints.length : sound);
  // When all are passed over, all count.
  return pickRanked(endpoints, key, few === 1 ? 0 : chance(few) - 1, sound === 0 ? math.huge : now);
}

/** The client's address may be told by a proxy. */
function valueOf(variable: string): string {
  if (variable === 'binary_remote_addr') return clientAddress();
  return ngx.var[variable === 'remote_addr' ? 'ia_address' : variable] ?? '';
}

/** The hash of what the request's key is; undefined for an empty one, which tells nobody from anybody. */
function keyOf({ key }: HashBalance): number | undefined {
  let hash = emptyHash;
  let isEmpty = true;
  for (const part of key) {
    const text = 'text' in part ? part.text : valueOf(part.variable);
    if (text !== '') isEmpty = false;
    hash = addText(hash, text);
  }
  return isEmpty ? undefined : endHash(hash);
}
