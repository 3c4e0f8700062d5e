// docs/migrate-from-ingress-nginx.md, step by step: its commands as they are written, in a shell with the real kubectl, against a
// dev cluster and a plain nginx that plays ingress-nginx. Only addresses, ports and folders are those of this machine.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../fixtures/free-ports.js';
import { eventually } from '../../fixtures/eventually.js';
import { type Program, programOf } from '../../fixtures/program.js';
import { OLD_ADDRESS, OWN_ADDRESS, type OldCluster, startOldCluster } from './old-installation.js';

const guide = readFileSync('docs/migrate-from-ingress-nginx.md', 'utf8');

/** The blocks of code below the heading of a step: lines that are indented by four spaces, up to an empty one. */
function blocksOf(step: number): string[] {
  const [, text = ''] = guide.split(new RegExp(`^## ${step}\\. .*$`, 'm'));
  const blocks: string[][] = [[]];
  for (const line of text.split(/^## /m)[0]!.split('\n')) {
    if (line.startsWith('    ')) blocks.at(-1)!.push(line.slice(4));
    else if (blocks.at(-1)!.length > 0) blocks.push([]);
  }
  return blocks.filter((block) => block.length > 0).map((block) => block.join('\n'));
}

interface Ended { code: number | null; out: string; err: string }
interface Settings { claims: Record<string, unknown>[]; engine: { workDirectory: string; listeners: { address: string; httpPort: number; httpsPort: number }[] } & Record<string, unknown> }

describe('e2e: the guide from ingress-nginx', function () {
  this.timeout(180_000);
  let cluster: OldCluster;
  let ports: { http: number; https: number; admin: number };
  let home: string;
  let program: Program | undefined;

  before(async () => {
    cluster = await startOldCluster();
    const [http, https, admin] = await freePorts(3) as [number, number, number];
    ports = { http, https, admin };
    home = path.join(cluster.folder, 'home');
    mkdirSync(path.join(home, 'bin'), { recursive: true });
    writeFileSync(path.join(home, 'bin/ingress-arbiter'), `#!/bin/sh\nexec '${process.execPath}' '${path.resolve('dist/src/cli/main.js')}' "$@"\n`, { mode: 0o755 });
    // Left out, it would be the next one of the path: a script of this name that runs kubectl runs itself, for ever.
    const { KUBECTL: kubectl = '' } = process.env;
    if (kubectl !== '') writeFileSync(path.join(home, 'bin/kubectl'), `#!/bin/sh\nexec '${kubectl}' "$@"\n`, { mode: 0o755 });
    cluster.api.store.create({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'ingress-nginx-admission' }, webhooks: [] } as never);
  });
  after(async () => {
    program?.child.kill('SIGTERM');
    await program?.ended;
    await cluster?.close();
  });

  /** A command of the guide, with the addresses of this machine. */
  const shell = (command: string): Promise<Ended> => new Promise((resolve) => {
    const [oldHttp, oldHttps] = cluster.old;
    const text = command.replaceAll('http://OLD:80', oldHttp).replaceAll('https://OLD:443', oldHttps).replaceAll('http://NEW:8080', `http://127.0.0.1:${ports.http}`)
      .replaceAll('https://NEW:8443', `https://127.0.0.1:${ports.https}`).replaceAll(':10254', `:${ports.admin}`);
    const child = spawn('bash', ['-o', 'pipefail', '-c', text], {
      cwd: home, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: `${path.join(home, 'bin')}:${process.env['PATH']}`, HOME: home, KUBECONFIG: cluster.kubeconfig },
    });
    const ended = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (part: string) => { ended.out += part; });
    child.stderr.setEncoding('utf8').on('data', (part: string) => { ended.err += part; });
    child.once('close', (code) => resolve({ code, ...ended }));
  });

  const start = (change: (settings: Settings) => void): void => {
    const settings = parse(blocksOf(2)[0]!) as Settings & Record<string, unknown>;
    Object.assign(settings.engine, { workers: 1, allowLoopbackEndpoints: true, ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}) });
    Object.assign(settings.engine.listeners[0]!, { address: '127.0.0.1', httpPort: ports.http, httpsPort: ports.https });
    Object.assign(settings, { admin: { port: ports.admin }, unreadySeconds: 0 });
    change(settings);
    writeFileSync(path.join(home, 'run.yaml'), stringify(settings));
    const command = blocksOf(2).find((block) => block.startsWith('ingress-arbiter run'))!;
    program = programOf(spawn('bash', ['-c', `exec ${command}`], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: `${path.join(home, 'bin')}:${process.env['PATH']}:/usr/sbin`, HOME: home, KUBECONFIG: cluster.kubeconfig } }));
  };
  const stop = async (): Promise<void> => {
    program!.child.kill('SIGTERM');
    expect(await program!.ended, program!.output().slice(-2000)).to.equal(0);
  };
  const isReady = async (): Promise<void> => {
    const ask = blocksOf(2).find((block) => block.startsWith('curl'))!.replace(/ +#.*/, '');
    await eventually(async () => expect((await shell(ask)).out.trim(), program!.output().slice(-2000)).to.equal('ok'), 60_000);
  };
  const statuses = (): object[] => (cluster.api.store.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }) as unknown as { status: object }[]).map(({ status }) => status);
  /** Every Ingress shows this address and nothing else. */
  const expectStatuses = (address: object): void => {
    const all = statuses();
    expect(all).to.not.be.empty;
    expect(all).to.deep.equal(all.map(() => ({ loadBalancer: { ingress: [address] } })));
  };

  it('1: looks at what is there', async () => {
    const [lint, classes] = blocksOf(1)[0]!.split('\n') as [string, string];
    const seen = await shell(lint);
    expect([0, 1], seen.err).to.include(seen.code);
    expect(seen.out).to.match(/configuration-snippet/).and.match(/rewrite-target/);
    const taken = await shell(classes);
    expect(taken.code, taken.err).to.equal(0);
    expect(taken.out).to.match(/nginx.*ingress-nginx/s);
  });

  it('2: watches the class, serves it, and writes nothing', async () => {
    expect((await shell(blocksOf(2).find((block) => block.startsWith('kubectl'))!)).out).to.match(/created/);
    start(() => undefined);
    await isReady();
    expectStatuses(OLD_ADDRESS);
  });

  it('3: compares, and what it lists is explained as in the table', async () => {
    const verify = blocksOf(3).find((block) => block.includes('--against'))!;
    const seen = await shell(verify);
    expect(seen.code, seen.err).to.equal(1);
    expect(seen.out).to.match(/header strict-transport-security: .* -> absent/).and.match(/certificate: /);
    // What kubectl would have printed of ingress-nginx's log.
    const line = (request: string, upstream: string): string => `192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] "${request} HTTP/1.1" 200 12 "-" "curl/8" 340 0.004 [${upstream}] [] 10.0.0.1:8080 12 0.004 200 0a1b`;
    writeFileSync(path.join(home, 'access.log'), [line('GET /api/items', 'shop-api-80'), line('GET /cart/7', 'shop-cart-80'), line('POST /cart', 'shop-cart-80')].join('\n'));
    const replay = blocksOf(3).find((block) => block.includes('--access-log'))!.split('\n').find((one) => one.startsWith('ingress-arbiter'))!;
    const options = verify.replace(/\\\n\s*/g, '').replace(/^ingress-arbiter migrate verify /, '');
    const replayed = await shell(replay.replace('…', options));
    expect(replayed.out, replayed.err).to.match(/2 requests compared/);
  });

  it('5: takes the class over: each status once, never empty; and gives it back', async () => {
    const [remove] = /kubectl delete validatingwebhookconfiguration [-a-z]+/.exec(guide)!;
    expect((await shell(remove)).out).to.match(/deleted/);
    const since = cluster.records.length;
    await stop();
    start(({ claims }) => {
      delete claims[0]!['observe'];
      claims[0]!['addresses'] = [OWN_ADDRESS];
    });
    await isReady();
    await eventually(() => expectStatuses(OWN_ADDRESS), 60_000);
    const writes = cluster.records.slice(since).filter(({ verb, resource, code }) => verb === 'patch' && resource === 'ingresses/status' && code < 300);
    expect(writes.length).to.equal(statuses().length);
    await stop();
    start(() => undefined);
    await isReady();
    expect(cluster.records.filter(({ verb, resource, code }) => verb === 'patch' && resource === 'ingresses/status' && code < 300).length, 'nothing more is written').to.equal(writes.length);
    expectStatuses(OWN_ADDRESS);
  });

  it('6: says what would become of the annotations', async () => {
    const [, command] = /`(ingress-arbiter migrate annotation-to-field)`/.exec(guide.replaceAll('\n', ' '))!;
    const { code, out, err } = await shell(`${command} --dry-run --claim nginx:controllers=k8s.io/ingress-nginx`);
    expect(code, err).to.equal(0);
    expect(out).to.match(/could be rewritten, 0 left/);
  });
});
