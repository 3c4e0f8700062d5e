// The shape of lists of revoked certificates: names and numbers as Base64, times that are some.

import { mostCertificates, mostRevoked } from '../core/limits.js';
import type { RevokedBy } from '../route-table/types.js';
import { isShape, listOf, text, within } from './check-policy.js';

const latest = 253_402_300_799;
const base64 = (most: number) => text(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, most);
/** A number has 20 bytes at most (RFC 5280, section 4.1.2.2); some authorities do not know. */
const serial = base64(88);

/** Each list ends or begins to count at so many times at most, with all those of the others. */
const mostTurns = mostCertificates * 2;

const isList = (value: unknown): boolean => isShape(value, {
  issuer: base64(4096), from: within(0, latest), until: within(0, latest), serials: (list) => Array.isArray(list) && list.length <= mostRevoked && list.every(serial),
}, ['issuer', 'from', 'until', 'serials']);

export function areRevocations(value: unknown): value is RevokedBy[] {
  return listOf(isList, mostCertificates * mostTurns)(value) && (value as RevokedBy[]).reduce((sum, { serials }) => sum + serials.length, 0) <= mostRevoked;
}
