// Whether a request's credentials let it in: a password (basic-auth.ts), or a proof of one (digest-auth.ts).

import type { BasicAuth } from '../route-table/types.js';
import { isAdmitted as byPassword } from './basic-auth.js';
import { challengeOf, isAdmitted as byProof } from './digest-auth.js';

/** Whether the request may go on. Its credentials stay: it may have to be looked at again in another location. */
export function isAdmitted(basic: BasicAuth): boolean {
  return basic.digest === true ? byProof(basic) : byPassword(basic);
}

/** Tells the client what is asked for. */
export function challenge(basic: BasicAuth): void {
  ngx.header['WWW-Authenticate'] = basic.digest === true ? challengeOf(basic) : 'Basic realm="' + basic.realm + '"';
}
