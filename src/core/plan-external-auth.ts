// Whom an Ingress's requests are asked of before they go on. A Service that can't be found closes the routes: a verdict that
// can't be had must not become none.

import type { ExternalAuth } from '../route-table/types.js';
import type { AuthTarget } from './annotations/auth-target.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, finding, quote } from './finding.js';
import type { Service, ServicePort } from './kubernetes-objects.js';
import { resolveBackend } from './resolve-backend.js';

export interface ExternalAuthSource {
  /** Names the Ingress in findings. */
  object: string;
  services: ReadonlyMap<string, Service>;
  notes: { findings: Finding[]; services: string[] };
}

export interface PlannedExternalAuth {
  external: ExternalAuth;
  /** The entry of endpoints that it leads to, unless it is a route's. */
  want?: { key: string; service: string; port: ServicePort };
}

/** Names of Services as the cluster's DNS has them (DNS-Based Service Discovery, section 2.3). */
const serviceName = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.svc(?:\.cluster\.local)?$/;

/** Undefined: nobody is asked. 'closed': somebody should be, and can't; there is a finding. */
export function planExternalAuth(values: AnnotationValues, { object, services, notes }: ExternalAuthSource): PlannedExternalAuth | 'closed' | undefined {
  const asked = values['auth-url'];
  if (asked === undefined) return undefined;
  const [, name, namespace] = serviceName.exec(asked.host) ?? [];
  if (name === undefined || namespace === undefined) return { external: questionOf(values, asked, undefined) };
  const service = `${namespace}/${name}`;
  notes.services.push(service);
  const { key, port } = resolveBackend({ service: { name, port: { number: asked.port } } }, namespace, services, object);
  if (port !== undefined) return { external: questionOf(values, asked, key), want: { key, service, port } };
  const why = services.has(service) ? `has no TCP port ${asked.port}, or is of type ExternalName` : 'does not exist';
  notes.findings.push(finding('protection-not-supported', object, `annotation auth-url: Service ${quote(service)} ${why}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}

function questionOf(values: AnnotationValues, { scheme, host, target }: AuthTarget, service: string | undefined): ExternalAuth {
  const method = values['auth-method'];
  const signin = values['auth-signin'];
  const redirect = values['auth-request-redirect'];
  const headers = values['auth-response-headers'];
  return {
    scheme, ...(service === undefined ? {} : { service }), host, target,
    ...(method === undefined || method === 'GET' ? {} : { method }),
    ...(signin === undefined ? {} : { signin: withWayBack(signin, values['auth-signin-redirect-param'] ?? 'rd') }),
    ...(redirect === undefined ? {} : { redirect }),
    ...(headers === undefined ? {} : { responseHeaders: headers }),
    ...(values['auth-always-set-cookie'] === true ? { alwaysSetCookie: true } : {}),
  };
}

/** The page with the parameter that leads back here, unless it has one: as ingress-nginx adds it. */
function withWayBack(page: string, parameter: string): string {
  const query = page.includes('?') ? page.slice(page.indexOf('?') + 1) : '';
  if (query.split('&').some((part) => part.startsWith(`${parameter}=`) && part !== `${parameter}=`)) return page;
  return `${page}${!page.includes('?') ? '?' : query === '' ? '' : '&'}${parameter}=$scheme://$http_host$escaped_request_uri`;
}
