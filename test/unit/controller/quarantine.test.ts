// Entries that an engine refuses: they wait alone, everything else goes on, and nothing that they would have kept out gets in.
import { expect } from 'chai';
import { type PublishOutcome, TablePublisher, type TableSink } from '../../../src/controller/publish-table.js';
import type { RefusedEntry } from '../../../src/core/stream-protocol.js';
import { type CheckedSink, checkedSink } from '../../fixtures/checked-sink.js';
import { eventually } from '../../fixtures/eventually.js';
import type { ClassTable, EntryValue, HostRoutes, Route } from '../../../src/route-table/types.js';

const endpoints = (port: number, address = '10.0.0.1'): EntryValue => ({ endpoints: [{ address, port }] });
const route = (path = '/', more: Partial<Route> = {}): Route => ({ match: 'prefix', path, namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80', ...more });
const host = (more: Partial<Route> = {}, policies?: HostRoutes['policies']): HostRoutes => (policies === undefined ? { routes: [route('/', more)] } : { routes: [route('/', { ...more, policy: 0 })], policies });
const unknownPolicy = [{ shiny: true } as never];
const block = (label: string): string => `-----BEGIN ${label}-----\nTUlJQg==\n-----END ${label}-----\n`;
const certificate = (chain = block('CERTIFICATE')): EntryValue => ({ chain, key: block('PRIVATE KEY') });
const key = (n: number): string => `service/shop/s${n}/80`;

interface Rig {
  publisher: TablePublisher;
  table: ClassTable;
  outcomes: PublishOutcome[];
  pauses: number[];
  tick(ms: number): void;
  put(changes: Record<string, EntryValue | undefined>): Promise<void>;
  served(): Record<string, unknown>;
  sink: CheckedSink;
}

/** A publisher before an engine that checks as the real one; `before`: what else may answer. */
function rig(before: (update: Parameters<TableSink['apply']>[0]) => Awaited<ReturnType<TableSink['apply']>> | undefined = () => undefined): Rig {
  const sink = checkedSink();
  const outcomes: PublishOutcome[] = [];
  const pauses: number[] = [];
  const table: ClassTable = new Map();
  let now = 0;
  const publisher = new TablePublisher({
    class: 'red', epoch: () => 1, now: () => now, onOutcome: (outcome) => outcomes.push(outcome),
    pause: async (ms) => {
      pauses.push(ms);
      // Without a way out a test is to fail, not to go on for ever.
      if (pauses.length > 2000) throw new Error('waits for ever');
    },
    sink: { apply: async (update) => before(update) ?? sink.apply(update) },
  });
  return {
    publisher, table, outcomes, pauses, sink,
    tick: (ms) => { now += ms; },
    put(changes) {
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) table.delete(name);
        else table.set(name, value);
      }
      return publisher.publish(table, Object.keys(changes));
    },
    served: () => Object.fromEntries([...sink.tables.get('red')?.entries ?? []].map(([name, json]) => [name, JSON.parse(json) as unknown])),
  };
}

