// How people change, wait for and delete objects with kubectl, done with the real one against the embedded API server.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import omit from 'lodash/omit.js';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { strategicMergePatch } from '../../../src/dev-cluster/strategic-merge-patch.js';
import type { KubectlSession } from './kubectl-session.js';
import { startKubectlSession } from './kubectl-session.js';

import { ingress, lines, service } from './kubectl-manifests.js';

describe('dev-cluster: kubectl, changes', function () {
  this.timeout(20_000);
  let session: KubectlSession;
  const kubectl: KubectlSession['kubectl'] = (...args) => session.kubectl(...args);
  const failing: KubectlSession['failing'] = (...args) => session.failing(...args);
  const apply = (stdin: string, flags = ''): Promise<string> => session.kubectl(`apply ${flags} -f -`, { stdin });

  before(async () => { session = await startKubectlSession({ allowLoopbackEndpoints: true }); });
  after(() => session?.close());

  describe('changes objects', () => {
    it('edit', async () => {
      await apply(ingress('edited'));
      const env = { KUBE_EDITOR: 'sed -i s/edited.example.com/by-hand.example.com/' };
      expect(await kubectl('edit ing edited', { env })).to.equal('ingress.networking.k8s.io/edited edited\n');
      expect(await kubectl('get ing edited -o jsonpath={.spec.rules[0].host}')).to.equal('by-hand.example.com');
    });

    it('patch: strategic, merge and JSON', async () => {
      await apply(service('patched'));
      await kubectl('patch svc patched -p \'{"spec":{"ports":[{"port":80,"targetPort":1}]}}\'');
      await kubectl('patch svc patched --type=merge -p \'{"metadata":{"labels":{"merged":"yes"}}}\'');
      await kubectl('patch svc patched --type=json -p \'[{"op":"replace","path":"/spec/ports/1/targetPort","value":2}]\'');
      expect(await kubectl('get svc patched -o jsonpath={.spec.ports[*].targetPort}{.metadata.labels.merged}')).to.equal('1 2yes');
      expect(await kubectl('patch svc patched -p \'{"spec":{"ports":[{"port":80,"targetPort":1}]}}\'')).to.equal('service/patched patched (no change)\n');
    });

    it('merges like the strategic merge of kubectl itself', async () => {
      const live = JSON.stringify(parse(service('same')));
      const patches: object[] = [
        { spec: { ports: [{ port: 443, name: 's' }, { port: 1, name: 'one' }] } },
        { spec: { ports: [{ $patch: 'delete', port: 80 }], selector: { app: null, tier: 'x' } } },
        { spec: { ports: [{ port: 7 }, { $patch: 'replace' }], selector: { $patch: 'replace', tier: 'x' } } },
        { spec: { '$setElementOrder/ports': [{ port: 443 }, { port: 80 }] } },
        { spec: { '$setElementOrder/ports': [{ port: 9 }, { port: 80 }], ports: [{ port: 9, name: 'nine' }] } },
        { metadata: { finalizers: ['a.example/x'], labels: { a: '1', b: null } } },
      ];
      for (const patch of patches) {
        const expected = JSON.parse(await kubectl(`patch --local -f - -o json -p '${JSON.stringify(patch)}'`, { stdin: live })) as KubeObject;
        const merged = strategicMergePatch(resourceTypes.find((type) => type.kind === 'Service')!, JSON.parse(live) as KubeObject, patch as Record<string, unknown>);
        expect(merged['spec'], JSON.stringify(patch)).to.deep.equal(expected['spec']);
        expect(merged.metadata, JSON.stringify(patch)).to.deep.equal(omit(expected.metadata, 'creationTimestamp'));
      }
    });

    it('annotate and label', async () => {
      await apply(ingress('marked'));
      expect(await kubectl('annotate ing marked kubernetes.io/x=1')).to.equal('ingress.networking.k8s.io/marked annotated\n');
      expect(await kubectl('label ing marked tier=front')).to.equal('ingress.networking.k8s.io/marked labeled\n');
      expect(await failing('label ing marked tier=back')).to.match(/already has a value/);
      expect(await kubectl('label ing marked tier-')).to.match(/unlabeled/);
    });

    it('replace, and create -f', async () => {
      expect(await kubectl('create -f -', { stdin: ingress('replaced') })).to.equal('ingress.networking.k8s.io/replaced created\n');
      expect(await failing('create -f -', { stdin: ingress('replaced') })).to.match(/\(AlreadyExists\).*ingresses\.networking\.k8s\.io "replaced" already exists/);
      expect(await kubectl('replace -f -', { stdin: ingress('replaced', { host: 'r.example.com' }) })).to.equal('ingress.networking.k8s.io/replaced replaced\n');
    });

    it('refuses a stale write', async () => {
      await apply(ingress('stale'));
      const old = await kubectl('get ing stale -o yaml');
      await kubectl('label ing stale a=b');
      expect(await failing('replace -f -', { stdin: old })).to.match(/\(Conflict\).*"stale": the object has been modified; please apply your changes to the latest version/);
    });

    it('names every field of an invalid object, and unknown fields', async () => {
      expect(await failing('apply -f -', { stdin: ingress('wrong').replace('path: /', 'path: x').replace('Prefix', 'Sometimes') }))
        .to.match(/The Ingress "wrong" is invalid/).and.match(/spec\.rules\[0\]\.http\.paths\[0\]\.pathType: Unsupported value: "Sometimes"/);
      expect(await failing('apply -f -', { stdin: ingress('wrong').replace('spec:', 'spec:\n  surprise: 1') })).to.match(/unknown field "spec\.surprise"/);
    });

    it('scale', async () => {
      await kubectl('create deployment scaled --image=x --replicas=1');
      expect(await kubectl('scale deployment scaled --replicas=4')).to.equal('deployment.apps/scaled scaled\n');
      expect(lines(await kubectl('get deploy scaled'))[1]).to.match(/^scaled 0\/4 0 0 \d+s$/);
    });
  });

  describe('creates from the command line (protobuf)', () => {
    it('namespace, configmap, secret tls, ingress, service', async () => {
      const { certPem, keyPem } = await certificate();
      writeFileSync(path.join(session.folder, 'tls.crt'), certPem);
      writeFileSync(path.join(session.folder, 'tls.key'), keyPem);
      expect(await kubectl('create namespace shop')).to.equal('namespace/shop created\n');
      const created = await Promise.all([
        kubectl('create -n shop configmap settings --from-literal=a=b'),
        kubectl('create -n shop secret tls cert --cert=tls.crt --key=tls.key'),
        kubectl('create -n shop ingress web --class=nginx --rule=shop.example.com/*=web:80,tls=cert'),
        kubectl('create -n shop service clusterip web --tcp=80:8080'),
      ]);
      expect(created).to.deep.equal(['configmap/settings created\n', 'secret/cert created\n', 'ingress.networking.k8s.io/web created\n', 'service/web created\n']);
      expect(lines(await kubectl('get -n shop ing web'))[1]).to.match(/^web nginx shop\.example\.com 80, 443/);
      expect(await kubectl('get -n shop secret cert -o jsonpath={.type}')).to.equal('kubernetes.io/tls');
      expect(await kubectl('delete namespace shop')).to.match(/namespace "shop" deleted/);
      expect(await failing('get -n shop ing web')).to.match(/NotFound/);
    });
  });

  describe('describes and waits', () => {
    before(async () => {
      await apply([ingress('described'), service('web')].join('---'));
      const uid = await kubectl('get ing described -o jsonpath={.metadata.uid}');
      await apply([`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [127.16.0.1], conditions: {ready: true}}]
ports: [{name: http, port: 8080, protocol: TCP}]
`, `
apiVersion: v1
kind: Event
metadata: {name: described.1}
involvedObject: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: described, namespace: default, uid: ${uid}}
type: Normal
reason: Synced
message: The routes are served
firstTimestamp: 2026-01-01T00:00:00Z
lastTimestamp: 2026-01-01T00:00:00Z
source: {component: ingress-arbiter}
count: 1
`].join('---'));
    });

    it('describe shows rules, endpoints and events', async () => {
      const text = await kubectl('describe ing described');
      // kubectl before 1.31 asks for Endpoints, which are not served: it says so in their place.
      expect(text).to.match(/described\.example\.com\s+\/\s+web:80 \((127\.16\.0\.1:8080|<error: endpoints "web" not found>|<error: .*resource>)\)/).and.match(/Normal\s+Synced\s+.*ingress-arbiter\s+The routes are served/);
    });

    it('events', async () => {
      expect(lines(await kubectl('events --for ingress/described'))[1]).to.match(/Normal Synced Ingress\/described The routes are served$/);
      expect(await kubectl('get events')).to.match(/Normal\s+Synced\s+ingress\/described\s+The routes are served/);
    });

    it('wait --for=jsonpath, for a status that comes later', async () => {
      const waiting = kubectl('wait ing/described --for=jsonpath={.status.loadBalancer.ingress[0].ip}=10.1.1.1 --timeout=8s');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await kubectl('patch ing described --subresource=status --type=merge -p \'{"status":{"loadBalancer":{"ingress":[{"ip":"10.1.1.1"}]}}}\'');
      expect(await waiting).to.equal('ingress.networking.k8s.io/described condition met\n');
      expect(lines(await kubectl('get ing described'))[1]).to.match(/ 10\.1\.1\.1 80 /);
    });
  });

  describe('deletes', () => {
    it('by name and by file, and waits for the end', async () => {
      await apply([ingress('gone'), ingress('gone-too')].join('---'));
      expect(await kubectl('delete ing gone')).to.equal('ingress.networking.k8s.io "gone" deleted\n');
      expect(await kubectl('delete -f -', { stdin: ingress('gone-too') })).to.equal('ingress.networking.k8s.io "gone-too" deleted\n');
      expect(await failing('delete ing gone')).to.match(/\(NotFound\)/);
    });

    it('waits while a finalizer holds the object', async () => {
      await apply(ingress('held'));
      await kubectl('patch ing held --type=merge -p \'{"metadata":{"finalizers":["example.com/hold"]}}\'');
      const deleting = kubectl('delete ing held');
      const marked = kubectl('wait ing/held --for=jsonpath={.metadata.deletionTimestamp} --timeout=8s');
      await marked;
      await kubectl('patch ing held --type=merge -p \'{"metadata":{"finalizers":null}}\'');
      expect(await deleting).to.match(/"held" deleted/);
    });

    it('all of a kind in a namespace', async () => {
      await kubectl('create ns bulk');
      await apply([ingress('a'), ingress('b')].join('---'), '-n bulk');
      await kubectl('delete ing --all -n bulk');
      expect((await session.run('get ing -n bulk')).err).to.equal('No resources found in bulk namespace.\n');
    });
  });
});

async function certificate(): Promise<{ certPem: string; keyPem: string }> {
  const { generate } = await import('selfsigned');
  const made = await generate([{ name: 'commonName', value: 'shop.example.com' }]);
  return { certPem: made.cert, keyPem: made.private };
}
