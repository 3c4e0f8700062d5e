// One route of a class table: every field in its grammar, the path in the form that is matched and forwarded. What is
// literal data for nginx (`;`, `{`, `$` in a path) stays data and passes.

import { normalizePath } from '../route-table/normalize-path.js';
import { rewritePath } from '../route-table/rewrite-path.js';
import type { Route } from '../route-table/types.js';
import { regexProblem } from '../core/check-regex.js';
import { longestPath } from '../core/limits.js';
import { orderedCanary } from './check-canary.js';
import { isLabel, isServicePath, isSubdomain, shown } from './check-names.js';

const VISIBLE = /^[\x21-\x7e]*$/;
const REQUIRED = ['match', 'path', 'namespace', 'ingress', 'service', 'backend'] as const;
const FIELDS: readonly string[] = [...REQUIRED, 'rewrite', 'policy', 'canary'];

export interface RouteSurroundings {
  /** Whether a route need not come from an Ingress (the class's default backend). */
  unnamed: boolean;
  /** Number of policies of the host. */
  policies: number;
}

/** Says what is wrong with a route, or undefined. Of its canary it only says whether it can be one (see check-canary.ts). */
export function routeComplaint(route: unknown, { unnamed, policies }: RouteSurroundings): string | undefined {
  if (!hasFields(route)) return `a route must have the texts ${REQUIRED.join(', ')}, may have rewrite, policy and canary, and nothing else`;
  return originComplaint(route, unnamed) ?? pathComplaint(route) ?? rewriteComplaint(route) ?? placeComplaint(route, policies);
}

function placeComplaint({ policy }: Route, policies: number): string | undefined {
  if (policy === undefined || (Number.isInteger(policy) && policy >= 0 && policy < policies)) return undefined;
  return 'the policy of a route is not one of its host';
}

/** The route with its fields in a fixed order, so that equal routes are equal bytes. */
export function orderedRoute(route: Route): Route {
  const { match, path, namespace, ingress, service, backend, rewrite, policy, canary } = route;
  return {
    match, path, namespace, ingress, service, backend,
    ...(rewrite === undefined ? {} : { rewrite }), ...(policy === undefined ? {} : { policy }),
    ...(canary === undefined ? {} : { canary: orderedCanary(canary) }),
  };
}

function hasFields(route: unknown): route is Route {
  if (typeof route !== 'object' || route === null || Array.isArray(route)) return false;
  const keys = Object.keys(route);
  return REQUIRED.every((field) => keys.includes(field)) &&
    keys.every((key) => FIELDS.includes(key)) &&
    Object.entries(route).every(([key, value]) => typeof value === (key === 'policy' ? 'number' : key === 'canary' ? 'object' : 'string'));
}

function originComplaint(route: Route, unnamed: boolean): string | undefined {
  const { namespace, ingress, service, backend } = route;
  // A route that only closes something leads nowhere, whoever it is of.
  const nobody = (unnamed || backend === '') && ingress === '';
  if (!isLabel(namespace) && !(nobody && namespace === '')) return `namespace ${shown(namespace)} is not a valid name`;
  if (!isSubdomain(ingress) && !nobody) return `ingress ${shown(ingress)} is not a valid name`;
  if (service !== '' && !isLabel(service)) return `service ${shown(service)} is not a valid name`;
  return backendComplaint(route, nobody);
}

function backendComplaint({ namespace, service, backend }: Route, nobody: boolean): string | undefined {
  if (backend === '') return service === '' ? undefined : 'a route with a service needs a backend';
  if (!backend.startsWith('service/') || !isServicePath(backend.slice('service/'.length))) return `backend ${shown(backend)} is not the key of a service entry`;
  if (!nobody && backend.split('/')[1] !== namespace) return `backend ${shown(backend)} is in another namespace than its Ingress`;
  return undefined;
}

function pathComplaint({ match, path }: Route): string | undefined {
  if (match === 'regex') return patternComplaint(path);
  if (match !== 'exact' && match !== 'prefix' && match !== 'string-prefix') return `match ${shown(match)} is unknown`;
  if (path.length > longestPath) return `path ${shown(path)} is longer than ${longestPath} bytes`;
  return normalizePath(path) === path ? undefined : `path ${shown(path)} is not in normal form`;
}

function patternComplaint(pattern: string): string | undefined {
  const problem = pattern.startsWith('/') ? regexProblem(pattern) : 'must start with "/"';
  return problem === undefined ? undefined : `pattern ${shown(pattern)} ${problem}`;
}

function rewriteComplaint({ rewrite }: Route): string | undefined {
  if (rewrite === undefined) return undefined;
  if (rewrite.length > longestPath || !VISIBLE.test(rewrite) || rewrite.includes('\\')) return `rewrite ${shown(rewrite)} must have visible ASCII without a backslash`;
  // Filled with something harmless: what fails here would fail for every request.
  return rewritePath(rewrite, Array.from({ length: 9 }, () => 'x')) === undefined ? `rewrite ${shown(rewrite)} has no normal form` : undefined;
}
