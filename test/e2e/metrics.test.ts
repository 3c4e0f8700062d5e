// Figures of a running installation, as a real Prometheus sees them under mixed load on both classes: exact counts across the
// death of workers and of nginx, bounded series, and an answer to every query of every dashboard and rule.
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { alerts, recordingRules } from '../../dashboards/src/alerts.js';
import { handOvers } from '../../dashboards/src/dashboard.js';
import { dashboards } from '../../dashboards/src/generated-files.js';
import { type DevSettings, defaultDevSettings, devEngineSettings } from '../../src/cli/dev/dev-settings.js';
import { examplesFolder } from '../../src/cli/dev/sample-cluster.js';
import { type Dev, startDev } from '../../src/cli/dev/start-dev.js';
import { engineSettings } from '../../src/engine/settings.js';
import { countedIngresses } from '../fixtures/counted-ingresses.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { type Answer, httpGet } from '../fixtures/http-get.js';
import { type Kubectl, kubectlFor } from '../fixtures/kubectl.js';
import { type Prometheus, startPrometheus } from '../fixtures/prometheus.js';
import { selfSigned } from '../fixtures/self-signed.js';

/** SERIES_REQUESTS=100000 (make series) is the long form. */
const RANDOM_REQUESTS = Number(process.env.SERIES_REQUESTS ?? 20_000);

const classNames = ['nginx-external', 'nginx-internal'] as const;
type ClassName = (typeof classNames)[number];

