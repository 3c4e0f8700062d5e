// Class selection of the two ingress controllers for HAProxy.

import { defaultClassAnnotation } from '../default-class.js';
import { type Peer, classWords, hasController, on, text, verdict } from './peer.js';

/**
 * Annotation first; a field that disagrees wins only with ingressClassPrecedence. Source: jcmoraisjr/haproxy-ingress,
 * pkg/controller/services/cache.go (IsValidIngress, IsValidIngressClass).
 */
export const haproxyIngress: Peer = {
  name: 'haproxy-ingress',
  title: 'HAProxy Ingress (jcmoraisjr)',
  defaults: {
    ingressClass: 'haproxy', controllerClass: '', fullControllerName: '', ingressClassPrecedence: false,
    watchIngressWithoutClass: false, disableIngressClassApi: false,
  },
  select(ingress, classes, settings) {
    const { annotation, field } = classWords(ingress);
    const hasField = field !== undefined && !on(settings, 'disableIngressClassApi');
    const fromField = hasField && hasController(classes, field, haproxyController(text(settings, 'controllerClass'), text(settings, 'fullControllerName')));
    if (annotation !== undefined) {
      const fromAnnotation = annotation === text(settings, 'ingressClass');
      if (hasField && fromField !== fromAnnotation && on(settings, 'ingressClassPrecedence')) return verdict(fromField, 'field, which has precedence');
      return verdict(fromAnnotation, fromAnnotation ? 'annotation' : 'annotation: another value');
    }
    if (hasField) return verdict(fromField, fromField ? 'field, by controller' : 'field: not a class of its own');
    return verdict(on(settings, 'watchIngressWithoutClass'), 'no class');
  },
};

function haproxyController(suffix: string, full: string): string {
  if (full !== '') return full;
  const base = 'haproxy-ingress.github.io/controller';
  return suffix === '' ? base : `${base}/${suffix}`;
}

const haproxytechController = 'haproxy.org/ingress-controller';

/**
 * The field only; the annotation is not read. Without a field it looks for a default class itself and takes its controller:
 * of several, whichever its map gives first. Source: haproxytech/kubernetes-ingress, pkg/store/store.go
 * (IsIngressClassSupported).
 */
export const haproxytech: Peer = {
  name: 'haproxytech',
  title: 'HAProxy Kubernetes Ingress Controller (haproxytech)',
  defaults: { ingressClass: '', emptyIngressClass: false },
  select(ingress, classes, settings) {
    const { field = '' } = classWords(ingress);
    const flag = text(settings, 'ingressClass');
    const own = flag === '' ? haproxytechController : `${haproxytechController}/${flag}`;
    if (field !== '') {
      const takes = hasController(classes, field, own);
      return verdict(takes, takes ? 'field, by controller' : 'field: not a class of its own');
    }
    const defaults = [...classes.values()].filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true');
    const free = flag === '' ? defaults.length === 0 : on(settings, 'emptyIngressClass');
    if (free || defaults.length === 0) return verdict(free, 'no field');
    const ofIts = defaults.filter(({ spec }) => spec?.controller === own).length;
    const answer = verdict(ofIts === defaults.length, ofIts === defaults.length ? 'default class' : 'no field, and the default class is another one');
    return ofIts === 0 || ofIts === defaults.length ? answer : { ...answer, uncertain: 'several default classes: it takes the first that its map gives' };
  },
};
