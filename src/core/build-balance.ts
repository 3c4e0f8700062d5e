// How the endpoints of an Ingress are chosen, as its annotations ask for it: a cookie comes first, then a key, then the load, as in
// ingress-nginx.

import type { Balance } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';

/** Endpoints of one key where a subset is asked for without its size. */
const usualSubset = 3;

/** Undefined: endpoints take turns, or a cookie decides. */
export function balanceOf(values: AnnotationValues): Balance | undefined {
  if (values.affinity !== undefined) return undefined;
  const key = values['upstream-hash-by'];
  if (key !== undefined) return { by: 'hash', key, ...(values['upstream-hash-by-subset'] === true && { subset: values['upstream-hash-by-subset-size'] ?? usualSubset }) };
  return values['load-balance'] === 'ewma' ? { by: 'ewma' } : undefined;
}
