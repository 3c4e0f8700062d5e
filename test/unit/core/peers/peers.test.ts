// The class selection of other controllers: one table of what each takes, with its default flags and with those that matter.
import { expect } from 'chai';
import { compareClaims } from '../../../../src/core/peers/compare-claims.js';
import { parsePeer, peers, type RunningPeer } from '../../../../src/core/peers/peers.js';
import { claimOf } from '../../../../src/core/claim.js';
import { decide } from '../../../../src/core/decide.js';
import { classAnnotation } from '../../../../src/core/resolve-reference.js';
import type { Ingress, IngressClass } from '../../../../src/core/kubernetes-objects.js';
import type { Snapshot } from '../../../../src/core/snapshot.js';
import { type Manifest, snapshotOf } from '../../../fixtures/manifests.js';
import { inspectStub } from '../../../fixtures/stub-certificates.js';

/** `field=x annotation=y`, each optional; `-` for an Ingress that says nothing. */
function ingressOf(words: string, name = 'web'): Ingress {
  const [, field] = /field=(\S*)/.exec(words) ?? [];
  const [, annotation] = /annotation=(\S*)/.exec(words) ?? [];
  const [, own] = /contour=(\S*)/.exec(words) ?? [];
  const annotations = { ...(annotation !== undefined && { [classAnnotation]: annotation }), ...(own !== undefined && { 'projectcontour.io/ingress.class': own }) };
  return { metadata: { namespace: 'shop', name, annotations }, spec: { ...(field !== undefined && { ingressClassName: field }) } };
}

/** `name=controller`, with a `*` after the name of a default class. */
function classesOf(text: string): Map<string, IngressClass> {
  return new Map(text.split(' ').filter((one) => one !== '').map((one) => {
    const [, name, star, controller] = /^([^=*]+)(\*?)=(.*)$/.exec(one)!;
    const annotations: Record<string, string> = star === '*' ? { 'ingressclass.kubernetes.io/is-default-class': 'true' } : {};
    return [name!, { metadata: { name: name!, annotations }, spec: { controller: controller! } }];
  }));
}

const running = (given: string): RunningPeer => {
  const peer = parsePeer(given);
  if (typeof peer === 'string') throw new Error(peer);
  return peer;
};

const nginx = 'nginx=k8s.io/ingress-nginx other=x/y';

