// Whom an Ingress's requests are asked of before they go on. A Service that can't be found closes the routes: a verdict that
// can't be had must not become none.

import type { ExternalAuth } from '../route-table/types.js';
import type { AuthTarget } from './annotations/auth-target.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, finding, quote } from './finding.js';
import type { ClassSettings } from './class-settings.js';
import type { ConfigMap, Service, ServicePort } from './kubernetes-objects.js';
import { planHeaderMap } from './plan-header-map.js';
import { resolveBackend } from './resolve-backend.js';

export interface ExternalAuthSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  services: ReadonlyMap<string, Service>;
  configMaps: ReadonlyMap<string, ConfigMap>;
  settings: Pick<ClassSettings, 'authNamespaces'> | undefined;
  /** Whether the Ingress itself says whom to ask, not the class. */
  isOwn: boolean;
  notes: { findings: Finding[]; services: string[]; configMaps: string[] };
}

export interface PlannedExternalAuth {
  external: ExternalAuth;
  /** The entry of endpoints that it leads to, unless it is a route's. */
  want?: { key: string; service: string; port: ServicePort };
}

/** Names of Services as the cluster's DNS has them (DNS-Based Service Discovery, section 2.3). */
const serviceName = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.svc(?:\.cluster\.local)?$/;

/** Of ingress-nginx. */
const usualTimes = [{ statuses: [200, 202, 401], seconds: 300 }];

/** Undefined: nobody is asked. 'closed': somebody should be, and can't; there is a finding. */
export function planExternalAuth(values: AnnotationValues, source: ExternalAuthSource): PlannedExternalAuth | 'closed' | undefined {
  const { object, services, notes } = source;
  const asked = values['auth-url'];
  if (asked === undefined) return undefined;
  const headers = planHeaderMap({ annotation: 'auth-proxy-set-headers', reference: values['auth-proxy-set-headers'], side: 'question' }, source);
  if (headers === 'closed') return 'closed';
  const [, name, namespace] = serviceName.exec(asked.host) ?? [];
  if (name === undefined || namespace === undefined) return { external: { ...questionOf(values, asked, undefined), ...(headers && { headers }) } };
  const service = `${namespace}/${name}`;
  if (!mayBeAsked(namespace, source)) return refused(source, service);
  notes.services.push(service);
  const { key, port } = resolveBackend({ service: { name, port: { number: asked.port } } }, namespace, services, object);
  if (port !== undefined) return { external: { ...questionOf(values, asked, key), ...(headers && { headers }) }, want: { key, service, port } };
  const [kind, why] = services.has(service) ? ['service-port-missing', `has no TCP port ${asked.port}, or is of type ExternalName`] as const : ['service-missing', 'does not exist'] as const;
  notes.findings.push(finding(kind, object, `annotation auth-url: Service ${quote(service)} ${why}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}

/** The class may say in which namespaces. Whom it names itself may be anywhere. */
function mayBeAsked(asked: string, { isOwn, settings, namespace }: ExternalAuthSource): boolean {
  const allowed = isOwn ? settings?.authNamespaces : undefined;
  return allowed === undefined || allowed.includes(asked) || (asked === namespace && allowed.includes('same'));
}

function refused({ object, notes }: ExternalAuthSource, service: string): 'closed' {
  notes.findings.push(finding('protection-not-supported', object, `annotation auth-url: Service ${quote(service)} is in a namespace that the class's auth-url-namespaces does not allow; requests are answered with 503 rather than let through without it`));
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
    ...(values['auth-cache-key'] === undefined ? {} : { cache: { key: values['auth-cache-key'], times: values['auth-cache-duration'] ?? usualTimes } }),
    ...(values['auth-always-set-cookie'] === true ? { alwaysSetCookie: true } : {}),
  };
}

/** The page with the parameter that leads back here, unless it has one: as ingress-nginx adds it. */
function withWayBack(page: string, parameter: string): string {
  const query = page.includes('?') ? page.slice(page.indexOf('?') + 1) : '';
  if (query.split('&').some((part) => part.startsWith(`${parameter}=`) && part !== `${parameter}=`)) return page;
  return `${page}${!page.includes('?') ? '?' : query === '' ? '' : '&'}${parameter}=$scheme://$http_host$escaped_request_uri`;
}
