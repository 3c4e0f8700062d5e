// One entry that the engine refuses, with the real nginx: 50 neighbours go on changing, and what the entry would have kept out
// stays out. The core builds nothing that the engine refuses, so the bad parts are put in on the way between them.
import { expect } from 'chai';
import { type DevRig, EXTERNAL, ingress, service, startDevRig } from '../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../fixtures/echo-backend.js';
import { eventually } from '../fixtures/eventually.js';
import { httpGet } from '../fixtures/http-get.js';
import type { EntryValue, HostRoutes, TableUpdate } from '../../src/route-table/types.js';

const NEIGHBOURS = 50;
const ROUNDS = 6;
const allow = { 'nginx.ingress.kubernetes.io/whitelist-source-range': '127.0.0.0/8' };

describe('e2e: quarantine', function () {
  this.timeout(90_000);
  let rig: DevRig;
  const backends: EchoBackend[] = [];
  /** What becomes of an entry on its way to the engine. */
  let plant: (key: string, value: EntryValue) => EntryValue = (_key, value) => value;
  const refused: string[] = [];

  const ask = async (host: string, path = '/'): Promise<{ status: number; backend: string | undefined }> => {
    const { status, headers } = await httpGet({ port: rig.external, host, path });
    return { status, backend: headers['x-backend'] as string | undefined };
  };
  const neighbour = (at: number, to: string): object => ingress(`n${at}`, `n${at}.test`, to);
  const metric = async (name: string): Promise<number> => {
    const { text } = await httpGet({ port: rig.dev.adminPort, host: 'localhost', path: `/metrics/${EXTERNAL}` });
    return text.split('\n').filter((line) => line.startsWith(`${name}{`)).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
  const findings = (): string[] => rig.dev.api.store.list({ apiVersion: 'v1', kind: 'Event', namespace: 'default' })
    .filter((event) => event['reason'] === 'RefusedByEngine').map((event) => `${(event['involvedObject'] as { name: string }).name}: ${event['message'] as string}`);

  before(async () => {
    rig = await startDevRig();
    const { engine } = rig.dev;
    const apply = engine.apply.bind(engine);
    engine.apply = async (update: TableUpdate) => {
      const answer = await apply({ ...update, set: update.set.map(({ key, value }) => ({ key, value: plant(key, value) })) });
      if (!answer.applied) refused.push(answer.reason);
      return answer;
    };
    for (const name of ['one', 'two']) {
      backends.push(await startEchoBackend(name));
      rig.create(...service(name, [backends.at(-1)!.port]));
    }
    for (let at = 0; at < NEIGHBOURS; at++) rig.create(neighbour(at, 'one'));
    rig.create(ingress('bad', 'bad.test', 'one'), ingress('beside', 'bad.test', 'two', { path: '/beside' }));
    await eventually(async () => {
      for (const host of ['bad.test', ...Array.from({ length: NEIGHBOURS }, (_, at) => `n${at}.test`)]) expect(await ask(host)).to.deep.equal({ status: 200, backend: 'one' });
    }, 20_000);
  });
  after(async () => {
    for (const backend of backends) backend.close();
    await rig?.stop();
  });

  it('must: closes a route whose protection is refused, while its neighbours go on changing', async () => {
    plant = (key, value) => {
      if (key !== 'host/bad.test' || !('policies' in value)) return value;
      return { ...value, policies: value.policies!.map((policy) => ({ ...policy, shiny: true })) } as HostRoutes;
    };
    rig.replace(ingress('bad', 'bad.test', 'one', { annotations: allow }));
    await eventually(async () => expect((await ask('bad.test')).status).to.equal(503), 10_000);
    for (let round = 1; round <= ROUNDS; round++) {
      const to = round % 2 === 1 ? 'two' : 'one';
      for (let at = 0; at < NEIGHBOURS; at++) {
        rig.replace(neighbour(at, to));
        // The refused Ingress goes on changing as well: each time it is refused again.
        if (at % 10 === 0) rig.replace(ingress('bad', 'bad.test', 'one', { annotations: { ...allow, 'nginx.ingress.kubernetes.io/proxy-read-timeout': String(1 + round * 100 + at) } }));
      }
      await eventually(async () => {
        for (let at = 0; at < NEIGHBOURS; at++) expect(await ask(`n${at}.test`)).to.deep.equal({ status: 200, backend: to });
      }, 10_000);
      expect((await ask('bad.test')).status).to.equal(503);
      expect(await ask('bad.test', '/beside')).to.deep.equal({ status: 200, backend: 'two' });
    }
    expect(refused.length).to.be.greaterThan(ROUNDS);
    expect(refused.filter((reason) => !reason.startsWith('entry: '))).to.deep.equal([]);
    expect(rig.dev.notReady()).to.equal(undefined);
  });

  it('tells the Ingress, and nobody else, and counts it', async () => {
    await eventually(() => expect(findings()).to.have.length(1), 10_000);
    expect(findings()[0]).to.match(/^bad: what it asks for on host "bad.test" is refused by engine here: .*a policy has a field that is not known.*503.*\(IA170\)$/);
    expect(await metric('ingress_arbiter_quarantined_entries')).to.equal(1);
    expect(await metric('ingress_arbiter_engine_lag_seconds')).to.equal(0);
    expect(await metric('ingress_arbiter_engine_refusals_total')).to.equal(refused.length);
  });

  it('serves it as soon as it can be taken', async () => {
    rig.replace(ingress('bad', 'bad.test', 'one'));
    await eventually(async () => expect(await ask('bad.test')).to.deep.equal({ status: 200, backend: 'one' }), 10_000);
    expect(await metric('ingress_arbiter_quarantined_entries')).to.equal(0);
  });

  it('serves it without a change, too, when the engine takes it the next time', async () => {
    rig.replace(ingress('bad', 'bad.test', 'one', { annotations: allow }));
    await eventually(async () => expect((await ask('bad.test')).status).to.equal(503), 10_000);
    plant = (_key, value) => value;
    await eventually(async () => expect(await ask('bad.test')).to.deep.equal({ status: 200, backend: 'one' }), 20_000);
  });

  it('keeps nginx\'s configuration and processes as they were', () => {
    expect(rig.log.filter((line) => /nginx has another table|was started again|error engine/.test(line))).to.deep.equal([]);
  });
});