describe('controller: quarantine', () => {
  it('goes on at once without an entry that is refused, with a difference and not with the whole table', async () => {
    const { put, served, sink, pauses, publisher } = rig();
    await put({ [key(1)]: endpoints(1), [key(2)]: endpoints(2) });
    await put({ [key(1)]: endpoints(11), 'host/bad.test': host({ rewrite: 'no slash' }), [key(3)]: endpoints(3) });
    for (let port = 20; port < 30; port++) await put({ [key(2)]: endpoints(port) });
    expect(served()).to.deep.equal({ [key(1)]: endpoints(11), [key(2)]: endpoints(29), [key(3)]: endpoints(3), 'host/bad.test': { routes: [route('/', { service: '', backend: '' })] } });
    expect(pauses).to.deep.equal([]);
    expect(sink.updates.filter(({ update }) => update.full)).to.have.length(1);
    expect(sink.updates.filter(({ refusal }) => refusal !== undefined)).to.have.length(1);
    expect(publisher.quarantined()).to.have.length(1);
    expect(publisher.quarantined()[0]).to.deep.include({ key: 'host/bad.test', places: [0] });
  });

  it('takes a whole table apart too, however much of it is bad', async () => {
    const { put, served, publisher } = rig();
    const changes: Record<string, EntryValue> = {};
    for (let n = 0; n < 1200; n++) changes[key(n)] = endpoints(n % 2 === 0 ? 0 : n);
    await put(changes);
    expect(Object.keys(served())).to.have.length(1200);
    expect(served()[key(4)]).to.deep.equal({ endpoints: [] });
    expect(served()[key(5)]).to.deep.equal(endpoints(5));
    expect(publisher.quarantined()).to.have.length(600);
  });

  it('must: does not go on serving a route without its protection when the protected one is refused', async () => {
    const { put, served } = rig();
    await put({ 'host/a.test': host(), [key(1)]: endpoints(1) });
    expect(served()['host/a.test']).to.deep.equal(host());
    await put({ 'host/a.test': host({}, unknownPolicy) });
    expect(served()['host/a.test']).to.deep.equal({ routes: [route('/', { service: '', backend: '' })] });
  });

  it('offers the entry again as soon as it changes, and forgets it when it is gone', async () => {
    const { put, served, publisher } = rig();
    await put({ 'host/a.test': host({}, unknownPolicy) });
    await put({ 'host/a.test': host({}, [{ bodyBytes: 1 }]) });
    expect(served()).to.deep.equal({ 'host/a.test': host({}, [{ bodyBytes: 1 }]) });
    expect(publisher.quarantined()).to.deep.equal([]);
    await put({ 'host/a.test': host({}, unknownPolicy), 'host/A b': host() });
    expect(publisher.quarantined().map((one) => one.key).sort()).to.deep.equal(['host/A b', 'host/a.test']);
    await put({ 'host/a.test': undefined, 'host/A b': undefined, [key(1)]: endpoints(1) });
    expect(served()).to.deep.equal({ [key(1)]: endpoints(1) });
    expect(publisher.quarantined()).to.deep.equal([]);
  });

  it('offers an unchanged entry again ever more rarely, alone, so that nobody waits for the answer', async () => {
    let understands = false;
    const { put, tick, publisher, sink, served, table } = rig();
    const shiny = host({}, unknownPolicy);
    const { apply } = sink;
    // An engine that was taught meanwhile what it did not know.
    sink.apply = async (update) => apply(understands ? { ...update, set: update.set.map((item) => (item.value === shiny ? { ...item, value: host({}, [{ bodyBytes: 7 }]) } : item)) } : update);
    await put({ 'host/a.test': shiny, [key(1)]: endpoints(1) });
    const gaps: number[] = [];
    let waited = 0;
    while (gaps.length < 8) {
      const before = sink.updates.length;
      tick(1000);
      waited += 1000;
      await publisher.publish(table, []);
      if (sink.updates.length === before) continue;
      expect(sink.updates.at(-1)!.update.set.map((item) => item.key)).to.deep.equal(['host/a.test']);
      gaps.push(waited);
      waited = 0;
    }
    expect(gaps).to.deep.equal([5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    await put({ [key(1)]: endpoints(2) });
    expect(served()[key(1)]).to.deep.equal(endpoints(2));
    understands = true;
    tick(300_000);
    await publisher.publish(table, []);
    expect(served()['host/a.test']).to.deep.equal(host({}, [{ bodyBytes: 7 }]));
    expect(publisher.quarantined()).to.deep.equal([]);
    await put({ [key(1)]: endpoints(3) });
    expect(served()[key(1)]).to.deep.equal(endpoints(3));
  });

  it('tries by itself, without a change', async () => {
    const { put, sink, tick, publisher, table } = rig();
    await put({ 'host/a.test': host({}, unknownPolicy) });
    const before = sink.updates.length;
    tick(4_990);
    await publisher.publish(table, []);
    tick(10);
    await eventually(() => expect(sink.updates.length).to.equal(before + 1));
    publisher.stop();
  });

  it('keeps the last good certificate of a server name whose new one is refused', async () => {
    const { put, served, publisher } = rig();
    const [old, bad, good] = ['certificate/old-old-old', 'certificate/bad-bad-bad', 'certificate/new-new-new'];
    await put({ 'sni/a.test': { certificate: 'old-old-old' }, [old]: certificate(), [key(1)]: endpoints(1) });
    await put({ 'sni/a.test': { certificate: 'bad-bad-bad' }, [bad]: certificate('none'), [old]: undefined });
    expect(served()).to.deep.equal({ 'sni/a.test': { certificate: 'old-old-old' }, [old]: certificate(), [key(1)]: endpoints(1) });
    expect(publisher.quarantined().map((one) => one.key).sort()).to.deep.equal([bad, 'sni/a.test']);
    await put({ [key(1)]: endpoints(2) });
    await put({ 'sni/a.test': { certificate: 'new-new-new' }, [good]: certificate(), [bad]: undefined });
    expect(served()).to.deep.equal({ 'sni/a.test': { certificate: 'new-new-new' }, [good]: certificate(), [key(1)]: endpoints(2) });
    expect(publisher.quarantined()).to.deep.equal([]);
  });

  it('has no certificate for a server name that never had a good one, and takes it away with its Ingress', async () => {
    const { put, served } = rig();
    await put({ 'sni/a.test': { certificate: 'bad-bad-bad' }, 'certificate/bad-bad-bad': certificate('none'), [key(1)]: endpoints(1) });
    expect(served()).to.deep.equal({ [key(1)]: endpoints(1) });
    await put({ 'sni/a.test': undefined, 'certificate/bad-bad-bad': undefined });
    expect(served()).to.deep.equal({ [key(1)]: endpoints(1) });
  });

  it('counts right whatever is refused: a random history ends with what is wanted, less what is bad', async () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    const { put, served, table, sink } = rig();
    for (let step = 0; step < 400; step++) {
      const changes: Record<string, EntryValue | undefined> = {};
      for (let n = 0; n <= random(4); n++) {
        const at = random(8);
        const good = random(3) > 0;
        if (random(3) === 0) changes[`host/h${at}.test`] = random(4) === 0 ? undefined : good ? host() : host({}, unknownPolicy);
        else if (random(2) === 0) changes[key(at)] = random(4) === 0 ? undefined : endpoints(good ? 1 + random(100) : 0);
        else changes[`host/BAD ${at}`] = random(2) === 0 ? undefined : host();
      }
      await put(changes);
      for (const { refusal } of sink.updates) expect(refusal ?? 'entry: ').to.match(/^entry: /);
    }
    const wanted = [...table].flatMap(([name, value]) => (name.startsWith('host/BAD') ? [] : [[name, JSON.stringify(value).includes('shiny') ? { routes: [route('/', { service: '', backend: '' })] } : JSON.stringify(value).includes('"port":0') ? { endpoints: [] } : value]]));
    expect(served()).to.deep.equal(Object.fromEntries(wanted));
  });

  it('is not led in circles by an engine that names what it likes', async () => {
    const lies: RefusedEntry[] = [{ key: key(1), reason: 'no' }, { key: 'host/x.test', reason: 'no', places: [7] }, { key: 'nothing', reason: 'no' }];
    let updates = 0;
    const { put, pauses } = rig(() => {
      updates += 1;
      return updates > 40 ? undefined : { applied: false, reason: 'entry: no', refused: lies };
    });
    await put({ [key(1)]: endpoints(1), 'host/x.test': host() });
    // After it has left out all that was named there is nothing that could be offered instead: it waits, longer each time.
    expect(updates).to.equal(41);
    expect(pauses.length).to.be.greaterThan(300);
  });

  it('waits longer after each refusal of the whole, and less when something has changed', async () => {
    let refusals = 6;
    const waits: number[] = [];
    const { put, pauses, publisher, table } = rig(() => {
      waits.push(pauses.length);
      return refusals-- > 0 ? { applied: false, reason: 'full: ia_records' } : undefined;
    });
    await put({ [key(1)]: endpoints(1) });
    expect(waits.map((count, at) => count - (waits[at - 1] ?? 0))).to.deep.equal([0, 1, 2, 4, 8, 16, 32]);
    refusals = 2;
    waits.length = 0;
    pauses.length = 0;
    await publisher.publish(table, [key(1)]);
    expect(waits).to.deep.equal([0, 1, 3]);
  });
});
