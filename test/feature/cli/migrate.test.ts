// migrate against a cluster: an API server over a socket. What is written and against which version, what is only said, and who
// is named.
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import type { AccessRequest, RequestRecord } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { type ExplainedCluster, startExplainedCluster } from '../../fixtures/explained-cluster.js';
import { type CommandResult, runCommand } from '../../fixtures/run-command.js';

describe('migrate plan and annotation-to-field on a cluster', function () {
  this.timeout(20_000);
  let cluster: ExplainedCluster;
  let requests: RequestRecord[] = [];
  let allowed: (request: AccessRequest) => boolean = () => true;
  beforeEach(async () => {
    requests = [];
    allowed = () => true;
    cluster = await startExplainedCluster({ authorize: (request) => allowed(request), onRequest: (request) => { requests.push(request); } });
  });
  afterEach(() => cluster?.close());
  const run = (...args: string[]): Promise<CommandResult> => runCommand(['migrate', ...args, '--kubeconfig', cluster.kubeconfig]);
  const ingress = (name: string, namespace = 'shop'): KubeObject => cluster.api.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace, name })!;
  const writes = (): string[] => requests.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb)).map(({ verb, resource }) => `${verb} ${resource}`);

  it('plans and writes nothing, as text, data and patches', async () => {
    const text = await run('plan', '--from', 'nginx-external', '--to', 'nginx-internal');
    expect(text.code, text.err).to.equal(1);
    expect(text.out).to.match(/^4 Ingresses to class nginx-internal in 1 batch/).and.match(/shop\/web {2}nginx-external \[rule annotation\] -> nginx-internal \[rule annotation\]/)
      .and.match(/stay, and are served otherwise then\n {2}Ingress default\/shop-staff: shop\.example\.com \/: will be lost to/);
    const data = JSON.parse((await run('plan', '--from', 'nginx-external', '--to', 'nginx-internal', '-n', 'shop', '-o', 'json')).out);
    expect(data.moves.map((move: { ingress: string }) => move.ingress)).to.deep.equal(['shop/web', 'shop/web-late']);
    const patches = parseAllDocuments((await run('plan', '--ingress', 'shop/web', '--to', 'nginx-internal', '--by', 'field', '-o', 'yaml')).out).map((one) => one.toJS());
    expect(patches).to.deep.equal([{
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec: { ingressClassName: 'nginx-internal' },
      metadata: { namespace: 'shop', name: 'web', annotations: { 'kubernetes.io/ingress.class': null, 'ingress-arbiter.io/former-class': '{"annotation":"nginx"}' } },
    }]);
    expect(writes()).to.deep.equal([]);
  });

  it('has exit code 2 for a class that nobody claims', async () => {
    const { code, err } = await run('plan', '--from', 'nginx-external', '--to', 'gone');
    expect([code, err]).to.deep.equal([2, 'class "gone" is claimed by nobody here; claimed are nginx-external, nginx-internal (see --claim)\n']);
  });

  it('names the Deployment of external-dns, and goes without Deployments that it may not read', async () => {
    const template = { metadata: { labels: { app: 'dns' } }, spec: { containers: [{ name: 'dns', image: 'r/external-dns:1', args: ['--ingress-class=nginx-external'] }] } };
    cluster.api.store.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'dns' }, spec: { replicas: 0, selector: { matchLabels: { app: 'dns' } }, template } } as unknown as KubeObject);
    expect((await run('plan', '--from', 'nginx-external', '--to', 'nginx-internal')).out).to.match(/Deployment shop\/dns: external-dns looks at classes nginx-external only/);
    allowed = ({ resource }) => resource !== 'deployments';
    expect((await run('plan', '--from', 'nginx-external', '--to', 'nginx-internal')).err).to.match(/Deployments may not be read/);
  });

  it('rewrites annotations, keeps everything else, and has nothing to do the second time', async () => {
    const before = ingress('web');
    const dry = await run('annotation-to-field', '--dry-run');
    expect([dry.code, writes()]).to.deep.equal([0, []]);
    const { code, out, err } = await run('annotation-to-field');
    expect(code, err).to.equal(0);
    expect(out).to.match(/shop\/web: annotation "nginx" -> spec\.ingressClassName "nginx-external" \(stays with class nginx-external\)/);
    expect(err).to.match(/2\/2 rewritten/);
    const after = ingress('web');
    expect(after['spec']).to.deep.equal({ ...before['spec'] as object, ingressClassName: 'nginx-external' });
    expect(after.metadata.annotations ?? {}).to.not.have.property('kubernetes.io/ingress.class');
    expect(writes()).to.deep.equal(['patch ingresses', 'patch ingresses']);
    expect((await run('annotation-to-field')).out).to.match(/^0 Ingresses to rewrite, 0 left/);
  });

  it('does not touch what would change its owner under a controller that runs there', async () => {
    cluster.api.store.create({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } } as unknown as KubeObject);
    const { code, out } = await run('annotation-to-field', '--claim', 'nginx-external:annotations=nginx', '--as', 'haproxytech');
    expect(code).to.equal(1);
    expect(out).to.match(/left: .*haproxytech lets it go/);
    expect(writes()).to.deep.equal([]);
  });

  it('does not write over what somebody else has changed meanwhile', async () => {
    let changed = false;
    allowed = ({ verb, name }) => {
      if (verb !== 'patch' || name !== 'web' || changed) return true;
      changed = true;
      const now = structuredClone(ingress('web'));
      now.metadata.annotations!['kubernetes.io/ingress.class'] = 'somebody-else';
      cluster.api.store.update(now);
      return true;
    };
    const { code, err } = await run('annotation-to-field', '--ingress', 'shop/web');
    expect([code, changed]).to.deep.equal([1, true]);
    expect(err).to.match(/shop\/web: not written: it has been changed since; run the command again/);
    expect(ingress('web').metadata.annotations!['kubernetes.io/ingress.class']).to.equal('somebody-else');
  });

  it('ends with 3 when it may not write, and has left nothing half done', async () => {
    allowed = ({ verb }) => verb !== 'patch';
    const { code, err } = await run('annotation-to-field');
    expect([code, /cannot be written: .*forbidden/i.test(err)], err).to.deep.equal([3, true]);
    expect(ingress('web').metadata.annotations!['kubernetes.io/ingress.class']).to.equal('nginx');
  });
});
