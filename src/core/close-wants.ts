// The same paths, closed: requests for them get 503, and no other route takes them (decisions/0010). For routes of which it is
// not known whether they would keep anybody out. Certificates stay: they let nobody in.

import type { EntryValue } from '../route-table/types.js';
import type { WantedPath } from './build-host.js';
import type { Want } from './plan-ingress.js';
import { nowhere } from './plan-paths.js';

/** What an Ingress wants, with every path closed. A canary has no path of its own: its requests stay where they come from. */
export function closeWants(wants: ReadonlyMap<string, Want>): Map<string, Want> {
  const closed = new Map<string, Want>();
  for (const [key, want] of wants) {
    if (want.of === 'host') closed.set(key, { of: 'host', paths: want.paths.filter(({ canary }) => canary === undefined).map(closePath) });
    else if (want.of !== 'service') closed.set(key, want);
  }
  return closed;
}

/** What its host has for all paths stays as it was, patterns and clients' certificates: that concerns the neighbours. */
function closePath({ namespace, ingress, path, rewriteTarget, useRegex, clients, fallback, tls, root, alias }: WantedPath): WantedPath {
  return { namespace, ingress, path, backend: nowhere, rewriteTarget, useRegex, ...(clients && { clients }), ...(fallback && { fallback }), ...(tls && { tls }), ...(root && { root }), ...(alias && { alias }) };
}

/** The routes of a host that can't be built any more; any other entry stays. */
export function closeEntry(value: EntryValue | undefined): EntryValue | undefined {
  if (value === undefined || !('routes' in value)) return value;
  return { routes: value.routes.map(({ match, path, namespace, ingress }) => ({ match, path, namespace, ingress, service: '', backend: '' })) };
}
