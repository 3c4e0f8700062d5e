// TLS to the backends of an Ingress, where its annotations say how. A certificate that can't be shown, and a backend that can't be
// judged as asked, close the routes: nothing goes to a backend that somebody wanted to be sure of.

import type { BackendTls } from '../route-table/backend-tls.js';
import { backendName } from './annotations/backend-tls-annotations.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, type FindingKind, finding, quote } from './finding.js';
import { given } from './given.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { Secret } from './kubernetes-objects.js';
import { ownKey } from './own-object.js';
import { decodeSecret } from './plan-certificates.js';
import { type SecretProblem, inspectAuthorities, secretOf } from './secret-of.js';

export interface BackendTlsSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  /** Of type kubernetes.io/tls, and of type Opaque. */
  secrets: readonly ReadonlyMap<string, Secret>[];
  inspect: InspectCertificate;
  notes: { findings: Finding[]; secrets: string[] };
}

export interface PlannedBackendTls {
  tls: BackendTls;
  /** The entries that it names. */
  trusted?: InspectedCertificate;
  certificate?: InspectedCertificate;
}

/** Depth of nginx where none is said. */
const usualDepth = 1;

/** Undefined: as the engine does it for all. 'closed': it can't be done as asked; there is a finding. */
export function planBackendTls(values: AnnotationValues, source: BackendTlsSource): PlannedBackendTls | 'closed' | undefined {
  const protocol = values['backend-protocol'] ?? 'HTTP';
  const verify = values['proxy-ssl-verify'] === 'on';
  if (protocol !== 'HTTPS' && protocol !== 'GRPCS') return verify ? closed(source, `proxy-ssl-verify: needs backend-protocol HTTPS or GRPCS; it is ${protocol}`) : undefined;
  const found = contentOf(values['proxy-ssl-secret'], source);
  if ('problem' in found) return closed(source, `proxy-ssl-secret: ${found.problem}`, found.kind);
  const judged = verify ? judgedBy(values, found) : {};
  if (typeof judged === 'string') return closed(source, `proxy-ssl-verify: ${judged}`);
  const { trusted, certificate } = found;
  const tls: BackendTls = { ...judged, ...serverNameOf(values), ...(certificate && { certificate: certificate.id }), ...values['proxy-ssl-protocols'], ...given('ciphers', values['proxy-ssl-ciphers']) };
  if (Object.keys(tls).length === 0) return undefined;
  const whole: BackendTls = { ...tls, ...(protocol === 'GRPCS' && { http2: true }), ...given('connectSeconds', values['proxy-connect-timeout']) };
  return { tls: whole, ...(verify && given('trusted', trusted)), ...given('certificate', certificate) };
}

function judgedBy(values: AnnotationValues, { trusted }: Content): Pick<BackendTls, 'verify'> | string {
  const name = values['proxy-ssl-name'];
  if (trusted === undefined) return 'needs proxy-ssl-secret with ca.crt';
  return name === undefined ? 'needs proxy-ssl-name, the name in the certificate of the backend' : { verify: { trusted: idOfTrusted(trusted), depth: values['proxy-ssl-verify-depth'] ?? usualDepth, name } };
}

/** Authorities with lists are others than those without. */
export function idOfTrusted({ id, revocations }: InspectedCertificate): string {
  return revocations?.id ?? id;
}

/** A port is no part of a name, and what depends on the request is none. */
function serverNameOf(values: AnnotationValues): Pick<BackendTls, 'serverName'> {
  const name = values['proxy-ssl-name'] ?? values['upstream-vhost']?.split(':')[0];
  return values['proxy-ssl-server-name'] === 'on' && name !== undefined && backendName.test(name) ? { serverName: name } : {};
}

interface Content {
  trusted?: InspectedCertificate;
  certificate?: InspectedCertificate;
}

/** What the Secret holds, or why that is not what it should be. */
function contentOf(reference: string | undefined, source: BackendTlsSource): Content | SecretProblem {
  if (reference === undefined) return {};
  const key = ownKey(reference, source.namespace);
  if (key === undefined) return { kind: 'protection-not-supported', problem: `${quote(reference)} names a Secret of another namespace` };
  source.notes.secrets.push(key);
  const secret = secretOf(key, source.secrets);
  if ('problem' in secret) return secret;
  const { data = {} } = secret;
  const certificate = pairOf(data, source.inspect);
  if (certificate !== undefined && 'problem' in certificate) return { kind: 'secret-invalid', problem: `Secret ${key}: ${certificate.problem}` };
  const trusted = data['ca.crt'] === undefined ? undefined : inspectAuthorities(data, source.inspect);
  if (trusted !== undefined && 'problem' in trusted) return { kind: 'secret-invalid', problem: `Secret ${key} has no usable authorities (ca.crt, ca.crl): ${trusted.problem}` };
  return { ...given('trusted', trusted), ...given('certificate', certificate) };
}

function pairOf(data: NonNullable<Secret['data']>, inspect: InspectCertificate): ReturnType<InspectCertificate> | undefined {
  const { 'tls.crt': chain, 'tls.key': key } = data;
  return chain === undefined && key === undefined ? undefined : inspect(decodeSecret(chain), decodeSecret(key));
}

function closed({ object, notes }: BackendTlsSource, why: string, kind: FindingKind = 'protection-not-supported'): 'closed' {
  notes.findings.push(finding(kind, object, `annotation ${why}; requests are answered with 503 rather than sent to a backend without it`));
  return 'closed';
}
