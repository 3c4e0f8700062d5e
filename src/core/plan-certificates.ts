// Which server names an Ingress may have a certificate for, and which one it names for each.

import { type Finding, finding, quote } from './finding.js';
import { coversHost, normalizeHost } from './host-name.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import { type Ingress, type Secret, objectKey } from './kubernetes-objects.js';

const tlsType = 'kubernetes.io/tls';

/** One server name that an Ingress wants to be served under, and with what. */
export interface CertificateWish {
  name: string;
  certificate: InspectedCertificate;
}

/** Where certificates come from: the Secrets, and the means to look into them. */
export interface CertificateSource {
  secrets: ReadonlyMap<string, Secret>;
  inspect: InspectCertificate;
  /** By key of the Secret: the last pair of it that was good. Kept up to date here. */
  lastGood?: Map<string, InspectedCertificate>;
}

export interface CertificateNotes {
  findings: Finding[];
  /** Keys of the Secrets that were asked for. */
  secrets: string[];
}

/**
 * The certificates of one Ingress. A certificate serves only hosts that the Ingress has rules for, so that nobody can put one
 * before a foreign host; and those `extra` ones that it is served under besides (extra-hosts.ts).
 */
export function planCertificates(ingress: Ingress, extra: readonly string[], source: CertificateSource, notes: CertificateNotes): CertificateWish[] {
  const wishes: CertificateWish[] = [];
  const rules = ruleHosts(ingress);
  const own = [...rules, ...extra];
  const named = namedHosts(ingress);
  for (const { secretName, hosts = [] } of ingress.spec?.tls ?? []) {
    if (secretName === undefined || secretName === '') continue;
    notes.secrets.push(`${ingress.metadata.namespace}/${secretName}`);
    const { certificate, problem } = findCertificate(ingress, secretName, source);
    if (problem !== undefined) notes.findings.push(problem);
    if (certificate === undefined) continue;
    const covered = (some: readonly string[]): string[] => some.filter((host) => covers(certificate, host));
    const isFree = (host: string): boolean => !named.has(host) && !wishes.some(({ name }) => name === host);
    const wanted = [...(hosts.length === 0 ? covered(rules) : hosts), ...covered(extra).filter(isFree)];
    for (const name of serverNames(ingress, wanted, own, notes.findings)) {
      if (!covers(certificate, name)) notes.findings.push(uncovered(ingress, name, certificate));
      wishes.push({ name, certificate });
    }
  }
  return wishes;
}

/** Hosts that tls entries name: what merely covers one of them comes after. */
function namedHosts({ spec }: Ingress): ReadonlySet<string | undefined> {
  return new Set((spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts.map(normalizeHost)));
}

/** What a TLS Secret has to serve: its pair, or the last good one while what it holds now is broken; and what is wrong with it. */
export function findCertificate(ingress: Ingress, secretName: string, { secrets, inspect, lastGood }: CertificateSource): { certificate?: InspectedCertificate; problem?: Finding } {
  const object = `Ingress ${objectKey(ingress)}`;
  const name = `${ingress.metadata.namespace}/${secretName}`;
  const secret = secrets.get(name);
  if (secret === undefined || (secret.type ?? tlsType) !== tlsType) {
    return { problem: finding('secret-missing', object, `TLS Secret ${name} does not exist or is not of type kubernetes.io/tls; create it with kubectl create secret tls`) };
  }
  const inspected = inspect(decodeSecret(secret.data?.['tls.crt']), decodeSecret(secret.data?.['tls.key']));
  if (!('problem' in inspected)) {
    lastGood?.set(name, inspected);
    return { certificate: inspected };
  }
  const kept = lastGood?.get(name);
  const message = `TLS Secret ${name}: ${inspected.problem}`;
  if (kept === undefined) return { problem: finding('secret-invalid', object, message) };
  return { certificate: kept, problem: finding('last-certificate-kept', object, `${message}; until it is mended the certificate that it held before is served`) };
}

/** Base64 as the Secret API carries it; what is none gives text that no certificate is. */
export function decodeSecret(base64: string | undefined): string {
  try {
    return atob(base64 ?? '');
  } catch {
    return '';
  }
}

function ruleHosts(ingress: Ingress): string[] {
  return (ingress.spec?.rules ?? []).map(({ host }) => normalizeHost(host ?? '')).filter((host) => host !== undefined);
}

/** The names among `wanted` that the Ingress may be served under: those of its rules, or the rules that a wildcard covers. */
function serverNames(ingress: Ingress, wanted: readonly string[], own: readonly string[], findings: Finding[]): Set<string> {
  const names = new Set<string>();
  for (const host of wanted) {
    const name = normalizeHost(host);
    const allowed = name === undefined ? [] : own.filter((rule) => coversHost(name, rule));
    if (allowed.length === 0) {
      const message = `tls host ${quote(host)} is in none of the rules; its certificate is not served for it`;
      findings.push(finding('host-not-in-rules', `Ingress ${objectKey(ingress)}`, message));
    }
    for (const rule of allowed) names.add(rule);
  }
  return names;
}

function covers({ names }: InspectedCertificate, host: string): boolean {
  return names.some((name) => coversHost(name.toLowerCase(), host));
}

function uncovered(ingress: Ingress, name: string, { names }: InspectedCertificate): Finding {
  const message = `the certificate is not valid for ${name} but for ${names.slice(0, 5).join(', ')}`;
  return finding('certificate-does-not-cover-host', `Ingress ${objectKey(ingress)}`, message);
}
