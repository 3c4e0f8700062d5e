// The canary of a route of a class table: exactly its fields, each in its grammar.

import { regexProblem } from '../core/check-regex.js';
import type { Affinity, Canary, Route } from '../route-table/types.js';
import { isBalance, orderedBalance } from './check-balance.js';
import { isLabel, isServicePath, isSubdomain } from './check-names.js';
import { type Check, affinityFields, inOrder, isAffinity, isShape, text, within } from './check-policy.js';

const name = text(/^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/, 100);

const fields: Record<keyof Canary, Check> = {
  ingress: isSubdomain,
  service: isLabel,
  backend: (value) => typeof value === 'string' && value.startsWith('service/') && isServicePath(value.slice('service/'.length)),
  weight: within(0, 2 ** 31),
  total: within(100, 2 ** 31),
  header: name,
  value: text(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 255),
  pattern: (value) => typeof value === 'string' && regexProblem(value) === undefined,
  cookie: name,
  balance: isBalance,
  affinity: (value) => value === 'none' || isAffinity(value),
};

/** Says what is wrong with a route's canary, or undefined. */
export function canaryComplaint({ canary, namespace, backend }: Route): string | undefined {
  if (canary === undefined) return undefined;
  if (!isShape(canary, fields, ['ingress', 'service', 'backend', 'weight', 'total'])) return 'the canary of a route is not valid';
  if (canary.backend.split('/')[1] !== namespace) return 'the canary of a route has a backend in another namespace';
  return backend === '' ? 'a route without a backend has a canary' : undefined;
}

/** The canary with its fields in a fixed order. */
export function orderedCanary(canary: Canary): Canary {
  const ordered = inOrder(canary, Object.keys(fields) as (keyof Canary)[]);
  if (canary.balance !== undefined) ordered.balance = orderedBalance(canary.balance);
  if (typeof canary.affinity === 'object') ordered.affinity = inOrder(canary.affinity, Object.keys(affinityFields) as (keyof Affinity)[]);
  return ordered;
}
