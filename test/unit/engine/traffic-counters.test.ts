// Counters never go backwards, whatever becomes of nginx; idle Ingresses are there; gone ones go, after their grace.
import { expect } from 'chai';
import { createServedOrigins } from '../../../src/engine/served-origins.js';
import { type TrafficCounters, createTrafficCounters } from '../../../src/engine/traffic-counters.js';
import { foldedName } from '../../../src/route-table/figures.js';
import type { HostRoutes, Route, TableUpdate } from '../../../src/route-table/types.js';

const route = (ingress: string, path = '/', service = ingress): Route =>
  ({ match: 'prefix', path, namespace: 'shop', ingress, service, backend: `service/shop/${service}/80` });
const update = (routes: Record<string, Route[]>, changes: Partial<TableUpdate> = {}): TableUpdate => ({
  class: 'blue', epoch: 1, sequence: 1, full: true, remove: [], count: Object.keys(routes).length,
  set: Object.entries(routes).map(([host, list]) => ({ key: `host/${host}`, value: { routes: list } as HostRoutes })), ...changes,
});

describe('traffic counters', () => {
  let lines: Record<string, string>;
  let forgotten: string[];
  let now: number;
  let traffic: TrafficCounters;
  let origins: ReturnType<typeof createServedOrigins>;

  const begin = (paths = false): void => {
    lines = { instance: '1', 'zone|ia_counters': '10,100', dropped: '0' };
    [forgotten, now] = [[], 0];
    origins = createServedOrigins(paths);
    traffic = createTrafficCounters({
      origins, goneMs: 1000, now: () => now,
      client: {
        counters: async () => Object.entries(lines).map(([key, value]) => `${key}\t${value}\n`).join(''),
        forget: async (keys) => { for (const key of keys) { forgotten.push(key); delete lines[key]; } },
      },
    });
  };
  /** What is shown, by key. */
  const shown = async (): Promise<Record<string, number[]>> =>
    Object.fromEntries((await traffic.read()).map(({ name, labels, values }) => [[name, ...labels].join('|'), [...values]]));
  const web = 'requests|blue|shop|web|web|GET|200||';
  const seldom = ['retries', 'ejections', 'noEndpoints'].map((name) => `${name}|blue|shop|web|web`);
  const noneSeldom = Object.fromEntries(seldom.map((key) => [key, [0]]));

  beforeEach(() => begin());

  it('shows what nginx has counted', async () => {
    lines[web] = '7';
    lines['figures|blue|||'] = '1.5,2,0';
    expect(await shown()).to.deep.equal({ 'zone|ia_counters': [10, 100], dropped: [0], [web]: [7], ...noneSeldom, 'figures|blue|||': [1.5, 2, 0] });
  });

  it('has a 0 for what seldom happens, from the first request of an Ingress on, and no new series when it happens', async () => {
    origins.take(update({ 'a.example.com': [route('web'), route('api')] }));
    expect(await shown()).not.to.have.any.keys(seldom);
    lines[web] = '7';
    lines['requests|blue||||GET|404||'] = '1';
    const before = await shown();
    expect(before).to.deep.include(noneSeldom);
    expect(Object.keys(before).filter((key) => key.startsWith('retries'))).to.deep.equal([seldom[0]]);
    lines[seldom[0]!] = '2';
    const after = await shown();
    expect(after[seldom[0]!]).to.deep.equal([2]);
    expect(Object.keys(after).sort()).to.deep.equal(Object.keys(before).sort());
  });

  it('adds what an nginx that died had counted, again and again', async () => {
    lines[web] = '7';
    lines['figures|blue|||'] = '1,2,3';
    await shown();
    for (const [instance, total] of [['2', 10], ['3', 13]] as const) {
      lines = { instance };
      expect((await shown())[web], 'before anything is counted').to.deep.equal([total - 3]);
      lines[web] = '3';
      expect((await shown())[web]).to.deep.equal([total]);
    }
    lines['figures|blue|||'] = '1,0,1';
    expect((await shown())['figures|blue|||']).to.deep.equal([2, 2, 4]);
  });

  it('tells the requests of some Ingresses, in their order: all codes, all shares of the class, and what was counted without an Ingress', async () => {
    Object.assign(lines, {
      [web]: '7', 'requests|blue|shop|web|web|GET|502||': '2', 'requests|blue|shop|api|api|GET|200||': '5', 'requests|green|shop|web|web|GET|200||': '100',
    });
    const requests = async (className: string): Promise<number[]> => (await traffic.requestsOf(className, ['shop/api', 'shop/none', 'shop/web'])).counts;
    expect(await traffic.requestsOf('blue', ['shop/web'])).to.deep.equal({ instance: '1', counts: [9] });
    expect(await requests('blue')).to.deep.equal([5, 0, 9]);
    lines['requests|big.shard-1|shop|web|web|GET|200||'] = '3';
    lines['requests|big.shard-b-2|shop|web|web|GET|200||'] = '4';
    lines['requests|bigger.shard-1|shop|web|web|GET|200||'] = '50';
    for (const share of ['big.shard-1', 'big.shard-b-2']) expect(await requests(share), share).to.deep.equal([0, 0, 7]);
    lines[`requests|blue|${foldedName}|${foldedName}|${foldedName}|GET|200||`] = '1';
    expect(await requests('blue')).to.deep.equal([6, 1, 10]);
  });

  it('adds what the workers of a replaced nginx had counted at their end, the highest of what they tell', async () => {
    lines[web] = '7';
    await shown();
    lines = { instance: '2', [web]: '2' };
    expect((await shown())[web]).to.deep.equal([9]);
    const late = 'requests|blue|shop|web|web|GET|101||';
    traffic.takeLast(`instance\t1\n${web}\t9\n${late}\t1\ninstance\t1\n${web}\t8\nfigures|blue|||\t1.5,2\n`);
    expect(await shown()).to.deep.equal({ dropped: [0], [web]: [11], [late]: [1], ...noneSeldom, 'figures|blue|||': [1.5, 2] });
    // Said again, or of nobody that was seen, it counts nothing.
    traffic.takeLast(`instance\t1\n${web}\t9\n`);
    traffic.takeLast(`instance\t0\n${web}\t9\n`);
    traffic.takeLast('');
    expect((await shown())[web]).to.deep.equal([11]);
  });

  it('adds what an nginx had counted last when nothing was read of the next one yet', async () => {
    lines[web] = '7';
    await shown();
    traffic.takeLast(`instance\t1\n${web}\t8\n`);
    lines = { instance: '2', [web]: '1' };
    expect((await shown())[web]).to.deep.equal([9]);
  });

  it('shows a 0 for an Ingress that nobody has asked for, and keeps it beside other methods and codes', async () => {
    origins.take(update({ 'a.example.com': [route('web')] }));
    expect((await shown())[web]).to.deep.equal([0]);
    lines['requests|blue|shop|web|web|POST|201||'] = '2';
    expect((await shown())[web]).to.deep.equal([0]);
    lines[web] = '1';
    expect((await shown())[web]).to.deep.equal([1]);
  });

  it('takes the series of a gone Ingress away after the grace, in nginx first', async () => {
    origins.take(update({ 'a.example.com': [route('web'), route('old', '/old')] }));
    const old = 'requests|blue|shop|old|old|GET|200||';
    Object.assign(lines, { [web]: '1', [old]: '5', 'retries|blue|shop|old|old': '1', 'requests|blue||||GET|404||': '9', 'requests|blue||(folded)||GET|200||': '2' });
    await shown();
    origins.take(update({ 'a.example.com': [route('web')] }, { full: false, sequence: 2 }));
    expect(await shown()).to.have.property(old);
    now = 999;
    expect(await shown()).to.have.property(old);
    now = 1000;
    const after = await shown();
    expect(Object.keys(after).filter((key) => key.includes('|old|'))).to.deep.equal([]);
    expect(forgotten.sort()).to.deep.equal([old, 'retries|blue|shop|old|old']);
    expect(after).to.include.keys(web, 'requests|blue||||GET|404||', 'requests|blue||(folded)||GET|200||');
  });

  it('lets the grace begin anew when the Ingress comes back', async () => {
    origins.take(update({ 'a.example.com': [route('web')] }));
    lines[web] = '1';
    origins.take(update({}));
    await shown();
    now = 900;
    origins.take(update({ 'a.example.com': [route('web')] }));
    await shown();
    origins.take(update({}));
    now = 1500;
    expect(await shown()).to.have.property(web);
    expect(forgotten).to.deep.equal([]);
  });

  it('takes nothing away of a class that has no table yet', async () => {
    lines[web] = '1';
    await shown();
    now = 10_000;
    expect(await shown()).to.have.property(web);
  });

  it('keeps what nginx can not be told to forget', async () => {
    origins.take(update({}));
    lines[web] = '4';
    const failing = createTrafficCounters({ origins, goneMs: 0, now: () => 0, client: { counters: async () => `instance\t1\n${web}\t4\n`, forget: async () => { throw new Error('no'); } } });
    const error = await failing.read().catch((problem: Error) => problem);
    expect(error).to.be.instanceOf(Error);
  });

  it('tells routes of one Ingress apart by host and path when they are counted so', async () => {
    begin(true);
    origins.take(update({ 'a.example.com': [route('web'), route('web', '/x|y')] }));
    expect(Object.keys(await shown())).to.include.members(['requests|blue|shop|web|web|GET|200|a.example.com|/', 'requests|blue|shop|web|web|GET|200|a.example.com|/x|y']);
    lines['requests|blue|shop|web|web|GET|200|a.example.com|/x|y'] = '3';
    const series = (await traffic.read()).find(({ values }) => values[0] === 3)!;
    expect(series.labels).to.deep.equal(['blue', 'shop', 'web', 'web', 'GET', '200', 'a.example.com', '/x|y']);
  });

  it('keeps the same labels from one reading to the next', async () => {
    lines[web] = '1';
    const find = async (): Promise<readonly string[]> => (await traffic.read()).find(({ name }) => name === 'requests')!.labels;
    expect(await find()).to.equal(await find());
  });

  it('refuses an answer that is none, and one that does not say whose it is', async () => {
    for (const answer of ['instance\t1\nrequests|a\tx\n', 'instance\t1\nnothing\n', `${web}\t1\n`]) {
      const counters = createTrafficCounters({ origins, goneMs: 0, now: () => 0, client: { counters: async () => answer, forget: async () => undefined } });
      expect(await counters.read().catch((error: Error) => error.message), answer).to.match(/no counter/);
    }
  });
});