/** Peer with flags | IngressClasses | what the Ingress says | whether it takes it. */
const table: [string, string, string, 'takes' | 'leaves'][] = [
  // ingress-nginx: field first, whatever the annotation says; the annotation needs no object.
  ['ingress-nginx', nginx, 'field=nginx', 'takes'],
  ['ingress-nginx', nginx, 'field=other annotation=nginx', 'leaves'],
  ['ingress-nginx', nginx, 'field=nginx annotation=other', 'takes'],
  ['ingress-nginx', '', 'field=nginx', 'leaves'],
  ['ingress-nginx', '', 'annotation=nginx', 'takes'],
  ['ingress-nginx', nginx, 'annotation=', 'leaves'],
  ['ingress-nginx', nginx, '-', 'leaves'],
  ['ingress-nginx:watchIngressWithoutClass', nginx, '-', 'takes'],
  ['ingress-nginx:watchIngressWithoutClass', nginx, 'annotation=', 'leaves'],
  ['ingress-nginx:controllerClass=x/y', nginx, 'field=other', 'takes'],
  ['ingress-nginx', 'nginx-tmp=k8s.io/ingress-nginx', 'field=nginx-tmp', 'takes'],
  ['ingress-nginx:ingressClassByName,ingressClass=other', nginx, 'field=other', 'takes'],
  ['ingress-nginx:ingressClassByName,ingressClass=other', nginx, 'field=nginx', 'takes'],
  ['ingress-nginx:ignoreIngressClass', nginx, 'field=nginx', 'leaves'],
  ['ingress-nginx:ignoreIngressClass', nginx, 'field=other annotation=nginx', 'takes'],
  // Traefik's provider for ingress-nginx: the field counts only while some IngressClass passes its filter.
  ['traefik-ingress-nginx', nginx, 'field=nginx', 'takes'],
  ['traefik-ingress-nginx', nginx, 'field=other annotation=nginx', 'leaves'],
  ['traefik-ingress-nginx', 'other=x/y', 'field=other annotation=nginx', 'takes'],
  ['traefik-ingress-nginx:watchIngressWithoutClass', 'other=x/y', 'field=other', 'takes'],
  ['traefik-ingress-nginx:watchIngressWithoutClass', nginx, 'field=other', 'leaves'],
  ['traefik-ingress-nginx', nginx, '-', 'leaves'],
  ['traefik-ingress-nginx', 'nginx-tmp=k8s.io/ingress-nginx', 'field=nginx-tmp', 'takes'],
  // Traefik's provider for Ingresses: a fixed controller; without a class configured, also what has none.
  ['traefik', 'web=traefik.io/ingress-controller', 'field=web', 'takes'],
  ['traefik', 'web=traefik.io/ingress-controller', 'field=web annotation=nginx', 'takes'],
  ['traefik', nginx, 'field=nginx annotation=traefik', 'leaves'],
  ['traefik', '', 'annotation=traefik', 'takes'],
  ['traefik', '', '-', 'takes'],
  ['traefik', '', 'annotation=nginx', 'leaves'],
  ['traefik:ingressClass=a', 'a=traefik.io/ingress-controller b=traefik.io/ingress-controller', 'field=b', 'leaves'],
  ['traefik:ingressClass=a', '', '-', 'leaves'],
  ['traefik:ingressClass=a', '', 'annotation=a', 'takes'],
  // HAProxy Ingress: annotation first, or the field with its flag for migrations.
  ['haproxy-ingress', 'hap=haproxy-ingress.github.io/controller', 'field=hap', 'takes'],
  ['haproxy-ingress', 'hap=haproxy-ingress.github.io/controller', 'field=hap annotation=nginx', 'leaves'],
  ['haproxy-ingress', nginx, 'field=nginx annotation=haproxy', 'takes'],
  ['haproxy-ingress:ingressClassPrecedence', nginx, 'field=nginx annotation=haproxy', 'leaves'],
  ['haproxy-ingress:ingressClassPrecedence', 'hap=haproxy-ingress.github.io/controller', 'field=hap annotation=nginx', 'takes'],
  ['haproxy-ingress:controllerClass=b', 'hap=haproxy-ingress.github.io/controller/b', 'field=hap', 'takes'],
  ['haproxy-ingress:controllerClass=b', 'hap=haproxy-ingress.github.io/controller', 'field=hap', 'leaves'],
  ['haproxy-ingress:fullControllerName=x/y', nginx, 'field=other', 'takes'],
  ['haproxy-ingress', '', '-', 'leaves'],
  ['haproxy-ingress:watchIngressWithoutClass', '', '-', 'takes'],
  ['haproxy-ingress:watchIngressWithoutClass', nginx, 'field=nginx', 'leaves'],
  ['haproxy-ingress:disableIngressClassApi', 'hap=haproxy-ingress.github.io/controller', 'field=hap', 'leaves'],
  // haproxytech: the annotation is not read at all; it looks for a default class itself.
  ['haproxytech', 'h=haproxy.org/ingress-controller', 'field=h', 'takes'],
  ['haproxytech', nginx, 'field=nginx', 'leaves'],
  ['haproxytech', '', 'annotation=nginx', 'takes'],
  ['haproxytech', 'h*=haproxy.org/ingress-controller', '-', 'takes'],
  ['haproxytech', 'n*=x/y', '-', 'leaves'],
  ['haproxytech:ingressClass=b', 'h=haproxy.org/ingress-controller/b', 'field=h', 'takes'],
  ['haproxytech:ingressClass=b', 'h=haproxy.org/ingress-controller', 'field=h', 'leaves'],
  ['haproxytech:ingressClass=b', '', '-', 'leaves'],
  ['haproxytech:ingressClass=b,emptyIngressClass', '', '-', 'takes'],
  ['haproxytech:ingressClass=b', 'h*=haproxy.org/ingress-controller/b', '-', 'takes'],
  // F5's: names only, annotation first, and no start without a class of its own.
  ['nginx-inc', 'nginx=nginx.org/ingress-controller', 'field=nginx', 'takes'],
  ['nginx-inc', 'nginx=nginx.org/ingress-controller', 'field=nginx annotation=other', 'leaves'],
  ['nginx-inc', 'nginx=nginx.org/ingress-controller', 'field=other annotation=nginx', 'takes'],
  ['nginx-inc', 'nginx=nginx.org/ingress-controller', '-', 'leaves'],
  ['nginx-inc', nginx, 'field=nginx', 'leaves'],
  ['nginx-inc:ingressClass=b', 'b=nginx.org/ingress-controller other=x/y', 'field=other', 'leaves'],
  // Contour: names, a list of them, no object needed, annotation first, its own key first of all.
  ['contour', '', 'field=contour', 'takes'],
  ['contour', '', '-', 'takes'],
  ['contour', '', 'field=contour annotation=nginx', 'leaves'],
  ['contour', '', 'annotation=nginx contour=contour', 'takes'],
  ['contour:ingressClassName=a+b', '', 'field=b', 'takes'],
  ['contour:ingressClassName=a+b', '', 'annotation=a', 'takes'],
  ['contour:ingressClassName=a+b', '', 'field=contour', 'leaves'],
  ['contour:ingressClassName=a+b', '', '-', 'leaves'],
  // Kong: what it translates goes by the annotation first, what it reconciles by either.
  ['kong', '', 'field=kong', 'takes'],
  ['kong', '', 'field=kong annotation=nginx', 'leaves'],
  ['kong-reconciler', '', 'field=kong annotation=nginx', 'takes'],
  ['kong', '', 'field=nginx annotation=kong', 'takes'],
  ['kong-reconciler', '', 'field=nginx annotation=kong', 'takes'],
  ['kong-reconciler', '', 'field=nginx annotation=x', 'leaves'],
  ['kong', '', '-', 'leaves'],
  ['kong', 'kong*=x/y', '-', 'takes'],
  ['kong-reconciler', 'kong*=x/y', '-', 'takes'],
  ['kong', 'kong=x/y other*=x/y', '-', 'leaves'],
  // APISIX: field first, the annotation is the name of an object too, a default class of its own.
  ['apisix', 'a=apisix.apache.org/apisix-ingress-controller', 'field=a', 'takes'],
  ['apisix', 'a=apisix.apache.org/apisix-ingress-controller', 'annotation=a', 'takes'],
  ['apisix', 'a=apisix.apache.org/apisix-ingress-controller other=x/y', 'field=other annotation=a', 'leaves'],
  ['apisix', '', 'annotation=apisix', 'leaves'],
  ['apisix', 'a*=apisix.apache.org/apisix-ingress-controller', '-', 'takes'],
  ['apisix', 'a=apisix.apache.org/apisix-ingress-controller other*=x/y', '-', 'leaves'],
  ['apisix:controllerName=x/y', nginx, 'field=other', 'takes'],
  // Skipper: one expression for both, not anchored, and everything without a class.
  ['skipper', '', 'field=skipper', 'takes'],
  ['skipper', '', 'field=skipper annotation=nginx', 'leaves'],
  ['skipper', '', 'field=nginx annotation=skipper', 'leaves'],
  ['skipper', '', '-', 'takes'],
  ['skipper', '', 'annotation=skipper-internal', 'takes'],
  ['skipper:ingressClass=^(a|b)$', '', 'field=b', 'takes'],
  ['skipper:ingressClass=(', '', '-', 'leaves'],
  // AWS: annotation first if it is there at all; the object's controller; the default class of the cluster.
  ['aws', 'alb=ingress.k8s.aws/alb', 'field=alb', 'takes'],
  ['aws', 'alb=ingress.k8s.aws/alb', 'field=alb annotation=', 'leaves'],
  ['aws', 'alb=ingress.k8s.aws/alb', 'field=alb annotation=nginx', 'leaves'],
  ['aws', nginx, 'field=nginx annotation=alb', 'takes'],
  ['aws', nginx, 'field=nginx', 'leaves'],
  ['aws', '', 'field=gone', 'leaves'],
  ['aws', 'alb*=ingress.k8s.aws/alb', '-', 'takes'],
  ['aws', 'alb*=ingress.k8s.aws/alb other*=x/y', '-', 'leaves'],
  ['aws', 'other*=x/y', '-', 'leaves'],
  ['aws', '', '-', 'leaves'],
  ['aws:ingressClass=', '', '-', 'takes'],
  ['aws:ingressClass=', '', 'annotation=alb', 'takes'],
];

