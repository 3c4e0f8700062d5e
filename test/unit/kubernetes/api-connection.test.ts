// Where kubeconfigs come from, what is said about broken ones, and credentials and certificates that change on disk.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { connectToApi } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { loadKubeConfig } from '../../../src/kubernetes/kube-config.js';
import { startListWatch } from '../../../src/kubernetes/list-watch.js';
import type { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { ingresses } from '../../../src/kubernetes/resources.js';
import { FakeClock, advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { anIngress } from './list-watch-rig.js';

interface Parts {
  server?: string;
  cluster?: string;
  user?: string;
  context?: string;
}

const kubeconfig = ({ server = 'http://127.0.0.1:1', cluster = '', user = 'token: t1', context = 'c' }: Parts = {}): string => `
apiVersion: v1
kind: Config
current-context: ${context}
contexts: [{name: c, context: {cluster: k, user: u, namespace: arbiter}}]
clusters:
- name: k
  cluster:
    server: ${server}
${cluster}
users:
- name: u
  user:
    ${user}
`;

describe('kubeconfig and connection', () => {
  let dir: string;
  let server: FaultApiServer;
  let connection: ApiConnection | undefined;
  let faults: OperationalError[];
  let clock: FakeClock;
  const file = (name: string): string => path.join(dir, name);
  const write = (name: string, text: string | Buffer): string => { writeFileSync(file(name), text); return file(name); };
  /** As a mounted Secret does it: never half-written. */
  const swap = (name: string, text: string | Buffer): void => renameSync(write(`${name}.new`, text), file(name));
  const connect = async (config: string): Promise<ApiConnection> => {
    connection = await connectToApi({ source: { kind: 'path', path: write('config', config) }, clock, onFault: (error) => faults.push(error) });
    return connection;
  };
  const sent = (): (string | undefined)[] => server.log.map(({ headers }) => headers.authorization);

  beforeEach(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'kubeconfig-'));
    server = new FaultApiServer([ingresses]);
    await server.start();
    clock = new FakeClock();
    faults = [];
  });
  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await server.stop();
    rmSync(dir, { recursive: true });
  });

  const broken: [string, string | undefined, RegExp][] = [
    ['missing', undefined, /kubeconfig .*nothing: cannot be read \(ENOENT.*check the path/],
    ['no YAML', 'a: [', /kubeconfig .*: cannot be read .*check the path and the YAML/],
    ['empty', '', /cannot be read/],
    ['without its context', kubeconfig({ context: 'x' }), /the context "x" does not exist; choose one with kubectl config use-context/],
    ['without its cluster', kubeconfig().replace('cluster: k,', 'cluster: z,'), /names the cluster "z", which does not exist/],
    ['without its user', kubeconfig().replace('user: u,', 'user: z,'), /names the user "z", which does not exist/],
    ['with a server that is no URL', kubeconfig({ server: 'nonsense' }), /the server "nonsense" of the cluster is not a URL/],
    ['with a CA file that is missing', kubeconfig({ server: 'https://127.0.0.1:1', cluster: '    certificate-authority: no.crt' }), /the credentials cannot be used \(ENOENT.*no\.crt.*\): check that the files exist/],
  ];
  for (const [what, text, message] of broken) {
    it(`a kubeconfig ${what} is one clear error`, async () => {
      const source = { kind: 'path', path: text === undefined ? file('nothing') : write('config', text) } as const;
      const error = await connectToApi({ source }).then(() => undefined, (caught: OperationalError) => caught);
      expect(error?.code).to.equal('bad-configuration');
      expect(error?.message).to.match(message);
    });
  }

  it('finds a kubeconfig in the order of kubectl', () => {
    const one = write('one', kubeconfig({ server: 'http://one:1' }));
    mkdirSync(file('.kube'));
    write('.kube/config', kubeconfig({ server: 'http://home:1' }));
    expect(loadKubeConfig({ kind: 'default' }, { KUBECONFIG: one, HOME: dir }).baseUrl).to.equal('http://one:1');
    expect(loadKubeConfig({ kind: 'default' }, { KUBECONFIG: `${file('none')}:${one}`, HOME: dir }).baseUrl).to.equal('http://one:1');
    expect(loadKubeConfig({ kind: 'default' }, { HOME: dir }).baseUrl).to.equal('http://home:1');
    expect(() => loadKubeConfig({ kind: 'default' }, { HOME: file('empty') })).to.throw(/none found: \$KUBECONFIG is not set, .* does not exist and this is not a pod/);
    expect(() => loadKubeConfig({ kind: 'in-cluster', root: dir }, {})).to.throw(/KUBERNETES_SERVICE_HOST/);
  });

  it('uses the account of a pod', () => {
    const account = file('var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(account, { recursive: true });
    writeFileSync(path.join(account, 'token'), 't');
    writeFileSync(path.join(account, 'namespace'), 'arbiter');
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    Object.assign(process.env, env);
    try {
      const loaded = loadKubeConfig({ kind: 'in-cluster', root: dir }, env);
      expect(loaded.baseUrl).to.equal('https://10.0.0.1:443');
      expect(loaded.namespace).to.equal('arbiter');
      expect(loaded.files.map((one) => path.basename(one))).to.deep.equal(['ca.crt', 'token']);
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  });

  it('sends the token, and a new one with the first request after the file changed', async () => {
    write('token', 'first\n');
    const api = createKubeApi({ connection: await connect(kubeconfig({ server: server.url, user: 'tokenFile: token # kubectl knows it' })), clock });
    await api.listPage({ resource: ingresses });
    swap('token', 'second\n');
    await api.listPage({ resource: ingresses });
    expect(sent()).to.deep.equal(['Bearer first', 'Bearer second']);
  });

  it('sends user name and password, and what an exec plugin says, without running it for every request', async () => {
    const first = createKubeApi({ connection: await connect(kubeconfig({ server: server.url, user: '{username: a, password: b}' })), clock });
    await first.listPage({ resource: ingresses });
    await connection!.close();
    const runs = file('runs');
    const plugin = write('plugin', `#!/bin/sh\necho x >> ${runs}\necho '{"kind":"ExecCredential","status":{"token":"from-plugin"}}'\n`);
    chmodSync(plugin, 0o755);
    const api = createKubeApi({ connection: await connect(kubeconfig({ server: server.url, user: `exec: {apiVersion: client.authentication.k8s.io/v1, command: ${plugin}}` })), clock });
    for (let index = 0; index < 5; index += 1) await api.listPage({ resource: ingresses });
    expect(sent()).to.deep.equal([`Basic ${Buffer.from('a:b').toString('base64')}`, ...Array<string>(5).fill('Bearer from-plugin')]);
    expect(readFileSync(runs, 'utf8')).to.equal('x\n');
    await clock.advance(30_000);
    await api.listPage({ resource: ingresses });
    expect(readFileSync(runs, 'utf8')).to.equal('x\nx\n');
  });

  it('401: reads again and tries after 1 s and after 5 s, then says unauthorized', async () => {
    const api = createKubeApi({ connection: await connect(kubeconfig({ server: server.url })), clock });
    server.fault({}, { kind: 'respond', status: 401 });
    const start = clock.now();
    const times: number[] = [];
    const failed = api.listPage({ resource: ingresses }).catch((error: OperationalError) => error.code);
    for (let seen = 0; seen < 3; seen += 1) {
      await advanceUntil(clock, () => server.log.length > seen, 250);
      times.push(clock.now() - start);
    }
    expect(await failed).to.equal('unauthorized');
    expect(times[1]).to.be.within(1000, 1500);
    expect(times[2]).to.be.within(6000, 7000);
  });

  it('S13: a token that is refused at once and whose file is away for 30 s clears nothing and recovers within 5 s', async () => {
    write('token', 'old');
    server.put(ingresses, anIngress('a'));
    let good = 'old';
    server.fault({ where: ({ headers }) => headers.authorization !== `Bearer ${good}` }, { kind: 'respond', status: 401 });
    const api = createKubeApi({ connection: await connect(kubeconfig({ server: server.url, user: 'tokenFile: token' })), clock });
    const changes: string[] = [];
    const watch = startListWatch({ api, resource: ingresses, clock, random: () => 0.9, onChange: ({ type, key }) => changes.push(`${type} ${key}`) });
    await watch.synced;
    await until(() => server.openWatches().length === 1);
    good = 'new';
    rmSync(file('token'));
    server.openWatches()[0]!.reset();
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(500);
      await breathe();
    }
    expect(server.openWatches()).to.have.length(0);
    expect(watch.size).to.equal(1);
    write('token', 'new');
    const back = clock.now();
    await advanceUntil(clock, () => server.openWatches().length === 1, 250);
    expect(clock.now() - back).to.be.at.most(5000);
    expect(changes).to.deep.equal(['set shop/a']);
    // Said once, however often it was met.
    expect(faults).to.have.length(1);
    await watch.stop();
  });

  describe('over TLS', () => {
    const certificate = (name: string): void => {
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
        '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)], { stdio: 'ignore' });
    };

    it('takes new certificates and a new CA from disk without dropping an open watch, and keeps the old while the new ones do not fit', async () => {
      for (const name of ['server', 'one', 'two']) certificate(name);
      const clients: string[] = [];
      let stream: { write(text: string): void } | undefined;
      const tls = createServer({
        key: readFileSync(file('server.key')), cert: readFileSync(file('server.crt')), requestCert: true, rejectUnauthorized: false,
      }, (request, response) => {
        clients.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN as string);
        response.writeHead(200);
        if (request.url!.includes('watch=true')) { stream = response; response.flushHeaders(); } else response.end('{"kind":"IngressList"}');
      });
      await new Promise<void>((resolve) => { tls.listen(0, '127.0.0.1', resolve); });
      write('ca.crt', readFileSync(file('server.crt')));
      write('client.crt', readFileSync(file('one.crt')));
      write('client.key', readFileSync(file('one.key')));
      const api = createKubeApi({
        clock,
        connection: await connect(kubeconfig({
          server: `https://127.0.0.1:${(tls.address() as AddressInfo).port}`, cluster: '    certificate-authority: ca.crt',
          user: '{client-certificate: client.crt, client-key: client.key}',
        })),
      });
      const ending = new AbortController();
      const body = await api.watch({ resource: ingresses, resourceVersion: '1', timeoutSeconds: 300 }, { signal: ending.signal });
      const received: string[] = [];
      const reading = (async () => { for await (const chunk of body) received.push(Buffer.from(chunk).toString()); })().catch(() => undefined);
      swap('client.crt', readFileSync(file('two.crt')));
      await api.listPage({ resource: ingresses });
      expect(faults[0]?.message).to.match(/the last good credentials stay in use/);
      swap('client.key', readFileSync(file('two.key')));
      swap('ca.crt', Buffer.concat([readFileSync(file('two.crt')), readFileSync(file('server.crt'))]));
      await api.listPage({ resource: ingresses });
      stream!.write('still here\n');
      await until(() => received.length === 1);
      expect(clients).to.deep.equal(['one', 'one', 'two']);
      ending.abort();
      await reading;
      tls.closeAllConnections();
      await new Promise((resolve) => { tls.close(resolve); });
    });
  });

  it('keeps the number of connections over 300 reconnects of a watch', async () => {
    const api = createKubeApi({ connection: await connect(kubeconfig({ server: server.url })), clock });
    let accepted = 0;
    (server as unknown as { server: { on(name: string, run: () => void): void } }).server.on('connection', () => { accepted += 1; });
    for (let round = 0; round < 300; round += 1) {
      const body = await api.watch({ resource: ingresses, resourceVersion: '100', timeoutSeconds: 1 });
      server.openWatches()[0]!.close();
      for await (const chunk of body) expect(chunk).to.equal(undefined);
    }
    expect(accepted).to.be.at.most(3);
  });
});