describe('e2e: metrics of both classes, scraped by Prometheus', function () {
  this.timeout(120_000);
  let dev: Dev;
  let kubectl: Kubectl;
  let prometheus: Prometheus;
  let settings: DevSettings;
  let folder: string;
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  /** Answers that clients have had, the whole or the beginning, by class. */
  const answered: Record<ClassName, number> = { 'nginx-external': 0, 'nginx-internal': 0 };

  const portOf = (name: ClassName): number => (name === 'nginx-external' ? settings.ports.external.http : settings.ports.internal.http);
  const metrics = async (at = '/metrics', accept = 'text/plain'): Promise<string> => {
    const { status, text } = await httpGet({ port: dev.adminPort, host: 'localhost', path: at, headers: { accept } });
    expect(status, text).to.equal(200);
    return text;
  };
  const seriesIn = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')));
  const sum = (text: string, matches: (line: string) => boolean): number =>
    text.split('\n').filter((line) => !line.startsWith('#') && matches(line)).reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  const requestsOf = (text: string, name: ClassName): number => sum(text, (line) => line.startsWith(`ingress_arbiter_requests_total{ingress_class="${name}"`));

  /** One request on a kept connection; resolves with the status, rejects when there is no answer. */
  const ask = (name: ClassName, host: string, at = '/', method = 'GET'): Promise<number> => new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port: portOf(name), path: at, method, headers: { host }, agent }, (response) => {
      answered[name] += 1;
      response.on('error', reject).on('end', () => resolve(response.statusCode!)).resume();
    }).on('error', reject).end();
  });
  /** `count` requests, 16 at a time; those without an answer are counted, not thrown. */
  const load = async (count: number, one: (at: number) => Promise<unknown>): Promise<number> => {
    let [next, failed] = [0, 0];
    await Promise.all(Array.from({ length: 16 }, async () => {
      while (next < count) await one(next++).catch(() => { failed += 1; });
    }));
    return failed;
  };
  const mixed = (at: number): Promise<number> => (at % 3 === 0 ? ask('nginx-internal', 'shop.example.com') : at % 7 === 0
    ? ask('nginx-external', 'shop.example.com', '/missing', 'POST') : ask('nginx-external', 'alicek106.example.com', '/echo-hostname'));

  /** Waits until the workers have told all that they had gathered: they do so each second. */
  const settled = async (): Promise<string> => {
    let [seen, since] = ['', performance.now()];
    return eventually(async () => {
      const text = await metrics();
      const now = text.split('\n').filter((line) => /^ingress_arbiter_(request_duration|upstream_header_duration)_seconds_count/.test(line)).join('\n');
      if (now !== seen) [seen, since] = [now, performance.now()];
      expect(performance.now() - since).to.be.greaterThan(1300);
      return text;
    }, 15_000);
  };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-metrics-'));
    const [apiPort, adminPort, http, https, http2, https2, port] = await freePorts(7) as [number, number, number, number, number, number, number];
    settings = { ...defaultDevSettings(folder), sslPassthrough: { external: true }, apiPort, adminPort, ports: { external: { http, https }, internal: { http: http2, https: https2 } } };
    dev = await startDev(settings, examplesFolder, () => undefined);
    await eventually(() => expect(dev.notReady()).to.equal(undefined), 20_000);
    kubectl = kubectlFor(dev.kubeconfig);
    const { certificate, key } = await selfSigned('secure.example.com');
    const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secure' }, type: 'kubernetes.io/tls', data }));
    await kubectl(['apply', '-f', '-'], countedIngresses);
    prometheus = await startPrometheus({ folder: path.join(folder, 'prometheus'), port, targets: [`127.0.0.1:${adminPort}`], rules: 'dashboards/alerts/ingress-arbiter.rules.yaml' });
    await eventually(async () => expect(await ask('nginx-external', 'alicek106.example.com', '/echo-hostname')).to.equal(200), 10_000);
    await eventually(async () => expect(await ask('nginx-internal', 'shop.example.com')).to.equal(200), 10_000);
  });

  after(async () => {
    agent.destroy();
    await prometheus?.stop();
    await dev?.stop();
    kubectl?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has a 0 for an Ingress that nobody has asked for', async () => {
    await eventually(async () => {
      const text = await metrics();
      expect(sum(text, (line) => line.startsWith('ingress_arbiter_requests_total') && line.includes('ingress_name="secure"'))).to.equal(0);
      expect(text).to.match(/^ingress_arbiter_requests_total\{[^}]*ingress_name="secure"[^}]*code="200"\} 0$/m);
      expect(text).to.match(/^nginx_ingress_controller_requests\{[^}]*ingress="secure"[^}]*host="secure.example.com",path="\/",canary=""\} 0$/m);
    });
  });

  it('sums over the classes to what clients were answered, exactly, while workers are killed and nginx is replaced under load', async () => {
    const [before, start] = [{ ...answered }, await metrics()];
    const killWorker = async (): Promise<void> => {
      const pid = dev.engine.pids()!.workers[0]!;
      process.kill(pid, 'SIGKILL');
      await eventually(() => expect(dev.engine.pids()!.workers).to.have.length.greaterThan(0).and.not.include(pid));
    };
    const sent = (): number => classNames.reduce((total, name) => total + answered[name] - before[name], 0);
    const more = async (): Promise<void> => {
      const since = sent();
      await eventually(() => expect(sent()).to.be.greaterThan(since + 500), 10_000);
    };
    let running = true;
    const traffic = load(1_000_000, async (at) => { if (running) await mixed(at); });
    try {
      await more();
      await killWorker();
      await dev.engine.replaceNginx(engineSettings(devEngineSettings(settings)));
      await more();
      await killWorker();
    } finally {
      running = false;
    }
    expect(await traffic, 'requests that were under way in the killed workers').to.be.lessThan(200);
    const text = await metrics();
    const unsent = classNames.map((name) => requestsOf(text, name) - requestsOf(start, name) - (answered[name] - before[name]));
    for (const [at, count] of unsent.entries()) expect(count, classNames[at]!).to.be.at.least(0);
    // A request is counted just before its answer is sent, and a worker does one thing at a time: one of each that was killed.
    expect(unsent.reduce((total, count) => total + count, 0)).to.be.within(0, 2);
    expect(sum(text, (line) => line.startsWith('ingress_arbiter_nginx_replacements_total '))).to.equal(1);
  });

  it('counts exactly, to the last request, when nobody dies', async () => {
    const [start, before] = [await metrics(), { ...answered }];
    expect(await load(3000, mixed)).to.equal(0);
    const text = await metrics();
    for (const name of classNames) expect(requestsOf(text, name) - requestsOf(start, name)).to.equal(answered[name] - before[name]);
    const internal = await metrics('/metrics/nginx-internal');
    expect(requestsOf(internal, 'nginx-internal')).to.equal(requestsOf(text, 'nginx-internal'));
    expect(internal).not.to.include('nginx-external');
  });

  it('measures every request once its second is over', async () => {
    const start = await settled();
    await load(500, mixed);
    const count = (text: string, name: string): number => sum(text, (line) => line.startsWith(`${name}_count{`));
    const since = async (name: string): Promise<number> => count(await metrics(), name) - count(start, name);
    await eventually(async () => {
      for (const name of ['ingress_arbiter_request_duration_seconds', 'ingress_arbiter_response_size_bytes', 'ingress_arbiter_request_size_bytes']) expect(await since(name)).to.equal(500);
      expect(await since('nginx_ingress_controller_request_duration_seconds')).to.equal(500);
      expect(await since('ingress_arbiter_upstream_response_duration_seconds')).to.be.within(1, 500);
    });
  });

  it('tells no endpoint, unknown host, refused request and TLS from each other', async () => {
    const start = await metrics();
    expect(await eventually(() => ask('nginx-external', 'empty.example.com'))).to.equal(503);
    expect(await ask('nginx-external', 'nobody-knows.example.com')).to.equal(404);
    expect(await ask('nginx-external', 'alicek106.example.com', '/not-a-path')).to.equal(404);
    const secure = await eventually(async () => {
      const answer: Answer = await httpGet({ port: settings.ports.internal.https, host: 'secure.example.com', https: true });
      expect([answer.status, answer.commonName]).to.deep.equal([200, 'secure.example.com']);
      return answer;
    });
    expect(secure.status).to.equal(200);
    // Plain HTTP on the port of TLS: nginx refuses it before any of our code has seen the request.
    expect((await httpGet({ port: settings.ports.external.https, host: 'x' })).status).to.equal(400);
    const text = await metrics();
    const grown = (part: RegExp): number => sum(text, (line) => part.test(line)) - sum(start, (line) => part.test(line));
    expect(grown(/^ingress_arbiter_no_endpoint_answers_total\{.*"nobody-home",backend_service="nobody"/)).to.equal(1);
    expect(grown(/^ingress_arbiter_unknown_host_requests_total\{ingress_class="nginx-external"/)).to.equal(1);
    expect(grown(/^ingress_arbiter_requests_total\{ingress_class="nginx-external",ingress_namespace="",.*code="404"/)).to.equal(2);
    expect(grown(/^ingress_arbiter_requests_total\{ingress_class="nginx-external",ingress_namespace="",.*code="400"/)).to.equal(1);
    expect(grown(/^ingress_arbiter_tls_handshakes_total\{ingress_class="nginx-internal",kind="full"/)).to.be.greaterThan(0);
    expect(text).to.match(/^ingress_arbiter_certificate_expiry_timestamp_seconds\{ingress_class="nginx-internal",host="secure.example.com"\} [0-9]{10}$/m);
  });

  it(`has as many series after ${RANDOM_REQUESTS} requests with random hosts, paths and methods as before`, async function () {
    this.timeout(60_000 + 4 * RANDOM_REQUESTS);
    for (const method of ['GET', 'PURGE']) await ask('nginx-external', 'nobody-knows.example.com', '/', method);
    const before = seriesIn(await settled());
    let seed = 7;
    const random = (): string => { seed = (seed * 48_271) % 2_147_483_647; return seed.toString(36); };
    expect(await load(RANDOM_REQUESTS, (at) => (at % 2 === 0 ? ask('nginx-external', `${random()}.example.com`, `/${random()}?${random()}`, at % 4 === 0 ? 'GET' : 'PURGE')
      : ask('nginx-external', 'alicek106.example.com', `/echo-hostname/${random()}`)))).to.equal(0);
    const after = seriesIn(await settled());
    expect(after.filter((one) => !before.includes(one))).to.deep.equal([]);
    expect(new Set(after).size).to.equal(after.length);
  });

  it('answers every query of every dashboard and rule', async () => {
    await eventually(async () => expect(await prometheus.query('ingress_arbiter_hand_over_steps_total == 0')).to.not.deep.equal([]), 20_000);
    await kubectl(['patch', 'ingress', 'moving', '--type=merge', '-p', '{"spec":{"ingressClassName":"nginx-internal"}}']);
    let running = true;
    const traffic = load(1_000_000, async (at) => {
      if (!running) return;
      await mixed(at);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    });
    const substitute = (expr: string): string => expr.replaceAll('$__rate_interval', '30s').replaceAll('$__interval', '5m').replaceAll('"$ingress_class"', '"nginx-external"').replace(/"\$ingress_(namespace|name)"/g, '".*"').replaceAll('=~"nginx-external"', '=~".*"');
    const panels = dashboards.flatMap(({ uid, rows }) => rows.flatMap((row) => row.panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ of: `${uid}: ${title}`, expr })))));
    expect(panels.push({ of: 'marks: hand-overs', expr: handOvers.expr })).to.be.greaterThan(50);
    /** Only this class has a certificate and something wrong. */
    const ofInternal = new Set(['Certificates', 'Findings']);
    try {
      const unanswered = await eventually(async () => {
        const empty: string[] = [];
        for (const { of, expr } of panels) {
          const shown = substitute(ofInternal.has(of.split(': ')[1]!) ? expr.replaceAll('"$ingress_class"', '"nginx-internal"') : expr);
          if ((await prometheus.query(shown)).length === 0) empty.push(`${of}: ${shown}`);
        }
        for (const { record } of recordingRules) if ((await prometheus.query(record)).length === 0) empty.push(record);
        if (empty.length > 0) throw new Error(empty.join('\n'));
        return empty;
      }, 40_000);
      expect(unanswered).to.deep.equal([]);
    } finally {
      running = false;
      await traffic;
    }
    await eventually(async () => {
      expect(sum(await metrics(), (line) => /^ingress_arbiter_hand_over_phase_seconds_count\{ingress_class="nginx-internal",phase="(starting|moving)"/.test(line))).to.be.at.least(1);
    });
    const { groups } = await prometheus.get('/api/v1/rules') as { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).to.equal(alerts.length + recordingRules.length);
    expect(rules.filter(({ health }) => health !== 'ok')).to.deep.equal([]);
  });

  it('never goes backwards when nginx dies as a whole', async () => {
    await load(300, mixed);
    const start = await metrics();
    const { master } = dev.engine.pids()!;
    process.kill(master, 'SIGKILL');
    await eventually(async () => expect(dev.engine.pids()?.master ?? master).not.to.equal(master), 10_000);
    await eventually(async () => expect(await ask('nginx-internal', 'shop.example.com')).to.equal(200), 10_000);
    const text = await eventually(() => metrics());
    const value = (all: string, series: string): number => Number(all.split('\n').find((line) => line.startsWith(`${series} `))?.split(' ').at(-1));
    const counters = seriesIn(start).filter((series) => /_total\{|_total$|_bucket\{|_count\{|_sum\{|controller_requests\{/.test(series));
    expect(counters.length).to.be.greaterThan(100);
    for (const series of counters) expect(value(text, series), series).to.be.at.least(value(start, series));
    expect(value(text, 'ingress_arbiter_nginx_starts_total')).to.equal(2);
    expect(requestsOf(text, 'nginx-internal')).to.be.greaterThan(requestsOf(start, 'nginx-internal'));
  });
});
