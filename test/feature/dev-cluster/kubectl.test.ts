// What people do with kubectl, done with the real one against the embedded API server.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { KubectlSession } from './kubectl-session.js';
import { startKubectlSession } from './kubectl-session.js';

import { ingress, lines, service } from './kubectl-manifests.js';

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
});
