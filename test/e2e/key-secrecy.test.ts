// A private key that users bring is in nginx's memory and nowhere else: whatever goes right or wrong with it, no line of any
// log, metric, status page, Event, finding, answer of the engine or file has a piece of it.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { Certificate, EntryValue, TableUpdate } from '../../src/route-table/types.js';
import { type DevRig, EXTERNAL, ingress, service, startDevRig, tlsSecret } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import { piecesOf } from '../fixtures/key-pieces.js';
import { selfSigned } from '../fixtures/self-signed.js';

describe('e2e: a private key shows nowhere', function () {
  this.timeout(90_000);
  let rig: DevRig;
  let backend: EchoBackend;
  let good: { certificate: string; key: string };
  /** Keys that may show nowhere. */
  const keys: string[] = [];
  const answers: string[] = [];
  let plant: (key: string, value: EntryValue) => EntryValue = (_key, value) => value;

  const everythingThatShows = async (): Promise<Map<string, string>> => {
    const shown = new Map([['log', rig.log.join('\n')], ['answers of the engine', answers.join('\n')]]);
    for (const page of ['/metrics', `/metrics/${EXTERNAL}`, '/readyz', '/healthz', '/nothing']) shown.set(page, (await httpGet({ port: rig.dev.adminPort, host: 'localhost', path: page })).text);
    const { store } = rig.dev.api;
    for (const [apiVersion, kind] of [['v1', 'Event'], ['networking.k8s.io/v1', 'Ingress'], ['coordination.k8s.io/v1', 'Lease']] as const) shown.set(kind, JSON.stringify(store.list({ apiVersion, kind })));
    for (const name of readdirSync(rig.settings.workDirectory, { recursive: true, encoding: 'utf8' })) {
      const file = path.join(rig.settings.workDirectory, name);
      if (statSync(file).isFile()) shown.set(`file ${name}`, readFileSync(file, 'latin1'));
    }
    for (const pid of [rig.dev.engine.pids()!.master, ...rig.dev.engine.pids()!.workers]) {
      for (const part of ['cmdline', 'environ']) shown.set(`${part} of nginx`, readFileSync(`/proc/${pid}/${part}`, 'latin1'));
    }
    return shown;
  };
  const showsNowhere = async (): Promise<void> => {
    const shown = await everythingThatShows();
    expect([...shown.keys()].length).to.be.greaterThan(10);
    for (const piece of keys.flatMap(piecesOf)) for (const [where, text] of shown) expect(text.includes(piece), where).to.equal(false);
  };
  const served = async (host: string, name = host): Promise<void> => {
    const { commonName } = await httpGet({ port: rig.externalTls, host, https: true });
    expect(commonName).to.equal(name);
  };

  before(async () => {
    good = await selfSigned('a.test');
    keys.push(good.key);
    rig = await startDevRig();
    const { engine } = rig.dev;
    const apply = engine.apply.bind(engine);
    engine.apply = async (update: TableUpdate) => {
      const answer = await apply({ ...update, set: update.set.map(({ key, value }) => ({ key, value: plant(key, value) })) });
      answers.push(JSON.stringify(answer));
      return answer;
    };
    backend = await startEchoBackend('web');
    rig.create(...service('web', [backend.port]));
  });
  after(async () => {
    backend?.close();
    await rig?.stop();
  });

  it('while it is served', async () => {
    rig.create(tlsSecret('a', good), ingress('a', 'a.test', 'web', { secret: 'a' }));
    await eventually(() => served('a.test'), 10_000);
    await showsNowhere();
  });

  it('in Secrets that are wrong in any way', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
    const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey;
    keys.push(privateKey, encrypted);
    const wrong: Record<string, { certificate: string; key: string }> = {
      swapped: { certificate: good.key, key: good.certificate }, foreign: { certificate: good.certificate, key: privateKey }, locked: { certificate: good.certificate, key: encrypted },
      cut: { certificate: good.certificate, key: good.key.slice(0, -60) }, commented: { certificate: good.certificate, key: `key: ${good.key}` },
    };
    for (const [name, pair] of Object.entries(wrong)) rig.create(tlsSecret(name, pair), ingress(name, `${name}.test`, 'web', { secret: name }));
    // A key beside the certificate, as other servers want it: what is not a certificate is left out.
    rig.create(tlsSecret('joined', { certificate: good.certificate + good.key, key: good.key }), ingress('joined', 'joined.test', 'web', { secret: 'joined' }));
    await eventually(() => {
      for (const name of Object.keys(wrong)) expect(rig.log.some((line) => line.includes(`IA141 Ingress default/${name}`)), name).to.equal(true);
    }, 10_000);
    const reasons = (): unknown[] => rig.dev.api.store.list({ apiVersion: 'v1', kind: 'Event', namespace: 'default' }).map((event) => event['reason']);
    await eventually(() => expect(reasons().filter((reason) => reason === 'SecretInvalid'), String(reasons())).to.have.length(Object.keys(wrong).length), 20_000);
    await showsNowhere();
  });

  it('when the engine refuses it, in whatever field it stands', async () => {
    const fields: ((value: Certificate) => object)[] = [
      ({ chain, key }) => ({ chain: chain + key, key }), ({ chain, key }) => ({ chain: key, key: chain }), ({ chain, key }) => ({ chain, key, extra: key }),
      ({ chain, key }) => ({ chain, key: { pem: key } }), ({ chain, key }) => ({ chain, key: [key, key] }), ({ chain, key }) => ({ chain, [key]: key }),
    ];
    for (const [at, change] of fields.entries()) {
      const one = await selfSigned('a.test');
      keys.push(one.key);
      plant = (key, value) => (key.startsWith('certificate/') ? change(value as Certificate) as EntryValue : value);
      const before = answers.length;
      rig.replace(tlsSecret('a', one));
      await eventually(() => expect(answers.slice(before).some((answer) => answer.includes('"refused"')), String(at)).to.equal(true), 10_000);
      await eventually(() => served('a.test'));
    }
    await eventually(() => expect(rig.log.some((line) => line.includes('IA170'))).to.equal(true));
    // A key where a server name should be, and in the place of a key of the table.
    plant = (key, value) => (key.startsWith('sni/') ? { certificate: good.key } as EntryValue : value);
    rig.replace(tlsSecret('a', await selfSigned('a.test')));
    await eventually(() => expect(answers.at(-1)).to.include('"applied":true'));
    await showsNowhere();
  });

  it('when nginx can not read it', async () => {
    plant = (key, value) => (key.startsWith('certificate/') ? { ...(value as Certificate), key: good.key.replace(/[A-Za-z]{6}\n/, 'AAAAAA\n') } : value);
    rig.replace(tlsSecret('a', await selfSigned('a.test')));
    await eventually(async () => {
      await httpGet({ port: rig.externalTls, host: 'a.test', https: true }).catch(() => undefined);
      expect(rig.log.some((line) => /certificate \S+ of class nginx-external|SSL_|key values mismatch/.test(line))).to.equal(true);
    }, 10_000);
    await showsNowhere();
  });
});
