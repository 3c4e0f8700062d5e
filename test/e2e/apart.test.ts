// Controllers and engines as programs of their own: each side outlives the other, and an engine serves without anybody.
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { makeCertificates } from '../../src/cli/certs/make-certificates.js';
import { type ControllerProgram, startControllerProgram } from '../../src/cli/controller/start-controller-program.js';
import { claimOf } from '../../src/core/claim.js';
import { type ApiServer, startApiServer } from '../../src/dev-cluster/api-server.js';
import { type Workloads, startWorkloads } from '../../src/dev-cluster/workloads/workloads.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';
import { shippedAccess } from '../fixtures/shipped-access.js';

const program = path.resolve('dist/src/cli/main.js');

interface EngineProcess {
  child: ChildProcess;
  output: () => string;
  http: number;
  https: number;
  admin: number;
  ended: Promise<number | null>;
}

describe('e2e: controllers and engines apart', function () {
  this.timeout(90_000);
  let folder: string;
  const access = shippedAccess();
  let api: ApiServer;
  let workloads: Workloads;
  let streamPorts: number[];
  const engines: EngineProcess[] = [];
  const controllers: ControllerProgram[] = [];
  const file = (name: string): string => path.join(folder, name);

  const startController = async (port: number, identity: string): Promise<ControllerProgram> => {
    const started = await startControllerProgram({
      claims: [claimOf('red', { allowLoopbackEndpoints: true })], installation: { name: 'default', namespace: 'default' },
      kubeconfig: { kind: 'path', path: file('kubeconfig') }, admin: { address: '127.0.0.1', port: 0 }, identity,
      stream: { address: '127.0.0.1', port, tls: { certificate: file('tls/class-red.crt'), key: file('tls/class-red.key'), authority: file('tls/ca.crt') } },
    }, () => undefined);
    controllers.push(started);
    return started;
  };
  const startEngine = async (name: string): Promise<EngineProcess> => {
    const [http, https, admin] = await freePorts(3) as [number, number, number];
    return launch(name, { http, https, admin });
  };
  const launch = (name: string, { http, https, admin }: { http: number; https: number; admin: number }): EngineProcess => {
    writeFileSync(file(`${name}.yaml`), stringify({
      name, unreadySeconds: 0, admin: { address: '127.0.0.1', port: admin },
      controllers: { red: streamPorts.map((port) => `https://127.0.0.1:${port}`) },
      tls: { certificate: 'tls/engine.crt', key: 'tls/engine.key', authority: 'tls/ca.crt' },
      engine: {
        workDirectory: `work-${name}`, workers: 1, allowLoopbackEndpoints: true, limits: { drainSeconds: 2 },
        listeners: [{ name: 'red', address: '127.0.0.1', httpPort: http, httpsPort: https, classes: ['red'] }],
        ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
      },
    }));
    const child = spawn(process.execPath, [program, 'engine', '--config', file(`${name}.yaml`)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    const started: EngineProcess = { child, output: () => output, http, https, admin, ended: new Promise((resolve) => { child.once('exit', resolve); }) };
    engines.push(started);
    return started;
  };
  const answersOf = async ({ http }: EngineProcess, status = 200): Promise<void> => {
    const answer = await httpGet({ port: http, host: 'a.test' });
    expect(answer.status).to.equal(status);
  };
  const ready = async ({ admin, output }: EngineProcess, status = 200): Promise<void> => {
    const answer = await httpGet({ port: admin, host: 'localhost', path: '/readyz' });
    expect(answer.status, `${answer.text}\n${output()}`).to.equal(status);
  };

  const statusOf = async ({ adminPort }: ControllerProgram, at: string, status: number): Promise<void> => {
    const answer = await httpGet({ port: adminPort, host: 'localhost', path: at });
    expect(answer.status, answer.text).to.equal(status);
  };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-apart-'));
    mkdirSync(file('tls'));
    await makeCertificates({ folder: file('tls'), classes: ['red'], days: 2 });
    api = await startApiServer({ allowLoopbackEndpoints: true, authorize: access.authorize });
    access.admit('red', { namespace: 'default', leases: ['red'] });
    writeFileSync(file('kubeconfig'), api.kubeconfig({ user: 'red', token: api.addUser('red') }), { mode: 0o600 });
    workloads = startWorkloads({ apiUrl: api.url, token: api.token, caPem: api.caPem });
    const labels = { app: 'web' };
    api.store.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'sample', ports: [{ name: 'http', containerPort: 5000 }] }] } } } });
    api.store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] } });
    api.store.create({
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', annotations: { 'kubernetes.io/ingress.class': 'red' } },
      spec: { rules: [{ host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
    });
    streamPorts = await freePorts(2);
  });

  after(async () => {
    for (const { child, ended } of engines) {
      child.kill('SIGKILL');
      await ended;
    }
    for (const one of controllers) await one.stop();
    await workloads?.close();
    await api?.close();
    rmSync(folder, { recursive: true, force: true });
    access.expectNoRefusal();
  });

  it('an engine with nobody to ask and nothing on disk listens for nobody and says that it is not ready', async () => {
    const engine = await startEngine('lonely');
    await eventually(() => ready(engine, 503), 40_000);
    const refused = await httpGet({ port: engine.http, host: 'a.test' }).then(() => 'answered', (error: NodeJS.ErrnoException) => error.code);
    expect(refused).to.equal('ECONNREFUSED');
    engine.child.kill('SIGTERM');
    expect(await engine.ended).to.equal(0);
  });

  it('a controller that can not see its cluster is alive, and not ready', async () => {
    const [nobody] = await freePorts(1) as [number];
    const kubeconfig = readFileSync(file('kubeconfig'), 'utf8');
    writeFileSync(file('kubeconfig'), kubeconfig.replace(/:[0-9]+(?=\s*$)/m, `:${nobody}`), { mode: 0o600 });
    const blind = await startController(0, 'blind');
    await statusOf(blind, '/healthz', 200);
    await statusOf(blind, '/readyz', 503);
    await controllers.splice(0)[0]!.stop();
    writeFileSync(file('kubeconfig'), kubeconfig, { mode: 0o600 });
  });

  it('two engines serve what the holder publishes, asked by way of the standby too', async () => {
    // The holder and the standby are both of use: the one publishes, the other sends engines on.
    for (const controller of [await startController(streamPorts[0]!, 'one'), await startController(streamPorts[1]!, 'two')]) {
      await eventually(() => statusOf(controller, '/readyz', 200), 20_000);
      await statusOf(controller, '/healthz', 200);
    }
    const [one, two] = [await startEngine('one'), await startEngine('two')];
    for (const engine of [one, two]) {
      await eventually(() => ready(engine), 40_000);
      await eventually(() => answersOf(engine), 40_000);
    }
  });

  it('each program tells when its own certificate and the authority end', async () => {
    const endIn = (name: string): string => String(Date.parse(new X509Certificate(readFileSync(file(name))).validTo) / 1000);
    const programs = [...controllers.map(({ adminPort }) => [adminPort, 'controller', 'red', 'tls/class-red.crt'] as const), ...engines.slice(-2).map(({ admin }) => [admin, 'engine', '', 'tls/engine.crt'] as const)];
    expect(programs).to.have.length(4);
    for (const [port, program, claims, certificate] of programs) {
      const { text } = await httpGet({ port, host: 'localhost', path: '/metrics' });
      const lines = text.split('\n').filter((line) => line.startsWith('ingress_arbiter_own_certificate_expiry_timestamp_seconds{'));
      expect(lines).to.have.members([['own', certificate], ['authority', 'tls/ca.crt']].map(([which, name]) =>
        `ingress_arbiter_own_certificate_expiry_timestamp_seconds{program="${program}",claims="${claims}",certificate="${which!}"} ${endIn(name!)}`));
    }
  });

  it('engines go on serving without any controller, also after a restart with nobody to ask', async () => {
    for (const one of controllers.splice(0)) await one.stop();
    const [first, second] = engines.slice(-2) as [EngineProcess, EngineProcess];
    await answersOf(first);
    await answersOf(second);
    await eventually(() => expect(readdirSync(file('work-two/tables/red')).filter((name) => name.endsWith('.table'))).to.not.be.empty);
    second.child.kill('SIGKILL');
    await second.ended;
    // The newest file is one that was cut off: the one before it counts.
    const folderOfTwo = file('work-two/tables/red');
    const newest = readdirSync(folderOfTwo).filter((name) => name.endsWith('.table')).sort().at(-1)!;
    writeFileSync(path.join(folderOfTwo, '999999999999.table'), readFileSync(path.join(folderOfTwo, newest), 'utf8').slice(0, -5));
    const again = launch('two', { http: second.http, https: second.https, admin: second.admin });
    // The nginx of the engine that was killed may answer for a moment longer.
    await eventually(() => expect(again.output()).to.match(/serves its last good table/), 40_000);
    expect(again.output()).to.match(/999999999999\.table is cut off or has too much; the one before it is tried/);
    await eventually(() => answersOf(again), 40_000);
    await answersOf(first);
  });

  it('an engine whose disk takes nothing serves all the same, and says so', async () => {
    mkdirSync(file('work-full/tables'), { recursive: true });
    // Root writes wherever there is a directory: here there is none and there can be none.
    writeFileSync(file('work-full/tables/red'), '');
    await startController(streamPorts[0]!, 'for-full');
    const engine = await startEngine('full');
    await eventually(() => answersOf(engine), 40_000);
    await eventually(async () => expect((await httpGet({ port: engine.admin, host: 'localhost', path: '/metrics' })).text).to.match(/^ingress_arbiter_last_good_write_failing 1$/m), 10_000);
    expect(engine.output()).to.match(/last good table of class red can't be written: .*; requests are served all the same/);
    await ready(engine);
    rmSync(file('work-full/tables/red'));
    await eventually(async () => expect((await httpGet({ port: engine.admin, host: 'localhost', path: '/metrics' })).text).to.match(/^ingress_arbiter_last_good_write_failing 0$/m), 10_000);
    engine.child.kill('SIGTERM');
    expect(await engine.ended).to.equal(0);
    for (const one of controllers.splice(0)) await one.stop();
  });

  it('a new controller takes over with a newer epoch, and its changes are served', async () => {
    await startController(streamPorts[0]!, 'three');
    const service = api.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'web' })!;
    (service['spec'] as { rules: { host: string }[] }).rules[0]!.host = 'b.test';
    api.store.update(service);
    for (const engine of [engines.at(-1)!, engines.at(-2)!].filter(({ child }) => child.exitCode === null && child.signalCode === null)) {
      await eventually(async () => {
        expect((await httpGet({ port: engine.http, host: 'b.test' })).status).to.equal(200);
        expect((await httpGet({ port: engine.http, host: 'a.test' })).status).to.equal(404);
      }, 30_000);
    }
  });
});
