// Which Ingresses a migration is about: by the class that has them, the value of the old annotation, namespace, label or name.
// It leaves out what is not a person's: cert-manager's solver Ingresses come and go by themselves.

import type { Ingress } from '../core/kubernetes-objects.js';
import { type LabelRequirement, matchesLabels } from '../core/label-selector.js';
import { compareText } from '../core/order.js';
import type { Ownership } from '../core/resolve-owner.js';
import { classAnnotation } from '../core/resolve-reference.js';

/** All that is given must hold; nothing given selects everything. */
export interface Selection {
  /** Class that owns the Ingress now, or that its field names though nobody here owns it. */
  from?: string;
  /** Value of kubernetes.io/ingress.class. */
  annotation?: string;
  namespaces?: readonly string[];
  labels?: readonly LabelRequirement[];
  /** `namespace/name`. */
  names?: readonly string[];
}

/** The label that cert-manager puts on the Ingress of an HTTP-01 challenge. */
export const solverLabel = 'acme.cert-manager.io/http01-solver';

export function isSolver({ metadata }: Ingress): boolean {
  return metadata.labels?.[solverLabel] !== undefined;
}

export interface Owned {
  ingress: Ingress;
  ownership: Pick<Ownership, 'owner'>;
}

/** Keys of the selected Ingresses, sorted. Solver Ingresses are none of them, whatever is asked for. */
export function selectIngresses(plans: ReadonlyMap<string, Owned>, selection: Selection): string[] {
  return [...plans].filter(([key, plan]) => !isSolver(plan.ingress) && isSelected(key, plan, selection)).map(([key]) => key).sort(compareText);
}

/** Whether one Ingress is among those of the selection. */
export function isSelected(key: string, plan: Owned, { names, namespaces, ...rest }: Selection): boolean {
  const { namespace = '' } = plan.ingress.metadata;
  if (names?.includes(key) === false || namespaces?.includes(namespace) === false) return false;
  return meets(plan, rest);
}

function meets({ ingress: { metadata, spec }, ownership }: Owned, { from, annotation, labels }: Selection): boolean {
  if (from !== undefined && (ownership.owner ?? spec?.ingressClassName) !== from) return false;
  if (annotation !== undefined && metadata.annotations?.[classAnnotation] !== annotation) return false;
  return labels === undefined || matchesLabels(labels, metadata.labels);
}
