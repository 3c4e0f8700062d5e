// What API client libraries do when the server misbehaves, measured as a table, and what the list-watch must do instead:
// one test for each row, named as there, with pages and with streamed lists. What they were run with: client-versions.test.ts.
import { expect } from 'chai';
import { createApiAgent } from '../../../src/kubernetes/api-agent.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { startLeaseElector } from '../../../src/kubernetes/lease.js';
import { ingresses, leases } from '../../../src/kubernetes/resources.js';
import { advanceUntil, breathe, until } from '../../fixtures/fake-clock.js';
import type { FaultAction } from '../../fixtures/fault-api-server.js';
import { status } from '../../fixtures/fault-api-server.js';
import { anIngress, fill, inSync, plainConnection, useRig, watchLine } from './list-watch-rig.js';

interface Row {
  probe: string;
  must: string;
  run: () => Promise<void>;
}

for (const streamLists of [false, true]) describe(`what breaks API clients, with ${streamLists ? 'streamed' : 'paged'} lists`, () => {
  const rig = useRig();
  const options = { streamLists };
  const list = streamLists
    ? { verb: 'watch', where: ({ query }: { query: URLSearchParams }) => query.has('sendInitialEvents') } as const
    : { verb: 'list' } as const;
  const watch = { verb: 'watch', where: ({ query }: { query: URLSearchParams }) => !query.has('sendInitialEvents') } as const;
  beforeEach(() => { rig.server.initialEvents = 'send'; });

  const lists = (): number => rig.server.log.filter(({ verb, query }) => verb === list.verb && (!streamLists || query.has('sendInitialEvents'))).length;
  const send = (...events: [string, object][]): void => {
    rig.server.openWatches()[0]!.send(events.map(([type, object]) => watchLine(type, object)).join(''));
  };
  const ingress = (name: string, version: number, uid = name): object =>
    ({ kind: 'Ingress', metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) } });
  const reopened = async (since = rig.server.watches.length): Promise<void> => {
    await advanceUntil(rig.clock, () => rig.server.watches.length > since && rig.server.openWatches().length === 1, 200);
  };
  const forceRelist = async (): Promise<void> => {
    rig.server.compact(ingresses);
    send(['ERROR', status(410, 'Expired', 'too old')]);
    await until(() => rig.watch.state === 'backoff');
  };
  /** Two lists go wrong; the third is good, shows one more object, and is all that anybody hears of. */
  const survives = async (breakLists: () => void, repair: () => void = () => undefined): Promise<void> => {
    fill(rig, 20);
    await inSync(rig, options);
    breakLists();
    await forceRelist();
    rig.server.put(ingresses, anIngress('new'));
    await advanceUntil(rig.clock, () => rig.watch.counters.listFailures === 2, 200);
    expect([rig.watch.size, rig.changes.length]).to.deep.equal([20, 0]);
    repair();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
    expect([rig.watch.size, rig.changes]).to.deep.equal([21, ['set shop/new']]);
  };
  const survivesList = (action: FaultAction): Promise<void> => survives(() => { rig.server.fault(list, action, 2); });
  /** The watch fails as told; it has to come back from the same version, with what happened since, and without a list. */
  const resumes = async (breakWatch: () => void): Promise<void> => {
    fill(rig, 2);
    await inSync(rig, options);
    const before = lists();
    breakWatch();
    await until(() => rig.watch.state === 'backoff');
    rig.server.put(ingresses, anIngress('missed'));
    await advanceUntil(rig.clock, () => rig.watch.get('shop/missed') !== undefined, 200);
    expect(rig.changes).to.deep.equal(['set shop/missed']);
    expect([lists() - before, rig.server.log.at(-1)!.query.get('resourceVersion')]).to.deep.equal([0, '102']);
  };

  const rows: Row[] = [
    {
      probe: 'relist after 410 answers `200 {}` (no `items`)', must: 'keep what is known and list again',
      run: () => survivesList({ kind: 'respond', status: 200, body: {} }),
    },
    {
      probe: 'relist answers `200 text/html`', must: 'keep what is known and list again',
      run: () => survivesList({ kind: 'respond', status: 200, body: '<html>login</html>', headers: { 'content-type': 'text/html' } }),
    },
    {
      probe: 'list body truncated mid-JSON', must: 'keep what is known and list again',
      run: () => (streamLists ? survivesTruncatedStream() : survivesList({ kind: 'truncate' })),
    },
    {
      probe: 'truncated line inside a watch stream', must: 'end the watch and get the event again',
      run: () => resumes(() => { rig.server.openWatches()[0]!.send('{"type":"MODIFIED","object":{"kin\n'); }),
    },
    { probe: 'ADDED handler throws', must: 'report it and go on', run: goesOnAfterThrow },
    { probe: 'TCP reset of the watch', must: 'resume', run: () => resumes(() => { rig.server.openWatches()[0]!.reset(); }) },
    { probe: 'HTTP 500 / 429 + Retry-After on the watch', must: 'resume, and not before it may', run: waitsAsTold },
    {
      probe: 'in-stream `ERROR` event with code 500', must: 'end the watch and resume',
      run: () => resumes(() => { send(['ERROR', status(500, 'InternalError', 'etcd is away')]); }),
    },
    { probe: 'server closes the watch cleanly, at once, forever', must: 'come back ever more slowly', run: slowsDown },
    { probe: 'watch open but silent 35 s', must: 'be given up after 90 s and tell what it kept back', run: givesUpSilence },
    { probe: 'LIST accepted but never answered, 35 s', must: 'be given up and asked again', run: givesUpList },
    { probe: 'MODIFIED with an older resourceVersion (100 then 40)', must: 'change nothing', run: neverGoesBack },
    { probe: 'delete + recreate between two lists (same name, other UID)', must: 'be a delete and an add', run: seesTheSuccessor },
    { probe: '`stop()` while the list is in flight', must: 'open nothing any more', run: stopsWhileListing },
    { probe: '`start()` twice', must: 'be two that end apart, with nothing left open', run: endsApart },
    { probe: '`stop()`', must: 'be no fault and the end, whatever is under way', run: stopsSilently },
    { probe: '`allowWatchBookmarks` sent', must: 'be so on every watch', run: asksForBookmarks },
    { probe: '60 watch reconnects, then 10 s rest: sockets open', must: 'be the one in use, and that of paged lists', run: leaksNoSocket },
    { probe: 'Lease `renewTime`', must: 'have six digits', run: writesMicroTime },
  ];
  for (const { probe, must, run } of rows) it(`G20: ${probe}: must ${must}`, run);

  async function survivesTruncatedStream(): Promise<void> {
    await survives(() => {
      rig.server.onInitial = (lines) => {
        setImmediate(() => rig.server.openWatches()[0]!.close());
        return [...lines.slice(0, 5), lines[5]!.slice(0, 40)];
      };
    }, () => { rig.server.onInitial = (lines) => lines; });
  }

  async function goesOnAfterThrow(): Promise<void> {
    const seen: string[] = [];
    const onChange = ({ key }: { key: string }): unknown => {
      seen.push(key);
      if (key === 'shop/b') return Promise.reject(new Error('later'));
      throw new Error('handler');
    };
    await inSync(rig, { ...options, onChange: onChange as never });
    send(['ADDED', ingress('a', 200)], ['ADDED', ingress('b', 201)], ['ADDED', ingress('c', 202)]);
    await until(() => rig.faults.length === 3);
    expect([seen, rig.watch.state, rig.watch.size]).to.deep.equal([['shop/a', 'shop/b', 'shop/c'], 'watch', 3]);
  }

  async function waitsAsTold(): Promise<void> {
    await resumes(() => {
      rig.server.fault(watch, { kind: 'respond', status: 500 }, 1);
      rig.server.fault(watch, { kind: 'respond', status: 429, headers: { 'retry-after': '20' } }, 1);
      rig.server.openWatches()[0]!.reset();
    });
    const asked = rig.server.log.filter((entry) => entry.verb === 'watch' && watch.where(entry)).slice(-3);
    expect(asked.map((entry) => entry.status)).to.deep.equal([500, 429, undefined]);
    expect(rig.clock.now()).to.be.greaterThan(20_000);
  }

  async function slowsDown(): Promise<void> {
    await inSync(rig, options);
    const start = rig.clock.now();
    for (let round = 0; round < 10; round += 1) {
      const before = rig.server.watches.length;
      rig.server.openWatches()[0]!.close();
      await reopened(before);
    }
    expect(rig.clock.now() - start).to.be.greaterThan(70_000);
  }

  async function givesUpSilence(): Promise<void> {
    await inSync(rig, options);
    await until(() => rig.watch.state === 'watch');
    rig.server.openWatches()[0]!.mute();
    rig.server.put(ingresses, anIngress('kept-back'));
    await rig.clock.advance(89_000);
    await breathe();
    expect([rig.server.watches.length, rig.watch.size]).to.deep.equal([1, 0]);
    const start = rig.clock.now();
    await advanceUntil(rig.clock, () => rig.watch.size === 1, 200);
    expect(rig.clock.now() - start).to.be.lessThan(3000);
    expect([rig.server.watches.length, rig.watch.counters.watchFailures, lists()]).to.deep.equal([2, 1, 1]);
  }

  async function givesUpList(): Promise<void> {
    fill(rig, 2);
    rig.server.fault(list, { kind: 'hang' }, 1);
    await rig.begin(options);
    const start = rig.clock.now();
    await advanceUntil(rig.clock, () => rig.watch.isSynced, 500);
    expect(rig.clock.now() - start).to.be.within(9_000, 35_000);
    expect([rig.watch.size, rig.watch.counters.listFailures]).to.deep.equal([2, 1]);
  }

  async function neverGoesBack(): Promise<void> {
    rig.server.version = 90;
    await inSync(rig, options);
    send(['ADDED', ingress('a', 100)], ['MODIFIED', ingress('a', 40)], ['ADDED', ingress('end', 99)]);
    await until(() => rig.watch.size === 2);
    expect([rig.watch.get('shop/a')!.metadata.resourceVersion, rig.watch.resourceVersion]).to.deep.equal(['100', '100']);
    expect(rig.changes).to.deep.equal(['set shop/a', 'set shop/end']);
  }

  async function seesTheSuccessor(): Promise<void> {
    fill(rig, 3);
    await inSync(rig, options);
    rig.server.remove(ingresses, 'shop/i1', true);
    rig.server.put(ingresses, anIngress('i1'), true);
    await forceRelist();
    await advanceUntil(rig.clock, () => rig.watch.state === 'watch', 200);
    expect(rig.changes).to.deep.equal(['delete shop/i1', 'set shop/i1']);
  }

  async function stopsWhileListing(): Promise<void> {
    rig.server.fault(list, { kind: 'hang' }, 1);
    await rig.begin(options);
    await until(() => lists() === 1);
    await rig.watch.stop();
    await rig.clock.advance(600_000);
    await breathe();
    expect([rig.server.log.length, rig.server.watches.length, rig.changes.length, rig.clock.pending]).to.deep.equal([1, 0, 0, 0]);
  }

  async function endsApart(): Promise<void> {
    await inSync(rig, options);
    const first = rig.watch;
    const second = await rig.begin(options);
    await until(() => rig.server.openWatches().length === 2);
    await first.stop();
    await until(() => rig.server.openWatches().length === 1);
    await second.stop();
    await until(() => rig.server.openWatches().length === 0);
  }

  async function stopsSilently(): Promise<void> {
    fill(rig, 1);
    const under: [string, () => Promise<void>][] = [
      ['list', async () => {
        const before = rig.server.log.length;
        rig.server.fault(list, { kind: 'hang' }, 1);
        await rig.begin(options);
        await until(() => rig.server.log.length > before);
      }],
      ['watch', () => inSync(rig, options)],
      ['backoff', async () => {
        await inSync(rig, options);
        rig.server.openWatches()[0]!.reset();
        await until(() => rig.watch.state === 'backoff');
        rig.faults.length = 0;
      }],
    ];
    for (const [state, reach] of under) {
      await reach();
      expect(rig.watch.state).to.equal(state);
      const { length } = rig.server.log;
      await rig.watch.stop();
      rig.server.put(ingresses, anIngress(`after-${state}`));
      await rig.clock.advance(600_000);
      await breathe();
      expect([rig.faults, rig.watch.state, rig.clock.pending, rig.server.log.length - length], state).to.deep.equal([[], 'stopped', 0, 0]);
      expect(rig.watch.get(`shop/after-${state}`)).to.equal(undefined);
      await until(() => rig.server.openWatches().length === 0);
    }
  }

  async function asksForBookmarks(): Promise<void> {
    await inSync(rig, options);
    rig.server.openWatches()[0]!.reset();
    await reopened(1);
    expect(rig.server.watches.map(({ query }) => query.get('allowWatchBookmarks'))).to.deep.equal(['true', 'true']);
  }

  async function leaksNoSocket(): Promise<void> {
    rig.server.keepAlive(120_000);
    const dispatcher = createApiAgent({});
    const connection = plainConnection(rig.server.url, { access: async () => ({ dispatcher, headers: {} }) });
    await inSync(rig, { ...options, api: createKubeApi({ connection, clock: rig.clock }), random: () => 0.01 });
    for (let round = 0; round < 60; round += 1) {
      const before = rig.server.watches.length;
      if (round % 3 === 2) rig.server.openWatches()[0]!.reset();
      else rig.server.openWatches()[0]!.close();
      await reopened(before);
    }
    await rig.clock.advance(10_000);
    await breathe();
    expect([rig.server.openWatches().length, rig.server.watches.length]).to.deep.equal([1, 61]);
    // Lists in pages have a connection of their own, which is kept for the next one.
    expect(await rig.server.connections()).to.equal(streamLists ? 1 : 2);
    await rig.watch.stop();
    await dispatcher.destroy();
  }

  /** A real API server refuses three digits with 400. */
  async function writesMicroTime(): Promise<void> {
    const time = (body: Record<string, unknown> | undefined): string => String((body?.['spec'] as { renewTime?: unknown } | undefined)?.renewTime);
    for (const verb of ['create', 'update'] as const) {
      rig.server.fault({ verb, where: ({ body }) => !/T\d\d:\d\d:\d\d\.\d{6}Z$/.test(time(body)) }, { kind: 'respond', status: 400 });
    }
    let epochs = 0;
    const elector = startLeaseElector({
      api: rig.api, namespace: 'edge', name: 'blue', identity: 'me', clock: rig.clock, onAcquired: () => { epochs += 1; }, onLost: () => undefined,
    });
    try {
      await advanceUntil(rig.clock, () => rig.server.count('update', 'leases') > 5, 500);
      expect([epochs, elector.isHolder(), rig.server.log.every((entry) => entry.status !== 400)]).to.deep.equal([1, true, true]);
      expect(Date.parse(time(rig.server.read(leases, 'edge/blue')))).to.be.within(Date.now() - 60_000, Date.now() + 60_000);
    } finally {
      await elector.release();
    }
  }
});
