// Which IngressClass is the cluster's default, and that there should be only one. The API server fills it in on create; the
// core never gives an Ingress a class that it does not name.

import { type Finding, finding } from './finding.js';
import type { IngressClass } from './kubernetes-objects.js';
import { compareText } from './order.js';

/** The mark of a default class, as the Ingress API documents it. */
export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class';

/** A finding when several classes are marked: the API server takes the newest, of equally old ones the first by name. */
export function findDefaultClasses(classes: ReadonlyMap<string, IngressClass>): Finding[] {
  const marked = [...classes.values()].filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true');
  if (marked.length < 2) return [];
  marked.sort((a, b) => compareText(b.metadata.creationTimestamp ?? '', a.metadata.creationTimestamp ?? '') || compareText(a.metadata.name, b.metadata.name));
  const [taken, ...others] = marked.map(({ metadata }) => metadata.name);
  return [finding('several-default-classes', `IngressClass ${taken}`, `is one of several default classes (also ${others.join(', ')}); new Ingresses get "${taken}", unmark the others`)];
}