describe('peers: what each controller takes', () => {
  for (const [given, classes, words, expected] of table) {
    it(`${given} ${expected} "${words}" with classes "${classes}"`, () => {
      const { peer, settings } = running(given);
      const answer = peer.select(ingressOf(words), classesOf(classes), settings);
      expect([answer.takes ? 'takes' : 'leaves', answer.uncertain]).to.deep.equal([expected, undefined]);
      expect(answer.why).to.match(/^\S.{3,}/);
    });
  }

  it('has both answers for every peer in the table', () => {
    for (const { name } of peers) {
      const answers = table.filter(([given]) => given.split(':')[0] === name).map(([, , , answer]) => answer);
      expect(new Set(answers), name).to.deep.equal(new Set(['takes', 'leaves']));
    }
  });

  it('says so where a peer leaves it to chance', () => {
    const byName = running('traefik-ingress-nginx:ingressClassByName');
    const twice = classesOf('nginx=x/y clone=k8s.io/ingress-nginx');
    expect(byName.peer.select(ingressOf('field=nginx'), twice, byName.settings)).to.include({ takes: true }).and.not.have.property('uncertain');
    expect(byName.peer.select(ingressOf('field=clone'), twice, byName.settings).uncertain).to.match(/order of its list/);
    const haproxy = running('haproxytech');
    expect(haproxy.peer.select(ingressOf('-'), classesOf('a*=haproxy.org/ingress-controller b*=x/y'), haproxy.settings).uncertain).to.match(/first that its map gives/);
  });
});

