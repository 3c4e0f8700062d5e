// Counts endpoints that are passed over, under the Ingress whose request found it out.

import type { Route } from '../route-table/types.js';
import { add } from './counters.js';
import { type CountedRoute, originKey } from './origin-key.js';

export function countEjection(className: string, route: Route): void {
  add(originKey('ejections', className, route as CountedRoute), 1);
}
