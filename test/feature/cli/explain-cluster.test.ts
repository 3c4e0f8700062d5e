// explain and classes against a cluster: an API server over a socket, listed once. Who may read what, who holds what, and what
// happens when nobody answers.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { AccessRequest, RequestRecord } from '../../../src/dev-cluster/api-server.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { type ExplainedCluster, startExplainedCluster } from '../../fixtures/explained-cluster.js';
import { type CommandResult, runCommand } from '../../fixtures/run-command.js';

describe('explain and classes on a cluster', function () {
  this.timeout(20_000);
  let cluster: ExplainedCluster;
  let requests: RequestRecord[] = [];
  let allowed: (request: AccessRequest) => boolean = () => true;
  before(async () => {
    cluster = await startExplainedCluster({ authorize: (request) => allowed(request), onRequest: (request) => { requests.push(request); } });
  });
  after(() => cluster?.close());
  beforeEach(() => { requests = []; allowed = () => true; });
  const run = (...args: string[]): Promise<CommandResult> => runCommand([...args, '--kubeconfig', cluster.kubeconfig]);

  it('explains an Ingress with its holder, its ready endpoints and its status', async () => {
    const { out, code, err } = await run('explain', 'shop/web');
    expect([code, err]).to.deep.equal([0, '']);
    expect(out).to.match(/held by +edge-a-7d9f \(epoch 3\)/).and.match(/shop\/web:80 \(2 endpoints ready, 1 not ready\)/)
      .and.match(/shop\/api:80 \(503: no endpoint is ready, 1 not ready\)/).and.match(/status +no address/);
  });

  it('explains a request down to the certificate, as text and as data', async () => {
    const { out, code } = await run('explain', 'https://store.example.com/cart', '--class', 'nginx-external');
    expect(code).to.equal(0);
    expect(out).to.match(/^nginx-external -> Ingress shop\/web, store\.example\.com \/ \(Prefix\) -> shop\/web:80 \(2 endpoints ready/)
      .and.match(/Secret shop\/store of Ingress shop\/web \(store\.example\.com, valid until 20\d\d-/);
    const [data] = JSON.parse((await run('explain', 'https://store.example.com/cart', '--class', 'nginx-external', '-o', 'json')).out);
    expect(data).to.deep.include({ listener: ['nginx-external'] });
    expect([data.taken.ingress, data.certificate.served.secret]).to.deep.equal(['shop/web', 'shop/store']);
    expect(JSON.stringify(data)).to.not.match(/PRIVATE KEY|BEGIN CERTIFICATE/);
  });

  it('shows who holds each class', async () => {
    const { out, code } = await run('classes');
    expect(code).to.equal(1);
    expect(out).to.match(/nginx-external +ingress-arbiter\.io\/controller +edge-a-7d9f +4 +2\/2\/0/)
      .and.match(/nginx-internal .* nobody .* unclaimed/).and.match(/someone-else .* foreign/).and.match(/nobody serves shop\/old-api: .*did you mean "nginx-external"\?/);
  });

  it('lists each kind once and does nothing else', async () => {
    await run('classes');
    const asked = requests.map(({ verb, resource, namespace }) => `${verb} ${resource}${namespace === undefined ? '' : ` in ${namespace}`}`);
    expect(asked.sort()).to.deep.equal([
      'list endpointslices', 'list ingressclasses', 'list ingresses', 'list leases in ingress-arbiter', 'list namespaces', 'list secrets', 'list services']);
  });

  it('goes without Secrets and Leases that it may not read, and says so', async () => {
    allowed = ({ resource }) => resource !== 'secrets' && resource !== 'leases';
    const { out, err } = await run('explain', 'shop/web');
    expect(err).to.match(/Secrets may not be read/).and.match(/Leases of namespace ingress-arbiter may not be read/);
    expect(out).to.match(/held by +not known/).and.not.match(/IA140/);
  });

  it('has exit code 3 when the cluster cannot be read, with the reason', async () => {
    allowed = ({ resource }) => resource !== 'ingresses';
    expect(await run('classes')).to.deep.include({ code: 3, out: '' });
    const [port] = await freePorts(1);
    const gone = path.join(path.dirname(cluster.kubeconfig), 'gone');
    writeFileSync(gone, cluster.api.kubeconfig().replaceAll(String(cluster.api.port), String(port)));
    const { code, err } = await runCommand(['explain', 'shop/web', '--kubeconfig', gone]);
    expect([code, /cannot be read: .*ECONNREFUSED/.test(err)]).to.deep.equal([3, true]);
    expect((await runCommand(['classes', '--kubeconfig', '/nowhere/kubeconfig'])).code).to.equal(3);
  });

  it('takes files or a cluster, not both', async () => {
    expect(await run('classes', '-f', 'manifests/examples')).to.deep.include({ code: 2, out: '' });
    expect((await run('explain', 'http://a.test/', '--class', 'gone')).err).to.match(/class "gone" is claimed by nobody here; claimed are /);
    expect((await run('explain', 'neither')).code).to.equal(2);
  });
});
