// Class selection of APISIX and of the AWS load balancer controller: an IngressClass object decides, also a default one.

import { defaultClassAnnotation } from '../default-class.js';
import type { IngressClass } from '../kubernetes-objects.js';
import { compareText } from '../order.js';
import { type Peer, classWords, hasController, text, verdict } from './peer.js';

/**
 * Field first when it is not empty; the annotation's value is looked up as the name of an IngressClass too. Without any, a
 * class of its own that is marked default. Source: apache/apisix-ingress-controller, internal/types/k8s.go
 * (GetEffectiveIngressClassName), internal/controller/utils.go (FindMatchingIngressClassByName).
 */
export const apisix: Peer = {
  name: 'apisix',
  title: 'APISIX Ingress Controller',
  defaults: { controllerName: 'apisix.apache.org/apisix-ingress-controller' },
  select(ingress, classes, settings) {
    const own = text(settings, 'controllerName');
    const { annotation = '', field = '' } = classWords(ingress);
    const name = field === '' ? annotation : field;
    const by = field === '' ? 'annotation' : 'field';
    if (name !== '') {
      const takes = hasController(classes, name, own);
      return verdict(takes, takes ? `${by}, by controller` : `${by}: not a class of its own`);
    }
    const takes = defaultsOf(classes).some(({ spec }) => spec?.controller === own);
    return verdict(takes, takes ? 'default class' : 'no class');
  },
};

const albController = 'ingress.k8s.aws/alb';

/**
 * Annotation first, if it is there at all, compared with ingressClass (and "alb" while that is empty); then the field's
 * object; then the cluster's default class; then only with an empty ingressClass. More than one default class is an error
 * there. Source: kubernetes-sigs/aws-load-balancer-controller, pkg/ingress/group_loader.go (classifyIngress),
 * class_loader.go; default of the flag: pkg/config/ingress_config.go.
 */
export const aws: Peer = {
  name: 'aws',
  title: 'AWS Load Balancer Controller',
  defaults: { ingressClass: 'alb' },
  select(ingress, classes, settings) {
    const own = text(settings, 'ingressClass');
    const { annotation, field } = classWords(ingress);
    if (annotation !== undefined) {
      const takes = annotation === own || (own === '' && annotation === 'alb');
      return verdict(takes, takes ? 'annotation' : 'annotation: another value');
    }
    if (field !== undefined) {
      const takes = hasController(classes, field, albController);
      return verdict(takes, takes ? 'field, by controller' : classes.has(field) ? 'field: not a class of its own' : 'field: an error there, the class does not exist');
    }
    const defaults = defaultsOf(classes);
    if (defaults.length > 1) return verdict(false, 'no class: an error there, several default classes');
    if (defaults.length === 1) {
      const takes = defaults[0]!.spec?.controller === albController;
      return verdict(takes, takes ? 'default class' : 'no class, and the default class is another one');
    }
    return verdict(own === '', 'no class');
  },
};

function defaultsOf(classes: ReadonlyMap<string, IngressClass>): IngressClass[] {
  return [...classes.values()].filter(({ metadata }) => metadata.annotations?.[defaultClassAnnotation] === 'true')
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name));
}
