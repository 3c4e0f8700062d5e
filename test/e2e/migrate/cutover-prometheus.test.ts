// migrate cutover and finish that watch through a real Prometheus: a batch that is well goes through, one that is not is taken
// back, and a Prometheus that scrapes no engine is never taken for a class without errors.
import { expect } from 'chai';
import { freePorts } from '../../fixtures/free-ports.js';
import { eventually } from '../../fixtures/eventually.js';
import type { Load, Target } from '../../fixtures/open-loop-load.js';
import { type Prometheus, startPrometheus } from '../../fixtures/prometheus.js';
import { A, B, HandOverRig, type EngineSettings } from '../hand-over-rig.js';
import { type Migrate, type OddBackend, migrateOn, startOddBackend } from './migrate-process.js';

describe('e2e: migrate cutover through Prometheus', function () {
  this.timeout(180_000);
  const rig = new HandOverRig();
  const servers: Prometheus[] = [];
  let engine: EngineSettings;
  let targets: Target[];
  let odd: OddBackend;
  let migrate: Migrate;
  let loads: Load[];

  const prometheusOf = async (name: string, ports: readonly number[]): Promise<Prometheus> => {
    const [port] = await freePorts(1) as [number];
    const server = await startPrometheus({ folder: rig.file(name), port, targets: ports.map((one) => `127.0.0.1:${one}`), rules: 'dashboards/alerts/ingress-arbiter.rules.yaml' });
    servers.push(server);
    return server;
  };

  before(async () => {
    await rig.start();
    targets = rig.createIngresses(4, A, { prefix: 'app' });
    odd = await startOddBackend(rig, A);
    targets.push({ host: 'odd.test', backends: ['odd'] });
    for (const name of [A, B]) rig.startController(name);
    engine = await rig.startEngine('one');
    await rig.arrived(A, 60_000);
    migrate = migrateOn(rig);
    expect((await migrate(['shadow', '--from', A, '--to', B])).code).to.equal(0);
    loads = [A, B].map((name) => rig.load(engine.ports[name]!, targets, 40));
  });
  after(async () => {
    for (const load of loads ?? []) await load.stop();
    for (const server of servers) await server.stop();
    odd?.close();
    await rig.stop();
  });

  const cutover = ({ port }: Prometheus): string[] => ['cutover', '--from', A, '--to', B, '--prometheus', `http://127.0.0.1:${port}`, '--batch', '3', '--baseline', '2', '--pause', '4', '--interval', '1', '--least-requests', '10', '--max-slowness', '1000', '-o', 'json'];

  it('begins nothing with a Prometheus that knows nothing of the class', async () => {
    const { code, out } = await migrate(cutover(await prometheusOf('blind', [])));
    expect([code, (JSON.parse(out) as { stopped: string }).stopped]).to.deep.equal([1, `traffic is not known: http://127.0.0.1:${servers[0]!.port}: the Prometheus has no ingress_arbiter_requests_total of class ${A}; let it scrape the engines`]);
    for (const one of rig.ingresses()) expect(one.spec.ingressClassName).to.equal(A);
  });

  it('moves a batch that is well, and takes one back that answers 500, by the figures of Prometheus', async () => {
    const server = await prometheusOf('seeing', [engine.admin]);
    await eventually(async () => {
      for (const name of [A, B]) expect((await server.query(`ingress_arbiter_requests_total{ingress_class="${name}",ingress_name="odd",code="200"} > 0`)).length, name).to.be.greaterThan(0);
    }, 40_000);
    odd.broken = engine.ports[B]!;
    const { code, out, err } = await migrate(cutover(server));
    const { moved, returned, stopped } = JSON.parse(out) as { moved: string[]; returned: string[]; stopped: string };
    expect(code, err).to.equal(1);
    expect(stopped, err).to.match(/class class-b has got worse: Ingress default\/odd: \d+\.\d % of \d+ requests are answered with 5xx, 0\.0 % before/);
    expect([moved, returned]).to.deep.equal([['default/app-0', 'default/app-1', 'default/app-2'], ['default/app-3', 'default/odd']]);
    for (const { metadata, spec } of rig.ingresses()) expect(spec.ingressClassName, metadata.name).to.equal(moved.includes(`default/${metadata.name}`) ? B : A);
    odd.broken = -1;
  });

  it('refuses to finish while the old class is asked', async () => {
    const finish = await migrate(['finish', '--to', B, '--ingress', 'default/app-0', '--prometheus', `http://127.0.0.1:${servers[1]!.port}`, '--watch', '4']);
    expect(finish.code, finish.err).to.equal(1);
    expect(finish.out).to.match(/default\/app-0: class class-a still gets requests for it/);
    for (const load of loads) {
      const { failures } = await load.stop();
      expect(failures.filter(({ what }) => !what.startsWith('odd.test: '))).to.deep.equal([]);
    }
    await rig.answers(engine.ports[B]!, 'app-0.test', 200);
  });
});
