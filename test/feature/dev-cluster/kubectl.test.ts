// What people do with kubectl, done with the real one against the embedded API server.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import omit from 'lodash/omit.js';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { strategicMergePatch } from '../../../src/dev-cluster/strategic-merge-patch.js';
import type { KubectlSession } from './kubectl-session.js';
import { startKubectlSession } from './kubectl-session.js';

const ingress = (name: string, more: { host?: string; className?: string; annotations?: string } = {}): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations: {${more.annotations ?? ''}}
spec:
  ingressClassName: ${more.className ?? 'nginx'}
  rules:
  - host: ${more.host ?? `${name}.example.com`}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service: {name: web, port: {number: 80}}
`;

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  selector: {app: ${name}}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: https, port: 443}
`;

const lines = (text: string): string[] => text.trimEnd().split('\n').map((line) => line.replace(/\s+/g, ' ').trim());

describe('dev-cluster: kubectl', function () {
  this.timeout(20_000);
  let session: KubectlSession;
  const kubectl: KubectlSession['kubectl'] = (...args) => session.kubectl(...args);
  const failing: KubectlSession['failing'] = (...args) => session.failing(...args);
  const apply = (stdin: string, flags = ''): Promise<string> => session.kubectl(`apply ${flags} -f -`, { stdin });
  const read = async (what: string): Promise<Record<string, never>> => parse(await session.kubectl(`get ${what} -o yaml`)) as Record<string, never>;

  before(async () => { session = await startKubectlSession({ allowLoopbackEndpoints: true }); });
  after(() => session?.close());

  describe('finds out what is served', () => {
    it('version, api-resources, explain', async () => {
      const [version, resources, explained] = await Promise.all([
        kubectl('version'), kubectl('api-resources --no-headers'), kubectl('explain ingress.spec.rules'),
      ]);
      expect(version).to.match(/Server Version: v1\.\d+/);
      expect(lines(resources)).to.include.members(['ingresses ing networking.k8s.io/v1 true Ingress', 'services svc v1 true Service', 'deployments deploy apps/v1 true Deployment']);
      expect(explained).to.match(/GROUP:\s+networking\.k8s\.io/).and.match(/FIELD: rules/).and.match(/host\s+<string>/);
    });

    it('auth can-i', async () => {
      expect(await kubectl('auth can-i delete ingresses')).to.equal('yes\n');
    });
  });

  describe('apply', () => {
    it('creates, leaves unchanged, configures, and takes out what the file no longer says', async () => {
      expect(await apply(ingress('applied', { annotations: '"a": "1"' }))).to.equal('ingress.networking.k8s.io/applied created\n');
      expect(await apply(ingress('applied', { annotations: '"a": "1"' }))).to.equal('ingress.networking.k8s.io/applied unchanged\n');
      expect(await apply(ingress('applied', { annotations: '"b": "2"', host: 'new.example.com' }))).to.equal('ingress.networking.k8s.io/applied configured\n');
      expect(await read('ing applied')).to.have.nested.property('metadata.annotations').that.has.property('b', '2');
      expect(await kubectl('get ing applied -o jsonpath={.metadata.annotations.a}{.spec.rules[*].host}{.metadata.generation}')).to.equal('new.example.com2');
    });

    it('merges the ports of a Service by port', async () => {
      await apply(service('ports'));
      await kubectl('patch svc ports --type=json -p \'[{"op":"add","path":"/spec/ports/-","value":{"name":"own","port":9}}]\'');
      await apply(service('ports').replace('8080', '8081'));
      expect(await kubectl('get svc ports -o jsonpath={.spec.ports[*].targetPort}')).to.equal('8081 443 9');
    });

    it('works on the server side, shows conflicts, and wins them when forced', async () => {
      expect(await apply(ingress('sided'), '--server-side')).to.equal('ingress.networking.k8s.io/sided serverside-applied\n');
      await kubectl('patch ing sided --type=merge -p \'{"spec":{"ingressClassName":"other"}}\'');
      const conflict = await failing('apply --server-side -f -', { stdin: ingress('sided') });
      expect(conflict).to.match(/Apply failed with 1 conflict: conflict with "kubectl-patch" using networking\.k8s\.io\/v1.*: \.spec\.ingressClassName/);
      expect(await apply(ingress('sided'), '--server-side --force-conflicts')).to.match(/serverside-applied/);
      expect(await kubectl('get ing sided -o jsonpath={.spec.ingressClassName}')).to.equal('nginx');
      const managers = await kubectl('get ing sided -o jsonpath={.metadata.managedFields[*].manager} --show-managed-fields');
      expect(managers.split(' ')).to.include('kubectl');
    });

    it('forgets who wrote what when asked to', async () => {
      await apply(ingress('forgotten'));
      await kubectl('patch ing forgotten --type=merge -p \'{"metadata":{"managedFields":[{}]}}\'');
      expect(await kubectl('get ing forgotten -o jsonpath={.metadata.managedFields} --show-managed-fields')).to.equal('');
      await kubectl('label ing forgotten a=b');
      await kubectl('patch ing forgotten --type=merge -p \'{"metadata":{"managedFields":[]}}\'');
      expect(await kubectl('get ing forgotten -o jsonpath={.metadata.managedFields}{.metadata.labels.a} --show-managed-fields')).to.equal('b');
    });

    it('moves from the client side to the server side', async () => {
      await apply(ingress('moved', { annotations: '"a": "1"' }));
      await apply(ingress('moved'), '--server-side');
      expect(await kubectl('get ing moved -o jsonpath={.metadata.annotations.a}')).to.equal('');
      expect(await apply(ingress('moved'))).to.match(/configured|unchanged/);
    });

    it('runs on the server without storing anything', async () => {
      expect(await apply(ingress('dry'), '--dry-run=server')).to.equal('ingress.networking.k8s.io/dry created (server dry run)\n');
      expect(await failing('get ing dry')).to.equal('Error from server (NotFound): ingresses.networking.k8s.io "dry" not found\n');
    });

    it('applies and deletes a kustomization', async () => {
      const folder = path.join(session.folder, 'kustomized');
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'ingress.yaml'), ingress('kustomized'));
      writeFileSync(path.join(folder, 'kustomization.yaml'), 'resources: [ingress.yaml]\nnamePrefix: my-\n');
      expect(await kubectl('apply -k kustomized')).to.equal('ingress.networking.k8s.io/my-kustomized created\n');
      expect(await kubectl('delete -k kustomized')).to.match(/"my-kustomized" deleted/);
    });

    it('shows with diff what it would change', async () => {
      await apply(ingress('diffed'));
      const { code, out } = await session.run('diff -f -', { stdin: ingress('diffed', { host: 'else.example.com' }) });
      expect(code).to.equal(1);
      expect(out).to.match(/^- {2}- host: diffed\.example\.com$/m).and.match(/^\+ {2}- host: else\.example\.com$/m);
    });
  });

  describe('get', () => {
    before(async () => { await apply([ingress('shown'), service('shown')].join('---')); });

    it('prints the usual columns, more with -o wide, and namespaces with -A', async () => {
      const [plain, wide, all] = await Promise.all([kubectl('get ing shown'), kubectl('get svc shown -o wide'), kubectl('get ing -A')]);
      expect(lines(plain)[0]).to.equal('NAME CLASS HOSTS ADDRESS PORTS AGE');
      expect(lines(plain)[1]).to.match(/^shown nginx shown\.example\.com 80 \d+s$/);
      expect(lines(wide)[0]).to.equal('NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR');
      expect(lines(wide)[1]).to.match(/^shown ClusterIP \S+ <none> 80\/TCP,443\/TCP \d+s app=shown$/);
      expect(lines(all)[0]).to.match(/^NAMESPACE NAME CLASS/);
      expect(lines(all)).to.satisfy((rows: string[]) => rows.some((row) => row.startsWith('default shown nginx')));
    });

    it('prints names, several kinds, selected objects, raw answers', async () => {
      await kubectl('label svc shown team=blue');
      const [names, selected, raw, byField] = await Promise.all([
        kubectl('get ing/shown svc/shown -o name'), kubectl('get svc -l team=blue -o name'), kubectl('get --raw /apis/networking.k8s.io/v1/namespaces/default/ingresses/shown'),
        kubectl('get ing --field-selector metadata.name=shown -o name'),
      ]);
      expect(lines(names)).to.deep.equal(['ingress.networking.k8s.io/shown', 'service/shown']);
      expect(selected).to.equal('service/shown\n');
      expect(JSON.parse(raw)).to.have.property('kind', 'Ingress');
      expect(byField).to.equal('ingress.networking.k8s.io/shown\n');
    });

    it('pages a long list', async () => {
      const all = await kubectl('get ing -A --chunk-size=2 -o name');
      expect(lines(all).length).to.be.greaterThan(3);
    });

    it('watches', async () => {
      const watch = session.follow('get ing --watch');
      const only = session.follow('get ing --watch-only -o name');
      await watch.until(/shown\.example\.com/);
      await apply(ingress('watched'));
      let seen = false;
      const both = Promise.all([watch.until(/watched\s+seen/), only.until(/watched\n.*watched/s)]).finally(() => { seen = true; });
      // When --watch-only has begun to watch cannot be seen: go on changing until it has shown something.
      for (let round = 0; !seen && round < 30; round += 1) {
        await kubectl(`patch ing watched -p '{"metadata":{"labels":{"round":"${round}"}},"spec":{"ingressClassName":"seen"}}'`);
      }
      const [all, changes] = await both;
      expect(all).to.match(/^NAME\s+CLASS\s+HOSTS/);
      expect(changes).to.not.match(/shown/);
      await Promise.all([watch.stop(), only.stop()]);
    });
  });

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
