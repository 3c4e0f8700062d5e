// Class selection of Traefik's two providers for Ingresses.

import type { IngressClass } from '../kubernetes-objects.js';
import { compareText } from '../order.js';
import { type Peer, type PeerSettings, type PeerVerdict, classWords, on, text, verdict } from './peer.js';

/**
 * Field first, but only when at least one IngressClass passes its filter; else the field is not looked at. Source:
 * traefik/traefik, pkg/provider/kubernetes/ingress-nginx/build.go (shouldProcess) and client.go (filterIngressClass).
 */
export const traefikIngressNginx: Peer = {
  name: 'traefik-ingress-nginx',
  title: 'Traefik, provider kubernetesIngressNGINX',
  defaults: { ingressClass: 'nginx', controllerClass: 'k8s.io/ingress-nginx', ingressClassByName: false, watchIngressWithoutClass: false },
  select(ingress, classes, settings) {
    const { annotation, field } = classWords(ingress);
    const { certain, possible } = filterClasses(classes, settings);
    if (field !== undefined && possible.size > 0) {
      const answer = verdict(certain.has(field), certain.has(field) ? 'field' : 'field: not a class of its own');
      return possible.has(field) === certain.has(field) ? answer
        : { ...answer, uncertain: 'its filter by name stops at the first hit, so the order of its list decides' };
    }
    if (annotation !== undefined) {
      const takes = annotation === text(settings, 'ingressClass');
      return verdict(takes, takes ? 'annotation' : 'annotation: another value');
    }
    const why = field === undefined ? 'no class' : 'no IngressClass passes its filter, so the field is ignored';
    return verdict(on(settings, 'watchIngressWithoutClass'), why);
  },
};

/** By name it returns what it has when it meets the name; what it has by then depends on the order of its list. */
function filterClasses(classes: ReadonlyMap<string, IngressClass>, settings: PeerSettings): { certain: Set<string>; possible: Set<string> } {
  const own = text(settings, 'ingressClass');
  const ofController = [...classes.values()].filter(({ spec }) => spec?.controller === text(settings, 'controllerClass'))
    .map(({ metadata }) => metadata.name).sort(compareText);
  if (!on(settings, 'ingressClassByName') || !classes.has(own)) return { certain: new Set(ofController), possible: new Set(ofController) };
  return { certain: new Set([own]), possible: new Set([own, ...ofController]) };
}

const controller = 'traefik.io/ingress-controller';

/**
 * Field first; the controller value is fixed. Without a configured class an absent or empty annotation matches, and the value
 * "traefik". Source: traefik/traefik, pkg/provider/kubernetes/ingress/kubernetes.go (shouldProcessIngress).
 */
export const traefikIngress: Peer = {
  name: 'traefik',
  title: 'Traefik, provider kubernetesIngress',
  defaults: { ingressClass: '' },
  select(ingress, classes, settings) {
    const { annotation, field } = classWords(ingress);
    const own = text(settings, 'ingressClass');
    if (field !== undefined) {
      const takes = classes.get(field)?.spec?.controller === controller && (own === '' || own === field);
      return verdict(takes, takes ? 'field, by controller' : 'field: not a class of its own');
    }
    return byAnnotation(annotation ?? '', own);
  },
};

function byAnnotation(annotation: string, own: string): PeerVerdict {
  const takes = annotation === own || (own === '' && annotation === 'traefik');
  return verdict(takes, annotation === '' ? 'no class' : takes ? 'annotation' : 'annotation: another value');
}
