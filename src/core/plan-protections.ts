// Everything of an Ingress's annotations that keeps requests out and takes other objects to carry out: passwords, another
// server's verdict, client certificates, proof of backends. One that can't be carried out closes the routes, whatever the others say.

import type { ClientCertificates, Policy } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import type { ClassSettings } from './class-settings.js';
import type { Finding } from './finding.js';
import { given } from './given.js';
import type { InspectCertificate } from './inspect-certificate.js';
import { type PlannedBackendTls, planBackendTls } from './plan-backend-tls.js';
import { planBasicAuth } from './plan-basic-auth.js';
import { type PlannedClientCertificates, planClientCertificates } from './plan-client-certificates.js';
import { type PlannedExternalAuth, planExternalAuth } from './plan-external-auth.js';
import type { Snapshot } from './snapshot.js';

export interface ProtectionSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  snapshot: Pick<Snapshot, 'services' | 'secrets' | 'passwordSecrets' | 'configMaps'>;
  inspect: InspectCertificate;
  settings: ClassSettings | undefined;
  /** Whether the Ingress itself says whom to ask (auth-url), not the class. */
  asksItself: boolean;
  notes: { findings: Finding[]; services: string[]; secrets: string[]; configMaps: string[] };
}

export interface Protections {
  policy: Pick<Policy, 'basic' | 'external' | 'satisfyAny' | 'tls'>;
  /** Kept apart: they count for all paths of a host that the namespace has, also when the rest is closed. */
  ofHost?: { clients: ClientCertificates | 'closed' };
  /** What verifies certificates of clients. */
  clientProof?: Pick<PlannedClientCertificates, 'authority' | 'revocations'>;
  /** The Service that is asked before requests go on. */
  asks?: PlannedExternalAuth['want'];
  /** What a server outside of the cluster has to prove itself by. */
  asksTrusted?: PlannedExternalAuth['trusted'];
  /** What TLS to the backends takes. */
  backendTls?: Pick<PlannedBackendTls, 'trusted' | 'certificate'>;
  /** Something can't be carried out; there is a finding. */
  closed: boolean;
}

/** What the policy of the Ingress's routes asks for. */
export function planProtections(values: AnnotationValues, { object, namespace, snapshot, inspect, settings, asksItself, notes }: ProtectionSource): Protections {
  const secrets = [snapshot.secrets, snapshot.passwordSecrets];
  const basic = planBasicAuth(values, { object, namespace, secrets: snapshot.passwordSecrets, notes });
  const asked = planExternalAuth(values, { object, namespace, services: snapshot.services, secrets, inspect, configMaps: snapshot.configMaps, settings, isOwn: asksItself, notes });
  const certificates = planClientCertificates(values, { object, namespace, secrets, inspect, notes });
  const backend = planBackendTls(values, { object, namespace, secrets, inspect, notes });
  const clients = ofClients(certificates);
  if (basic === 'closed' || asked === 'closed' || backend === 'closed') return { policy: {}, ...clients, closed: true };
  return {
    policy: { ...(basic && { basic }), ...(asked && { external: asked.external }), ...(values.satisfy === 'any' && { satisfyAny: true }), ...(backend && { tls: backend.tls }) },
    ...clients, ...(backend && { backendTls: backend }), ...given('asks', asked?.want), ...given('asksTrusted', asked?.trusted), closed: certificates === 'closed',
  };
}

function ofClients(planned: ReturnType<typeof planClientCertificates>): Pick<Protections, 'ofHost' | 'clientProof'> {
  if (planned === undefined) return {};
  return planned === 'closed' ? { ofHost: { clients: planned } } : { ofHost: { clients: planned.clients }, clientProof: planned };
}
