// What one Ingress asks for, seen on its own: who owns it, its paths host by host, its certificates, and on which other
// objects all that depends. What it gets beside other Ingresses is decided where those meet (class-state.ts).

import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import type { ClientAuthority, RevokedBy } from '../route-table/types.js';
import { type CertificateSource, planCertificates } from './plan-certificates.js';
import type { WantedPath } from './build-host.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { Claim } from './claim.js';
import { type Finding, finding } from './finding.js';
import { type Ingress, type ServicePort, objectKey } from './kubernetes-objects.js';
import { extraHosts } from './extra-hosts.js';
import { planPaths } from './plan-paths.js';
import { readWithDefaults } from './read-with-defaults.js';
import { type Ownership, resolveOwner } from './resolve-owner.js';
import { classAnnotation } from './resolve-reference.js';
import { sharedList } from './shared-values.js';
import { type Shard, hasHost, hostOfEntry, speakingHost } from './shard.js';
import type { Snapshot } from './snapshot.js';

/** What an Ingress wants of one entry of its class's table. */
export type Want =
  | { of: 'host'; paths: WantedPath[] }
  | { of: 'service'; service: string; port: ServicePort; clusterIp?: string; externalName?: string }
  /** `alias`: a host that no rule of the Ingress names; one that a rule of another names is that one's. */
  | { of: 'server-name'; certificate: InspectedCertificate; alias?: true }
  | { of: 'certificate'; certificate: InspectedCertificate }
  | { of: 'clients'; authority: ClientAuthority; alias?: true }
  /** Whole connections for the host are to go to whoever has its path `/`, as this Ingress. */
  | { of: 'passthrough' }
  | { of: 'trusted'; trusted: string; lists?: string }
  | { of: 'revoked'; lists: RevokedBy[] };

export interface IngressPlan {
  ingress: Ingress;
  ownership: Ownership;
  /** By entry key; empty unless the Ingress is owned. */
  wants: ReadonlyMap<string, Want>;
  findings: readonly Finding[];
  /** False when another share of the class does: then findings, counts and status are its task. */
  speaksFor: boolean;
  /** Keys of the objects that the plan was made from, by kind. */
  dependsOn: Readonly<Record<'ingressClasses' | 'namespaces' | 'services' | 'secrets' | 'configMaps', readonly string[]>>;
  /** Classes whose settings had a part in it: those that the Ingress could mean. */
  classes: readonly string[];
  /** It could not be planned: this stands in for its plan. With the last one that could be, of the same object and class. */
  failed?: { good: IngressPlan | undefined };
}

/** Whose an Ingress is, and the claim that it is planned for. */
export interface PlannedAs {
  ownership: Ownership;
  claim: Claim | undefined;
}

export interface PlanningContext {
  claims: readonly Claim[];
  snapshot: Snapshot;
  inspect: InspectCertificate;
  lastGood?: CertificateSource['lastGood'];
}

/** Plans one Ingress. `notes` is filled on the way, for whoever has to know how far it came. */
export function planIngress(ingress: Ingress, context: PlanningContext, notes: Notes = { findings: [], services: [], secrets: [], configMaps: [] }): IngressPlan {
  const ownership = resolveOwner(ingress, context.claims, context.snapshot);
  return planFor(ingress, { ownership, claim: context.claims.find((one) => one.class === ownership.owner) }, context, notes);
}

/** Plans one Ingress as if `claim` had it, whoever its owner is; without a claim, as nobody's. */
export function planFor(ingress: Ingress, { ownership, claim }: PlannedAs, context: PlanningContext, notes: Notes): IngressPlan {
  notes.findings.push(...ownership.findings);
  const wants = new Map<string, Want>();
  if (claim !== undefined) {
    const read = readWithDefaults(ingress, claim);
    const extra = extraHosts(ingress, read.values);
    wantCertificates(wants, ingress, { ...context, extra: [...extra.aliases, ...extra.counterparts.map(({ from }) => from)] }, notes);
    planPaths(wants, ingress, { read, extra, settings: claim.settings, passes: claim.sslPassthrough === true, snapshot: context.snapshot, inspect: context.inspect, notes });
    if (claim.shard !== undefined) keepShare(wants, claim.shard);
  }
  const speaksFor = hasHost(claim?.shard, speakingHost(ingress));
  const findings = speaksFor && notes.findings.length > 0 ? notes.findings : noFindings;
  const dependsOn = {
    ingressClasses: sharedList(namedClasses(ingress)), namespaces: sharedList([ingress.metadata.namespace ?? '']),
    services: sharedList(notes.services), secrets: sharedList(notes.secrets), configMaps: sharedList(notes.configMaps),
  };
  return { ingress, ownership, wants, findings, dependsOn, speaksFor, classes: sharedList(meantClasses(ingress, context.claims)) };
}

const noFindings: readonly Finding[] = Object.freeze([]);

/** What is left of a plan's wants in one share: its hosts; what only they led to is not asked for by anybody then. */
export function keepShare(wants: Map<string, Want>, shard: Shard): void {
  for (const key of wants.keys()) {
    const host = hostOfEntry(key);
    if (host !== undefined && !hasHost(shard, host)) wants.delete(key);
  }
  if (![...wants.keys()].some((key) => hostOfEntry(key) !== undefined)) wants.clear();
}

/** Both values count, also the overruled one: which of them wins is a setting of each claim. */
function namedClasses({ metadata, spec }: Ingress): string[] {
  return [metadata.annotations?.[classAnnotation], spec?.ingressClassName].filter((name) => name !== undefined && name !== '') as string[];
}

/** Every class that could be meant, whatever each claim's precedence makes of it. */
function meantClasses(ingress: Ingress, claims: readonly Claim[]): string[] {
  const names = namedClasses(ingress);
  const meant = claims.filter(({ class: name, annotationValues, claimClassless }) =>
    names.length === 0 ? claimClassless : names.includes(name) || annotationValues.some((value) => names.includes(value)));
  return meant.map((claim) => claim.class);
}

export interface Notes {
  findings: Finding[];
  /** Keys of the Services, Secrets and ConfigMaps that were asked for. */
  services: string[];
  secrets: string[];
  configMaps: string[];
}

function wantCertificates(wants: Map<string, Want>, ingress: Ingress, { snapshot, inspect, lastGood, extra }: PlanningContext & { extra: readonly string[] }, notes: Notes): void {
  for (const { name, certificate } of planCertificates(ingress, extra, { secrets: snapshot.secrets, inspect, ...(lastGood && { lastGood }) }, notes)) {
    const known = wants.get(serverNameKey(name));
    if (known?.of === 'server-name' && known.certificate.id !== certificate.id) {
      notes.findings.push(finding('server-name-taken', `Ingress ${objectKey(ingress)}`, `host ${name} is in two tls entries with different Secrets; the first one is served`));
      continue;
    }
    wants.set(serverNameKey(name), { of: 'server-name', certificate, ...(extra.includes(name) && { alias: true }) });
    wants.set(certificateKey(certificate.id), { of: 'certificate', certificate });
  }
}
