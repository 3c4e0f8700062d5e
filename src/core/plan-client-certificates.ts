// Which clients an Ingress lets in by their certificates, out of the Secret that it names. Whatever is missing or can't be read
// closes its routes: a certificate that can't be verified must not become none.

import type { ClientAuthority, ClientCertificates } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, type FindingKind, finding, quote } from './finding.js';
import { given } from './given.js';
import type { InspectCertificate, InspectedCertificate, InspectedRevocations } from './inspect-certificate.js';
import type { Secret } from './kubernetes-objects.js';
import { mostRevoked } from './limits.js';
import { ownKey } from './own-object.js';
import { type SecretProblem, inspectAuthorities, secretOf } from './secret-of.js';

export interface ClientCertificateSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  /** Of type kubernetes.io/tls, and of type Opaque. */
  secrets: readonly ReadonlyMap<string, Secret>[];
  inspect: InspectCertificate;
  notes: { findings: Finding[]; secrets: string[] };
}

export interface PlannedClientCertificates {
  clients: ClientCertificates;
  /** What the handshake is to ask for on each host of the Ingress. */
  authority: ClientAuthority;
  /** Which certificates of the authority's count no more. */
  revocations?: InspectedRevocations;
}

/** Undefined: no certificate is asked for. 'closed': one is, and can't be verified; there is a finding. */
export function planClientCertificates(values: AnnotationValues, source: ClientCertificateSource): PlannedClientCertificates | 'closed' | undefined {
  const reference = values['auth-tls-secret'];
  const verify = values['auth-tls-verify-client'] ?? 'on';
  if (verify === 'off') return undefined;
  if (reference === undefined) return values['auth-tls-verify-client'] === undefined && values['auth-tls-match-cn'] === undefined ? undefined : closed(source, 'auth-tls-secret: is missing');
  const key = ownKey(reference, source.namespace);
  if (key === undefined) return closed(source, `auth-tls-secret: ${quote(reference)} names a Secret of another namespace`);
  source.notes.secrets.push(key);
  const found = authoritiesOf(key, source);
  if ('problem' in found) return closed(source, `auth-tls-secret: ${found.problem}`, found.kind);
  const depth = values['auth-tls-verify-depth'] ?? 1;
  const { id, chain, revocations } = found;
  if (revocations?.leftOut !== undefined) source.notes.findings.push(listsLeftOut(key, revocations.leftOut, source));
  return { authority: { authority: id, chain, depth }, clients: { authority: id, depth, verify, ...judgedBy(values), ...given('revoked', revocations?.id) }, ...given('revocations', revocations) };
}

/** While one of these would count, its authority has none: whoever it has signed is refused. */
function listsLeftOut(key: string, number: number, { object }: ClientCertificateSource): Finding {
  return finding('unsupported-annotation', object, `annotation auth-tls-secret: the lists in ca.crl of Secret ${key} name more than ${mostRevoked} certificates together; the oldest ${number} of them are left out, and at times when only these would count certificates are answered with 400`);
}

function judgedBy(values: AnnotationValues): Pick<ClientCertificates, 'subject' | 'errorPage' | 'pass'> {
  const subject = values['auth-tls-match-cn'];
  const errorPage = values['auth-tls-error-page'];
  return {
    ...(subject === undefined ? {} : { subject }), ...(errorPage === undefined ? {} : { errorPage }),
    ...(values['auth-tls-pass-certificate-to-upstream'] === true ? { pass: true } : {}),
  };
}

function authoritiesOf(key: string, { secrets, inspect }: ClientCertificateSource): InspectedCertificate | SecretProblem {
  const secret = secretOf(key, secrets);
  if ('problem' in secret) return secret;
  const { data = {} } = secret;
  if (data['ca.crt'] === undefined) return { kind: 'secret-invalid', problem: `Secret ${key} has no ca.crt` };
  const inspected = inspectAuthorities(data, inspect);
  return 'problem' in inspected ? { kind: 'secret-invalid', problem: `Secret ${key} has no usable authorities (ca.crt, ca.crl): ${inspected.problem}` } : inspected;
}

function closed({ object, notes }: ClientCertificateSource, why: string, kind: FindingKind = 'protection-not-supported'): 'closed' {
  notes.findings.push(finding(kind, object, `annotation ${why}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}