describe('parsePeer', () => {
  it('says what is wrong and what would be right', () => {
    expect(parsePeer('nginx')).to.match(/no controller "nginx" is known; these are: ingress-nginx, /);
    expect(parsePeer('ingress-nginx:class=x')).to.match(/no flag "class"; it has ingressClass, controllerClass/);
    expect(parsePeer('ingress-nginx:watchIngressWithoutClass=yes')).to.match(/true or false, not "yes"/);
    expect(parsePeer('ingress-nginx:__proto__=x')).to.match(/no flag "__proto__"/);
  });
});

describe('compareClaims', () => {
  const manifest = (words: string, name: string): Manifest => ({ kind: 'Ingress', ...ingressOf(words, name) } as unknown as Manifest);
  const compared = (snapshot: Snapshot, ...given: string[]) =>
    compareClaims(snapshot, decide(snapshot, [claimOf('nginx', { acceptedControllers: ['k8s.io/ingress-nginx'] })], inspectStub).ownership, given.map(running));

  it('marks what more than one controller takes; the parts of one controller, and we, count once', () => {
    const snapshot = snapshotOf([manifest('annotation=nginx', 'a'), manifest('field=kong', 'b'), manifest('annotation=x', 'c')]);
    const claims = compared(snapshot, 'ingress-nginx', 'kong', 'kong-reconciler');
    expect(claims.map(({ ingress, owner, takers, double }) => [ingress, owner, takers.map(({ peer }) => peer), double])).to.deep.equal([
      ['shop/a', 'nginx', ['ingress-nginx'], true], ['shop/b', undefined, ['kong', 'kong-reconciler'], false], ['shop/c', undefined, [], false]]);
    expect(compared(snapshot, 'kong', 'kong:ingressClass=kong', 'kong:ingressClass=x').map(({ double }) => double)).to.deep.equal([false, false, false]);
    expect(compared(snapshot, 'kong', 'skipper:ingressClass=k')[1]!.double).to.equal(true);
  });
});
