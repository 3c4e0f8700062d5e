// How an Ingress names another class: the change as a merge patch, and the Ingress as it is then. What it named before is noted
// on it, so that the way back leads to exactly that, whoever goes it. It writes nothing.

import type { Ingress } from '../core/kubernetes-objects.js';
import { classAnnotation } from '../core/resolve-reference.js';

/** Where an Ingress names its class. Left out or empty: it does not. */
export interface ClassNames {
  annotation?: string;
  field?: string;
}

/** The annotation that notes how the Ingress named its class before: JSON of ClassNames. */
export const formerClassAnnotation = 'ingress-arbiter.io/former-class';

/** `same`: where it names a class now, in both places when in both. `field`: in spec.ingressClassName alone. */
export type NamingPlace = 'same' | 'field';

/** RFC 7386: null removes. */
export interface ClassPatch {
  metadata?: { annotations: Record<string, string | null> };
  spec?: { ingressClassName: string | null };
}

/** How an Ingress names its class now. */
export function classNamesOf({ metadata, spec }: Ingress): ClassNames {
  const annotation = metadata.annotations?.[classAnnotation];
  const field = spec?.ingressClassName;
  return { ...(annotation !== undefined && { annotation }), ...(field !== undefined && { field }) };
}

/** The names by which it asks for `to`. */
export function namesFor(to: string, now: ClassNames, place: NamingPlace): ClassNames {
  if (place === 'field' || (now.annotation ?? '') === '') return { field: to };
  return (now.field ?? '') === '' ? { annotation: to } : { annotation: to, field: to };
}

/** The patch from one pair of names to another; empty parts are left out. */
export function namesPatch(from: ClassNames, to: ClassNames): ClassPatch {
  return {
    ...(from.annotation !== to.annotation && { metadata: { annotations: { [classAnnotation]: to.annotation ?? null } } }),
    ...(from.field !== to.field && { spec: { ingressClassName: to.field ?? null } }),
  };
}

/** The patch with which `ingress` asks for `to` and notes how it asked before; a note that is there already stays. */
export function retargetPatch(ingress: Ingress, to: string, place: NamingPlace): ClassPatch {
  const now = classNamesOf(ingress);
  const patch = namesPatch(now, namesFor(to, now, place));
  const note: Record<string, string> = ingress.metadata.annotations?.[formerClassAnnotation] === undefined ? { [formerClassAnnotation]: JSON.stringify(now) } : {};
  const annotations = { ...patch.metadata?.annotations, ...note };
  return { ...patch, ...(Object.keys(annotations).length > 0 && { metadata: { annotations } }) };
}

/** What the note says; undefined when there is none, or it is not readable: whoever may edit the Ingress may write it. */
export function formerNames({ metadata }: Ingress): ClassNames | undefined {
  try {
    const value = JSON.parse(metadata.annotations?.[formerClassAnnotation] ?? 'null') as Record<string, unknown> | null;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    const { annotation, field } = value;
    if (![annotation, field].every((one) => one === undefined || typeof one === 'string')) return undefined;
    return { ...(annotation !== undefined && { annotation: annotation as string }), ...(field !== undefined && { field: field as string }) };
  } catch {
    return undefined;
  }
}

/** The Ingress as the API server would have it after the patch. */
export function patched(ingress: Ingress, patch: ClassPatch): Ingress {
  const annotations: Record<string, string> = { ...ingress.metadata.annotations };
  for (const [key, value] of Object.entries(patch.metadata?.annotations ?? {})) {
    if (value === null) delete annotations[key];
    else annotations[key] = value;
  }
  const { ingressClassName: now, ...spec } = ingress.spec ?? {};
  const field = patch.spec === undefined ? now : patch.spec.ingressClassName ?? undefined;
  return { ...ingress, metadata: { ...ingress.metadata, annotations }, spec: { ...spec, ...(field !== undefined && { ingressClassName: field }) } };
}
