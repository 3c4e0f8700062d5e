// Class selection of ingress-nginx.

import { type Peer, classWords, hasController, on, text, verdict } from './peer.js';

/**
 * Field first, and the annotation is never looked at when there is a field. Source: kubernetes/ingress-nginx,
 * internal/ingress/controller/store/store.go (GetIngressClass); flags in pkg/flags/flags.go. `ignoreIngressClass` stands for
 * a cluster in which it may not list IngressClasses.
 */
export const ingressNginx: Peer = {
  name: 'ingress-nginx',
  title: 'ingress-nginx',
  defaults: {
    ingressClass: 'nginx', controllerClass: 'k8s.io/ingress-nginx', ingressClassByName: false, watchIngressWithoutClass: false,
    ignoreIngressClass: false,
  },
  select(ingress, classes, settings) {
    const { annotation, field } = classWords(ingress);
    const own = text(settings, 'ingressClass');
    if (field !== undefined && !on(settings, 'ignoreIngressClass')) {
      const byName = on(settings, 'ingressClassByName') && field === own && classes.has(field);
      const byController = hasController(classes, field, text(settings, 'controllerClass'));
      return verdict(byName || byController, byController ? 'field, by controller' : byName ? 'field, by name' : 'field: not a class of its own');
    }
    if (annotation !== undefined) return verdict(annotation === own, annotation === own ? 'annotation' : 'annotation: another value');
    return verdict(on(settings, 'watchIngressWithoutClass'), 'no class');
  },
};
