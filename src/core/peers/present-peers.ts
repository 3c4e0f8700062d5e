// Which other controllers a cluster shows signs of: the controller values of its IngressClasses, with the flags that go with
// each class. A controller that works by the annotation alone leaves no sign; whoever runs one has to name it.

import { ownController } from '../claim.js';
import type { IngressClass } from '../kubernetes-objects.js';
import { compareText } from '../order.js';
import { type RunningPeer, parsePeer } from './peers.js';

/** Flags are written with + for a comma, as parsePeer reads them. */
type Sign = (controller: string, className: string) => string[] | undefined;

const exactly = (value: string, ...labels: ((className: string) => string)[]): Sign =>
  (controller, className) => (controller === value ? labels.map((label) => label(className)) : undefined);

const withSuffix = (value: string, label: (suffix: string, className: string) => string): Sign =>
  (controller, className) => (controller === value || controller.startsWith(`${value}/`) ? [label(controller.slice(value.length + 1), className)] : undefined);

const signs: readonly Sign[] = [
  // Its flag --controller-class may be anything; what begins as its default does is its own in all known manifests.
  (controller, name) => (controller.startsWith('k8s.io/ingress-nginx') || controller.startsWith('k8s.io/internal-ingress-nginx')
    ? [`ingress-nginx:ingressClass=${name},controllerClass=${controller}`] : undefined),
  exactly('traefik.io/ingress-controller', () => 'traefik'),
  withSuffix('haproxy-ingress.github.io/controller', (suffix, name) => `haproxy-ingress:ingressClass=${name},controllerClass=${suffix}`),
  withSuffix('haproxy.org/ingress-controller', (suffix) => `haproxytech:ingressClass=${suffix}`),
  exactly('nginx.org/ingress-controller', (name) => `nginx-inc:ingressClass=${name}`),
  (controller, name) => (controller.startsWith('projectcontour.io/') ? [`contour:ingressClassName=${name}`] : undefined),
  exactly('ingress-controllers.konghq.com/kong', (name) => `kong:ingressClass=${name}`, (name) => `kong-reconciler:ingressClass=${name}`),
  exactly('apisix.apache.org/apisix-ingress-controller', () => 'apisix'),
  exactly('zalando.org/skipper', (name) => `skipper:ingressClass=^${name}$`),
  exactly('ingress.k8s.aws/alb', (name) => `aws:ingressClass=${name}`),
];

export interface PresentPeers {
  running: RunningPeer[];
  /** Controller values, neither ours nor known: how they choose is not known. */
  unknown: string[];
}

/** What the IngressClasses tell, in the order of their names. */
export function presentPeers(classes: ReadonlyMap<string, IngressClass>): PresentPeers {
  const labels = new Set<string>();
  const unknown = new Set<string>();
  for (const { metadata: { name }, spec } of [...classes.values()].sort((a, b) => compareText(a.metadata.name, b.metadata.name))) {
    const controller = spec?.controller ?? '';
    if (controller === ownController || controller === '') continue;
    const found = signs.flatMap((sign) => sign(controller, name) ?? []);
    for (const label of found) labels.add(label);
    if (found.length === 0) unknown.add(controller);
  }
  return { running: [...labels].map((label) => parsePeer(label)).filter((one) => typeof one !== 'string'), unknown: [...unknown].sort(compareText) };
}
