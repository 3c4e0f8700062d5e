// Which certificate each server name of a class is served with, out of the Secrets that its Ingresses name.

import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import type { ClassTable } from '../route-table/types.js';
import { type Finding, finding } from './finding.js';
import { coversHost, normalizeHost } from './host-name.js';
import { type Ingress, type Secret, objectKey } from './kubernetes-objects.js';

/** What a look into a TLS Secret's data gives: it needs cryptography, which the core has not, so it is passed in. */
export type InspectCertificate = (chain: string, key: string) =>
  | { id: string; chain: string; key: string; names: readonly string[] }
  | { problem: string };

/** Where certificates come from: the Secrets, and the means to look into them. */
export interface CertificateSource {
  secrets: ReadonlyMap<string, Secret>;
  inspect: InspectCertificate;
}

/**
 * Adds the certificates of one Ingress to the class table. A name that an older Ingress has is left to it. A certificate
 * serves only hosts that the Ingress has rules for, so nobody can put one before a foreign host.
 */
export function addCertificates(table: ClassTable, ingress: Ingress, source: CertificateSource): Finding[] {
  const findings: Finding[] = [];
  const own = ruleHosts(ingress);
  for (const { secretName, hosts = [] } of ingress.spec?.tls ?? []) {
    if (secretName === undefined || secretName === '') continue;
    const certificate = findCertificate(ingress, secretName, source);
    if ('finding' in certificate) {
      findings.push(certificate.finding);
      continue;
    }
    const wanted = hosts.length === 0 ? own.filter((host) => covers(certificate.names, host)) : hosts;
    const { names, problems } = serverNames(ingress, wanted, own);
    findings.push(...problems, ...serveNames(table, names, certificate, ingress));
    table.set(certificateKey(certificate.id), { chain: certificate.chain, key: certificate.key });
  }
  return findings;
}

type Found = Exclude<ReturnType<InspectCertificate>, { problem: string }> | { finding: Finding };

function findCertificate(ingress: Ingress, secretName: string, { secrets, inspect }: CertificateSource): Found {
  const object = `Ingress ${objectKey(ingress)}`;
  const name = `${ingress.metadata.namespace}/${secretName}`;
  const secret = secrets.get(name);
  if (secret === undefined) {
    return { finding: finding('secret-missing', object, `TLS Secret ${name} does not exist or is not of type kubernetes.io/tls; create it with kubectl create secret tls`) };
  }
  const inspected = inspect(decode(secret.data?.['tls.crt']), decode(secret.data?.['tls.key']));
  if (!('problem' in inspected)) return inspected;
  return { finding: finding('secret-invalid', object, `TLS Secret ${name}: ${inspected.problem}`) };
}

/** Base64 as the Secret API carries it; what is none gives text that no certificate is. */
function decode(base64: string | undefined): string {
  try {
    return atob(base64 ?? '');
  } catch {
    return '';
  }
}

function ruleHosts(ingress: Ingress): string[] {
  return (ingress.spec?.rules ?? []).map(({ host }) => normalizeHost(host ?? '')).filter((host) => host !== undefined);
}

/** The names among `wanted` that the Ingress may be served under: those of its rules, or the rules a wildcard covers. */
function serverNames(ingress: Ingress, wanted: readonly string[], own: readonly string[]): { names: string[]; problems: Finding[] } {
  const object = `Ingress ${objectKey(ingress)}`;
  const names = new Set<string>();
  const problems: Finding[] = [];
  for (const host of wanted) {
    const name = normalizeHost(host);
    const allowed = name === undefined ? [] : own.filter((rule) => coversHost(name, rule));
    if (allowed.length === 0) {
      problems.push(finding('host-not-in-rules', object, `tls host ${JSON.stringify(host)} is in none of the rules; its certificate is not served for it`));
    }
    for (const rule of allowed) names.add(rule);
  }
  return { names: [...names], problems };
}

function serveNames(table: ClassTable, names: readonly string[], certificate: { id: string; names: readonly string[] }, ingress: Ingress): Finding[] {
  const object = `Ingress ${objectKey(ingress)}`;
  const findings: Finding[] = [];
  for (const name of names) {
    const key = serverNameKey(name);
    const present = table.get(key);
    if (present !== undefined && 'certificate' in present && present.certificate !== certificate.id) {
      findings.push(finding('server-name-taken', object, `host ${name} already has the certificate of an older Ingress; use the same Secret`));
      continue;
    }
    if (!covers(certificate.names, name)) {
      findings.push(finding('certificate-does-not-cover-host', object, `the certificate is not valid for ${name} but for ${certificate.names.slice(0, 5).join(', ')}`));
    }
    table.set(key, { certificate: certificate.id });
  }
  return findings;
}

function covers(names: readonly string[], host: string): boolean {
  return names.some((name) => coversHost(name.toLowerCase(), host));
}
