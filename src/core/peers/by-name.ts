// Class selection of the controllers that compare names and never look at an IngressClass's controller.

import { defaultClassAnnotation } from '../default-class.js';
import { type Peer, type PeerVerdict, classWords, text, verdict } from './peer.js';

/**
 * Annotation first when it is not empty, both compared with one name. Its own class is checked once, at its start. Source:
 * nginx/kubernetes-ingress, internal/k8s/controller.go (HasCorrectIngressClass), cmd/nginx-ingress/main.go.
 */
export const nginxInc: Peer = {
  name: 'nginx-inc',
  title: 'NGINX Ingress Controller (F5 NGINX)',
  defaults: { ingressClass: 'nginx' },
  select(ingress, classes, settings) {
    const own = text(settings, 'ingressClass');
    if (classes.get(own)?.spec?.controller !== 'nginx.org/ingress-controller') {
      return verdict(false, `it does not start: IngressClass "${own}" is missing or has another controller`);
    }
    const { annotation = '', field = '' } = classWords(ingress);
    if (annotation !== '') return named(annotation === own, 'annotation');
    return field === '' ? verdict(false, 'no class') : named(field === own, 'field');
  },
};

/**
 * Annotation first (its own key before the common one), a list of names separated by commas; without a list the name
 * "contour" and whatever has no class. Source: projectcontour/contour, internal/ingressclass/ingressclass.go and
 * internal/annotation/annotations.go.
 */
export const contour: Peer = {
  name: 'contour',
  title: 'Contour',
  defaults: { ingressClassName: '' },
  select(ingress, _classes, settings) {
    const flag = text(settings, 'ingressClassName');
    const { annotation: common, field = '' } = classWords(ingress);
    const annotation = ingress.metadata.annotations?.['projectcontour.io/ingress.class'] ?? common ?? '';
    const value = annotation === '' ? field : annotation;
    if (value === '') return verdict(flag === '', 'no class');
    const names = flag === '' ? ['contour'] : flag.split(',');
    return named(names.includes(value), annotation === '' ? 'field' : 'annotation');
  },
};

/** Whether the class that a Kong controller is started for is marked default. */
function kongIsDefault(classes: Parameters<Peer['select']>[1], own: string): boolean {
  return classes.get(own)?.metadata.annotations?.[defaultClassAnnotation] === 'true';
}

/**
 * What Kong's controller translates: annotation first when it is not empty, then the field, names only; no class at all when
 * its own class is marked default. Source: Kong/kubernetes-ingress-controller, internal/store/store.go (ListIngressesV1).
 */
export const kongStore: Peer = {
  name: 'kong',
  title: 'Kong (what it translates)',
  defaults: { ingressClass: 'kong' },
  select(ingress, classes, settings) {
    const own = text(settings, 'ingressClass');
    const { annotation = '', field } = classWords(ingress);
    if (annotation !== '') return named(annotation === own, 'annotation');
    if (field !== undefined) return named(field === own, 'field');
    return kongIsDefault(classes, own) ? verdict(true, 'default class') : verdict(false, 'no class');
  },
};

/**
 * What Kong's controller reconciles, and writes a status for: either of both matches. It disagrees with what it translates.
 * Source: Kong/kubernetes-ingress-controller, internal/controllers/utils/ingress_predicates.go (MatchesIngressClass).
 */
export const kongReconciler: Peer = {
  name: 'kong-reconciler',
  title: 'Kong (what it reconciles)',
  partOf: 'kong',
  defaults: { ingressClass: 'kong' },
  select(ingress, classes, settings) {
    const own = text(settings, 'ingressClass');
    const { annotation, field } = classWords(ingress);
    if (annotation === undefined && field === undefined) return kongIsDefault(classes, own) ? verdict(true, 'default class') : verdict(false, 'no class');
    if (field === own) return verdict(true, 'field');
    return named((annotation ?? '') === own, annotation === undefined ? 'field' : 'annotation');
  },
};

/**
 * Both must pass, each empty or matching one regular expression, which is not anchored: "skipper" takes "skipper-internal"
 * too. Source: zalando/skipper, dataclients/kubernetes/clusterclient.go (filterIngressesV1ByClass, ingressClassMissmatch). Its
 * expressions are Go's, these JavaScript's: they differ in flags and groups that a class name has no use for.
 */
export const skipper: Peer = {
  name: 'skipper',
  title: 'Skipper',
  defaults: { ingressClass: 'skipper' },
  select(ingress, _classes, settings) {
    const pattern = compile(text(settings, 'ingressClass'));
    if (pattern === undefined) return verdict(false, 'it does not start: its class is no regular expression');
    const { annotation = '', field = '' } = classWords(ingress);
    if (annotation !== '' && !pattern.test(annotation)) return verdict(false, 'annotation: another value');
    if (field !== '' && !pattern.test(field)) return verdict(false, 'field: another value');
    return verdict(true, field !== '' ? 'field' : annotation !== '' ? 'annotation' : 'no class');
  },
};

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

function named(takes: boolean, by: 'annotation' | 'field'): PeerVerdict {
  return verdict(takes, takes ? by : `${by}: another value`);
}
