// Where the connections of one host go as they are (annotation ssl-passthrough): to whoever has its path `/`. Nobody gets them past
// what keeps requests out on the host, nor past an older Ingress of another namespace: such a connection is not looked into, so
// nothing that they ask for could be carried out.

import { type WantedPath, buildHost } from './build-host.js';
import type { EntryValue, HostRoutes, PassedHost, Policy, Route } from '../route-table/types.js';
import { type Finding, finding, quote } from './finding.js';

/** Paths that one finding names. */
const mostNamed = 3;

export function isPassedHost(value: EntryValue): value is PassedHost {
  return 'backend' in value;
}

/** `wanted`: all paths of the host, the oldest Ingress first; `askers`: keys of the Ingresses that ask for its connections. */
export function buildPassedHost(host: string, wanted: readonly WantedPath[], askers: readonly string[]): { value: PassedHost | undefined; findings: Finding[] } {
  if (askers.length === 0) return { value: undefined, findings: [] };
  const { routes } = buildHost(host, wanted);
  const root = routes.routes.find(({ path, match }) => path === '/' && match !== 'exact') ?? routes.routes.find(({ path }) => path === '/');
  const obstacle = obstacleOf(routes, root, { wanted, askers });
  if (obstacle !== undefined) {
    const message = `annotation ssl-passthrough: host ${quote(host)} is not passed through, TLS for it ends at the engine: ${obstacle}`;
    return { value: undefined, findings: askers.map((asker) => finding('not-passed-through', `Ingress ${asker}`, message)) };
  }
  const { namespace, ingress, backend, service } = root!;
  return { value: { namespace, ingress, backend }, findings: unreached(routes.routes, root!, `all connections of host ${quote(host)} go to Service ${namespace}/${service} as they are (ssl-passthrough of Ingress ${ownerOf(root!)})`) };
}

function obstacleOf(host: HostRoutes, root: Route | undefined, { wanted, askers }: { wanted: readonly WantedPath[]; askers: readonly string[] }): string | undefined {
  if (root === undefined) return 'it has no path "/"; add one, its Service gets the connections';
  const owner = ownerOf(root);
  if (!askers.includes(owner)) return `its path "/" belongs to Ingress ${owner}, which does not ask for it; write the annotation there, or choose another host`;
  if (wanted.some(({ backend: { key, externalName } }) => key === root.backend && externalName !== undefined)) return 'its path "/" leads to a name outside of the cluster (a Service of type ExternalName); use a Service with endpoints';
  if (root.backend === '') return 'its path "/" is closed or has no Service; see the other findings';
  const served = new Set(host.routes.map(ownerOf));
  const elder = wanted.slice(0, wanted.findIndex((one) => ownerOf(one) === owner)).find((one) => one.namespace !== root.namespace && served.has(ownerOf(one)));
  if (elder !== undefined) return `it has paths of Ingress ${ownerOf(elder)} of another namespace, which is older; choose another host`;
  const guarded = host.routes.find((route) => route.namespace === root.namespace && keepsOut(route, host.policies));
  return guarded && `path ${quote(guarded.path)} of Ingress ${ownerOf(guarded)} keeps requests out (addresses, passwords, certificates of clients, another server's verdict), and could not do so in a connection that is passed through; remove the one or the other`;
}

/** What is closed keeps everybody out, unless it only leads elsewhere. */
function keepsOut({ backend, policy }: Route, policies: readonly Policy[] = []): boolean {
  const { allow, deny, basic, external, clients, redirect } = policy === undefined ? {} as Policy : policies[policy]!;
  return [allow, deny, basic, external, clients].some((one) => one !== undefined) || (backend === '' && redirect === undefined);
}

/** Who has other paths on the host is told that they get nothing over TLS. */
function unreached(routes: readonly Route[], root: Route, why: string): Finding[] {
  const lost = new Map<string, string[]>();
  for (const route of routes) {
    const own = ownerOf(route) === ownerOf(root) && (route.path === '/' || route.path === '/$');
    if (!own) lost.set(ownerOf(route), [...lost.get(ownerOf(route)) ?? [], quote(route.path)]);
  }
  return [...lost].map(([owner, paths]) => {
    const named = `${paths.slice(0, mostNamed).join(', ')}${paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : ''}`;
    return finding('path-without-tls', `Ingress ${owner}`, `no request over TLS comes to its path ${named}: ${why}; give it a host of its own`);
  });
}

function ownerOf({ namespace, ingress }: Pick<Route, 'namespace' | 'ingress'>): string {
  return `${namespace}/${ingress}`;
}
