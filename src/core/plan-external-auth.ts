// Whom an Ingress's requests are asked of before they go on. A Service that can't be found closes the routes: a verdict that
// can't be had must not become none.

import type { ExternalAuth } from '../route-table/types.js';
import type { AuthTarget } from './annotations/auth-target.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, finding, quote } from './finding.js';
import type { ClassSettings } from './class-settings.js';
import { given } from './given.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { ConfigMap, Secret, Service, ServicePort } from './kubernetes-objects.js';
import { idOfTrusted } from './plan-backend-tls.js';
import { planHeaderMap } from './plan-header-map.js';
import { resolveBackend } from './resolve-backend.js';
import { inspectAuthorities, secretOf } from './secret-of.js';
import { isAllowedName } from './server-names.js';

export interface ExternalAuthSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  services: ReadonlyMap<string, Service>;
  configMaps: ReadonlyMap<string, ConfigMap>;
  secrets: readonly ReadonlyMap<string, Secret>[];
  inspect: InspectCertificate;
  settings: Pick<ClassSettings, 'authNamespaces' | 'authHosts' | 'authAuthorities' | 'externalNames'> | undefined;
  /** Whether the Ingress itself says whom to ask, not the class. */
  isOwn: boolean;
  notes: { findings: Finding[]; services: string[]; secrets: string[]; configMaps: string[] };
}

export interface PlannedExternalAuth {
  external: ExternalAuth;
  /** The entry of endpoints that it leads to, unless it is a route's. */
  want?: { key: string; service: string; port: ServicePort; externalName?: string };
  /** What a server outside of the cluster has to prove itself by, where the class says. */
  trusted?: InspectedCertificate;
}

/** Names of Services as the cluster's DNS has them (DNS-Based Service Discovery, section 2.3). */
const serviceName = /^([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.svc(?:\.cluster\.local)?$/;

/** Of ingress-nginx. */
const usualTimes = [{ statuses: [200, 202, 401], seconds: 300 }];

/** Undefined: nobody is asked. 'closed': somebody should be, and can't; there is a finding. */
export function planExternalAuth(values: AnnotationValues, source: ExternalAuthSource): PlannedExternalAuth | 'closed' | undefined {
  const asked = values['auth-url'];
  if (asked === undefined) return undefined;
  const headers = planHeaderMap({ annotation: 'auth-proxy-set-headers', reference: values['auth-proxy-set-headers'], side: 'question' }, source);
  if (headers === 'closed') return 'closed';
  const answerer = answererOf(asked, source);
  if (answerer === 'closed') return answerer;
  const { want, outside, ...rest } = answerer;
  return { ...rest, external: { ...questionOf(values, asked, want?.key), ...given('outside', outside), ...(headers && { headers }) }, ...given('want', want) };
}

/** A Service of the cluster, a server outside of it, or neither: a host of the listener. */
type Answerer = Pick<PlannedExternalAuth, 'want' | 'trusted'> & Pick<ExternalAuth, 'outside'>;

function answererOf(asked: AuthTarget, source: ExternalAuthSource): Answerer | 'closed' {
  const [, name, namespace] = serviceName.exec(asked.host) ?? [];
  if (name !== undefined && namespace !== undefined) return serviceOf({ name, namespace, port: asked.port }, source);
  return isAllowedName(asked.host, source.settings?.authHosts) ? planOutside(asked, source) : {};
}

function serviceOf(asked: { name: string; namespace: string; port: number }, source: ExternalAuthSource): Answerer | 'closed' {
  const { object, services, settings, notes } = source;
  const { name, namespace } = asked;
  const service = `${namespace}/${name}`;
  if (!mayBeAsked(namespace, source)) return refused(source, service);
  notes.services.push(service);
  const { key, port, externalName } = resolveBackend({ service: { name, port: { number: asked.port } } }, { object, namespace, services, settings });
  if (port !== undefined) return { want: { key, service, port, ...given('externalName', externalName) } };
  const [kind, why] = services.has(service) ? ['service-port-missing', `has no TCP port ${asked.port}, or is of type ExternalName with a name that the class's external-names does not allow`] as const : ['service-missing', 'does not exist'] as const;
  notes.findings.push(finding(kind, object, `annotation auth-url: Service ${quote(service)} ${why}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}

/** A server outside of the cluster, over https with what it has to prove itself by. */
function planOutside({ scheme, port }: AuthTarget, { settings, secrets, inspect, object, notes }: ExternalAuthSource): Answerer | 'closed' {
  const key = scheme === 'https' ? settings?.authAuthorities : undefined;
  if (key === undefined) return { outside: { port } };
  const trusted = authoritiesOf(key, { secrets, inspect, notes });
  if (!('problem' in trusted)) return { outside: { port, trusted: idOfTrusted(trusted) }, trusted };
  notes.findings.push(finding('secret-invalid', object, `annotation auth-url: the class's auth-url-ca can not be used: ${trusted.problem}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}

function authoritiesOf(key: string, { secrets, inspect, notes }: Pick<ExternalAuthSource, 'secrets' | 'inspect' | 'notes'>): InspectedCertificate | { problem: string } {
  if (key === '') return { problem: 'it names no Secret' };
  notes.secrets.push(key);
  const secret = secretOf(key, secrets);
  return 'problem' in secret ? secret : secret.data?.['ca.crt'] === undefined ? { problem: `Secret ${key} has no ca.crt` } : inspectAuthorities(secret.data, inspect);
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
