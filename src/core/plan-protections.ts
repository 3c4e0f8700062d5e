// Everything of an Ingress's annotations that keeps requests out and takes other objects to carry out: passwords, another
// server's verdict. One that can't be carried out closes the routes, whatever the others say.

import type { Policy } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import type { Finding } from './finding.js';
import { planBasicAuth } from './plan-basic-auth.js';
import { type PlannedExternalAuth, planExternalAuth } from './plan-external-auth.js';
import type { Snapshot } from './snapshot.js';

export interface ProtectionSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  snapshot: Pick<Snapshot, 'services' | 'passwordSecrets'>;
  notes: { findings: Finding[]; services: string[]; secrets: string[] };
}

export interface Protections {
  policy: Pick<Policy, 'basic' | 'external' | 'satisfyAny'>;
  /** The Service that is asked before requests go on. */
  asks?: PlannedExternalAuth['want'];
}

/** What the policy of the Ingress's routes asks for, or 'closed'; then there is a finding. */
export function planProtections(values: AnnotationValues, { object, namespace, snapshot, notes }: ProtectionSource): Protections | 'closed' {
  const basic = planBasicAuth(values, { object, namespace, secrets: snapshot.passwordSecrets, notes });
  const asked = planExternalAuth(values, { object, services: snapshot.services, notes });
  if (basic === 'closed' || asked === 'closed') return 'closed';
  return {
    policy: { ...(basic && { basic }), ...(asked && { external: asked.external }), ...(values.satisfy === 'any' && { satisfyAny: true }) },
    ...(asked?.want && { asks: asked.want }),
  };
}
