// Rule "reference": which class an Ingress names, and where it does so. It knows no claims and no IngressClass objects.

import type { Ingress } from './kubernetes-objects.js';

/** The annotation that named a class before the field existed; deprecated since Kubernetes 1.18, still in wide use. */
export const classAnnotation = 'kubernetes.io/ingress.class';

export type Reference =
  | { by: 'annotation' | 'field'; value: string; overruled?: string }
  | { by: 'nothing' };

/**
 * The class reference of an Ingress: the annotation when it is not empty, else spec.ingressClassName, else none. With
 * `precedence` 'field' the field is looked at first. The order is that of the Ingress API documentation for
 * spec.ingressClassName; `overruled` holds the other value when both are set and differ.
 */
export function resolveReference(ingress: Ingress, precedence: 'annotation' | 'field'): Reference {
  const annotation = ingress.metadata.annotations?.[classAnnotation] ?? '';
  const field = ingress.spec?.ingressClassName ?? '';
  if (annotation === '' && field === '') return { by: 'nothing' };
  const by = annotation === '' ? 'field' : field === '' ? 'annotation' : precedence;
  const [value, other] = by === 'annotation' ? [annotation, field] : [field, annotation];
  return other === '' || other === value ? { by, value } : { by, value, overruled: other };
}
