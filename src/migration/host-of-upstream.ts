// ingress-nginx's log names no host, but the Service that had the request, as namespace-service-port. Which host that was is
// found in the routes; with several the first by name is as good as any.

import type { Decided } from '../core/explain/facts.js';
import { regexMatch } from '../core/explain/regex-match.js';
import { compareText } from '../core/order.js';
import { indexPaths, matchPath } from '../route-table/match.js';
import { hostKey } from '../route-table/entry-keys.js';
import { normalizePath } from '../route-table/normalize-path.js';
import type { HostRoutes } from '../route-table/types.js';

/** A host without a wildcard whose route for `path` (query and all) goes to the Service; undefined when there is none. */
export function hostOfUpstream({ tables }: Pick<Decided, 'tables'>, upstream: string, path: string): string | undefined {
  const wanted = normalizePath(path.replace(/\?.*$/, ''));
  if (wanted === undefined) return undefined;
  const hosts: string[] = [];
  for (const table of tables.values()) {
    for (const [key, value] of table) {
      const host = key.startsWith(hostKey('')) ? key.slice(hostKey('').length) : '';
      if (host === '' || host.startsWith('*')) continue;
      const entry = value as HostRoutes;
      if (!entry.routes.some((route) => upstreamOf(route) === upstream)) continue;
      const match = matchPath(indexPaths(entry), wanted, regexMatch);
      if (match && upstreamOf(match.route) === upstream) hosts.push(host);
    }
  }
  return hosts.sort(compareText)[0];
}

function upstreamOf({ namespace, service, backend }: HostRoutes['routes'][number]): string {
  return `${namespace}-${service}-${backend.slice(backend.lastIndexOf('/') + 1)}`;
}
