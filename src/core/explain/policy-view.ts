// What a route asks for beside its backend, for people: protections with whom they lead to, and no secret of them.

import omit from 'lodash/omit.js';
import { defaultKey, hostKey } from '../../route-table/entry-keys.js';
import { canBeAsked } from '../../route-table/can-be-asked.js';
import { type PathMatchResult, indexPaths, matchPath } from '../../route-table/match.js';
import { normalizePath } from '../../route-table/normalize-path.js';
import { searchHosts } from '../../route-table/search-hosts.js';
import type { Canary, ExternalAuth, HostRoutes, Policy, Route } from '../../route-table/types.js';
import { type EndpointsView, describeEndpoints } from './endpoints-view.js';
import type { Decided } from './facts.js';
import { regexMatch } from './regex-match.js';

/** The policy as it is, without passwords; and who is asked. */
export interface PolicyView extends Omit<Policy, 'basic' | 'external'> {
  /** The values of the question's headers may be secrets. */
  external?: Omit<ExternalAuth, 'headers'> & { headers?: string[] };
  basic?: { realm: string; users: number; digest?: true };
  /** Who answers the question of external authentication; undefined: nobody, so that every request is answered with 503. */
  asked?: string;
}

export interface CanaryView extends Canary {
  endpoints: EndpointsView;
}

interface Place {
  decided: Decided;
  class: string;
  host: string;
  listener: readonly string[];
}

export function describePolicy(policy: Policy, place: Place): PolicyView {
  const asked = policy.external === undefined ? undefined : askedOf(policy.external, place);
  return {
    ...omit(policy, 'basic', 'external'), ...(policy.external && { external: { ...omit(policy.external, 'headers'), ...(policy.external.headers && { headers: policy.external.headers.map(({ name }) => name) }) } }), ...(policy.basic && { basic: { ...policy.basic, users: policy.basic.users.length } }),
    ...(asked !== undefined && { asked }),
  };
}

export function describeCanary(decided: Decided, className: string, route: Route): CanaryView {
  const canary = route.canary!;
  return { ...canary, endpoints: describeEndpoints(decided, className, { ...route, ...canary }) };
}

/** The Service that is asked, or the route of the listener that has the question's host and path, as the proxy finds it. */
function askedOf({ service, host, target }: NonNullable<Policy['external']>, { decided, host: ownHost, listener }: Place): string | undefined {
  if (service !== undefined) return `Service ${service.slice('service/'.length)}`;
  const path = normalizePath(target.split('?')[0]!);
  if (path === undefined) return undefined;
  const found = searchHosts<PathMatchResult>((name, at, wanted) => {
    const entry = decided.tables.get(listener[at]!)?.get(name === undefined ? defaultKey : hostKey(name)) as HostRoutes | undefined;
    const match = entry === undefined ? undefined : matchPath(indexPaths(entry), wanted, regexMatch);
    return match ? match : 'none';
  }, listener.length, host === '$host' ? ownHost : host, path);
  if (typeof found === 'string' || found.route.backend === '' || (found.policy !== undefined && !canBeAsked(found.policy.asked))) return undefined;
  const { namespace, ingress, backend } = found.route;
  return `Ingress ${namespace}/${ingress}, Service ${backend.slice('service/'.length)}`;
}
