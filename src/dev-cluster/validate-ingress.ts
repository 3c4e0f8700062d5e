// What a real API server demands of an Ingress (networking.k8s.io/v1), and nothing more: quotes, newlines, `;` in paths pass.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/networking/validation/validation.go
import { isIP } from 'node:net';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import type { Fields } from './field-access.js';
import { CLASS_ANNOTATION } from './default-ingress-class.js';
import { fieldsAt, has, listAt, stringsAt, textAt } from './field-access.js';
import { invalidFor, invalidValue, requiredValue, unsupportedValue } from './field-error.js';
import { dns1035Label, dns1123Subdomain, pathSegmentName, portName, portNumber, wildcardSubdomain } from './name-rules.js';

export function validateIngress(ingress: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const spec = fieldsAt(ingress, 'spec');
  const rules = listAt(spec, 'rules');
  const className = textAt(spec, 'ingressClassName');
  return [
    ...(rules.length === 0 && !has(spec, 'defaultBackend')
      ? [invalidValue('spec', rules, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(has(spec, 'defaultBackend') ? validateBackend(fieldsAt(spec, 'defaultBackend'), 'spec.defaultBackend') : []),
    ...rules.flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)),
    ...listAt(spec, 'tls').flatMap((tls, index) => validateTls(tls, `spec.tls[${index}]`)),
    ...(has(spec, 'ingressClassName') ? invalidFor('spec.ingressClassName', className, dns1123Subdomain(className)) : []),
    ...(live === undefined ? validateClassAgreement(ingress, spec) : []),
  ];
}

/** Only on create: an update may make them differ, and real clusters have such Ingresses. */
function validateClassAgreement(ingress: KubeObject, spec: Fields): FieldError[] {
  const annotation = ingress.metadata.annotations?.[CLASS_ANNOTATION];
  if (annotation === undefined || !has(spec, 'ingressClassName') || annotation === spec['ingressClassName']) return [];
  return [invalidValue(`annotations.${CLASS_ANNOTATION}`, annotation, 'must match `ingressClassName` when both are specified')];
}

function validateRule(rule: Fields, field: string): FieldError[] {
  const host = textAt(rule, 'host');
  const paths = listAt(rule['http'], 'paths');
  return [
    ...(isIP(host) !== 0 ? [invalidValue(`${field}.host`, host, 'must be a DNS name, not an IP address')] : []),
    ...(host === '' ? [] : validateHost(host, `${field}.host`)),
    ...(has(rule, 'http') && paths.length === 0 ? [requiredValue(`${field}.http.paths`)] : []),
    ...paths.flatMap((path, index) => validatePath(path, `${field}.http.paths[${index}]`)),
  ];
}

const validateHost = (host: string, field: string): FieldError[] =>
  invalidFor(field, host, host.includes('*') ? wildcardSubdomain(host) : dns1123Subdomain(host));

const FORBIDDEN_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const FORBIDDEN_ENDS = ['/..', '/.'];

function validatePath(entry: Fields, field: string): FieldError[] {
  if (!has(entry, 'pathType')) return [requiredValue(`${field}.pathType`, 'pathType must be specified')];
  return [...validatePathText(entry, field), ...validateBackend(fieldsAt(entry, 'backend'), `${field}.backend`)];
}

function validatePathText(entry: Fields, field: string): FieldError[] {
  const path = textAt(entry, 'path');
  const wrong = (detail: string): FieldError => invalidValue(`${field}.path`, path, detail);
  const relative = path.startsWith('/') ? [] : [wrong('must be an absolute path')];
  switch (entry['pathType']) {
    case 'Exact': case 'Prefix':
      return [
        ...relative,
        ...FORBIDDEN_PARTS.filter((part) => path.includes(part)).map((part) => wrong(`must not contain '${part}'`)),
        ...FORBIDDEN_ENDS.filter((end) => path.endsWith(end)).map((end) => wrong(`cannot end with '${end}'`)),
      ];
    case 'ImplementationSpecific': return path === '' ? [] : relative;
    default: return [unsupportedValue(`${field}.pathType`, entry['pathType'], ['Exact', 'ImplementationSpecific', 'Prefix'])];
  }
}

function validateBackend(backend: Fields, field: string): FieldError[] {
  const service = has(backend, 'service');
  const resource = has(backend, 'resource');
  if (service && resource) return [invalidValue(field, '', 'cannot set both resource and service backends')];
  if (resource) return validateReference(fieldsAt(backend, 'resource'), `${field}.resource`);
  if (service) return validateServiceBackend(fieldsAt(backend, 'service'), field);
  return [invalidValue(field, '', 'resource or service backend is required')];
}

function validateServiceBackend(service: Fields, field: string): FieldError[] {
  const name = textAt(service, 'name');
  const nameErrors = name === '' ? [requiredValue(`${field}.service.name`)] : invalidFor(`${field}.service.name`, name, dns1035Label(name));
  const port = fieldsAt(service, 'port');
  const byName = textAt(port, 'name');
  const byNumber = port['number'] ?? 0;
  return [...nameErrors, ...validatePort({ byName, byNumber }, field)];
}

function validatePort({ byName, byNumber }: { byName: string; byNumber: unknown }, field: string): FieldError[] {
  if (byName !== '' && byNumber !== 0) return [invalidValue(field, '', 'cannot set both port name & port number')];
  if (byName !== '') return invalidFor(`${field}.service.port.name`, byName, portName(byName));
  if (byNumber !== 0) return invalidFor(`${field}.service.port.number`, byNumber, portNumber(byNumber));
  return [requiredValue(field, 'port name or number is required')];
}

/** A reference to an object of any kind: `kind` and `name`, and a group that is a DNS name. */
export function validateReference(reference: Fields, field: string): FieldError[] {
  const group = textAt(reference, 'apiGroup');
  return [
    ...(has(reference, 'apiGroup') ? invalidFor(`${field}.apiGroup`, group, dns1123Subdomain(group)) : []),
    ...['kind', 'name'].flatMap((part) => {
      const value = textAt(reference, part);
      return value === '' ? [requiredValue(`${field}.${part}`)] : invalidFor(`${field}.${part}`, value, pathSegmentName(value));
    }),
  ];
}

function validateTls(tls: Fields, field: string): FieldError[] {
  const secret = textAt(tls, 'secretName');
  return [
    ...stringsAt(tls, 'hosts').flatMap((host, index) => validateHost(host, `${field}.hosts[${index}]`)),
    ...(secret === '' ? [] : invalidFor(`${field}.secretName`, secret, dns1123Subdomain(secret))),
  ];
}

export function validateIngressStatus(ingress: KubeObject): FieldError[] {
  return validateLoadBalancer(fieldsAt(ingress, 'status'));
}

/** Of Ingresses and Services alike. */
export function validateLoadBalancer(status: Fields): FieldError[] {
  return listAt(status['loadBalancer'], 'ingress').flatMap((point, index) => {
    const field = `status.loadBalancer.ingress[${index}]`;
    const ip = textAt(point, 'ip');
    const hostname = textAt(point, 'hostname');
    return [
      ...(ip !== '' && isIP(ip) === 0 ? [invalidValue(`${field}.ip`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : []),
      ...(hostname === '' ? [] : invalidFor(`${field}.hostname`, hostname, dns1123Subdomain(hostname))),
      ...(isIP(hostname) !== 0 ? [invalidValue(`${field}.hostname`, hostname, 'must be a DNS name, not an IP address')] : []),
    ];
  });
}
