// Where a request over TLS goes whose connection is passed through: its path, headers and certificate are its backend's affair.

import { hostKey, passthroughKey } from '../../route-table/entry-keys.js';
import type { PassedHost } from '../../route-table/types.js';
import { searchPassed } from '../search-passed.js';
import { describeEndpoints } from './endpoints-view.js';
import type { TakenRequest } from './explain-request.js';
import type { Decided } from './facts.js';

/** Undefined: TLS for the host ends at the engine. `host`: lower case. */
export function explainPassed(decided: Decided, host: string, listener: readonly string[]): TakenRequest | undefined {
  return searchPassed((className, name) => {
    const table = decided.tables.get(className);
    const passed = table?.get(passthroughKey(name)) as PassedHost | undefined;
    if (passed === undefined) return table?.has(hostKey(name)) ? 'engine' : undefined;
    const { namespace, ingress, backend } = passed;
    return {
      class: className, hostMatch: name === host ? 'exact' : 'wildcard', host: name, ingress: `${namespace}/${ingress}`, match: 'prefix', path: '/', passed: true,
      endpoints: describeEndpoints(decided, className, { namespace, service: backend.split('/')[2]!, backend }),
    };
  }, listener, host);
}
