// What one Ingress asks for, seen on its own: who owns it, its paths host by host, its certificates, and on which other
// objects all that depends. What it gets beside other Ingresses is decided where those meet (class-state.ts).

import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import { planCertificates } from './plan-certificates.js';
import type { WantedPath } from './build-host.js';
import type { InspectCertificate, InspectedCertificate } from './inspect-certificate.js';
import type { Claim } from './claim.js';
import { type Finding, finding } from './finding.js';
import { type Ingress, type ServicePort, objectKey } from './kubernetes-objects.js';
import { planPaths } from './plan-paths.js';
import { type Ownership, resolveOwner } from './resolve-owner.js';
import { classAnnotation } from './resolve-reference.js';
import type { Snapshot } from './snapshot.js';

/** What an Ingress wants of one entry of its class's table. */
export type Want =
  | { of: 'host'; paths: WantedPath[] }
  | { of: 'service'; service: string; port: ServicePort }
  | { of: 'server-name'; certificate: InspectedCertificate }
  | { of: 'certificate'; certificate: InspectedCertificate };

export interface IngressPlan {
  ingress: Ingress;
  ownership: Ownership;
  /** By entry key; empty unless the Ingress is owned. */
  wants: ReadonlyMap<string, Want>;
  findings: readonly Finding[];
  /** Keys of the objects that the plan was made from, by kind. */
  dependsOn: { ingressClasses: string[]; namespaces: string[]; services: string[]; secrets: string[] };
}

export interface PlanningContext {
  claims: readonly Claim[];
  snapshot: Snapshot;
  inspect: InspectCertificate;
}

/** Plans one Ingress. */
export function planIngress(ingress: Ingress, context: PlanningContext): IngressPlan {
  const ownership = resolveOwner(ingress, context.claims, context.snapshot);
  const notes: Notes = { findings: [...ownership.findings], services: [], secrets: [] };
  const wants = new Map<string, Want>();
  if (ownership.owner !== undefined) {
    wantCertificates(wants, ingress, context, notes);
    const annotationPrefix = context.claims.find((claim) => claim.class === ownership.owner)?.annotationPrefix;
    planPaths(wants, ingress, { annotationPrefix, snapshot: context.snapshot, notes });
  }
  const { findings, services, secrets } = notes;
  const dependsOn = { ingressClasses: namedClasses(ingress), namespaces: [ingress.metadata.namespace ?? ''], services, secrets };
  return { ingress, ownership, wants, findings, dependsOn };
}

/** Both values count, also the overruled one: which of them wins is a setting of each claim. */
function namedClasses({ metadata, spec }: Ingress): string[] {
  return [metadata.annotations?.[classAnnotation], spec?.ingressClassName].filter((name) => name !== undefined && name !== '') as string[];
}

interface Notes {
  findings: Finding[];
  /** Keys of the Services and Secrets that were asked for. */
  services: string[];
  secrets: string[];
}

function wantCertificates(wants: Map<string, Want>, ingress: Ingress, { snapshot, inspect }: PlanningContext, notes: Notes): void {
  for (const { name, certificate } of planCertificates(ingress, { secrets: snapshot.secrets, inspect }, notes)) {
    const known = wants.get(serverNameKey(name));
    if (known?.of === 'server-name' && known.certificate.id !== certificate.id) {
      notes.findings.push(finding('server-name-taken', `Ingress ${objectKey(ingress)}`, `host ${name} is in two tls entries with different Secrets; the first one is served`));
      continue;
    }
    wants.set(serverNameKey(name), { of: 'server-name', certificate });
    wants.set(certificateKey(certificate.id), { of: 'certificate', certificate });
  }
}
