// A slow or hung engine never delays another, and nothing grows with what it does not take.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { TableFanOut } from '../../../src/controller/table-fan-out.js';
import { subscribeTables } from '../../../src/engine/subscribe-tables.js';
import { connectToPublishers } from '../../../src/engine/tls-files.js';
import { listenSecurely } from '../../../src/http/listen-securely.js';
import { tableStreamApp } from '../../../src/http/table-stream-app.js';
import type { ClassTable, ServiceEndpoints } from '../../../src/route-table/types.js';
import { checkedSink } from '../../fixtures/checked-sink.js';
import { eventually } from '../../fixtures/eventually.js';

const ENTRIES = 2000;
const CHANGES = 10_000;
/** What the hung engine would have to take at once: far more than the buffers of a connection. */
const ENDPOINTS = 60;

const key = (n: number): string => `service/a/s${n}/80`;
const endpoints = (port: number): ServiceEndpoints => ({ endpoints: Array.from({ length: ENDPOINTS }, (_, at) => ({ address: `10.0.${at}.1`, port })) });
const firstPort = (json: string | undefined): number | undefined => (json === undefined ? undefined : (JSON.parse(json) as ServiceEndpoints).endpoints[0]!.port);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const memory = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describe('feature: flow control of the table stream', function () {
  this.timeout(120_000);
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => { for (const end of ends.splice(0).reverse()) await end(); });

  it(`an engine that reads nothing neither delays another during ${CHANGES} changes nor makes anything grow`, async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ia-flow-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    await makeCertificates({ folder, classes: ['red'], days: 2 });
    const tls = (name: string) => ({ certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`), authority: path.join(folder, 'ca.crt') });
    const served: number[] = [];
    const fanOut = new TableFanOut({
      class: 'red', epoch: () => 1, onOutcome: () => undefined, onServed: (since) => served.push(performance.now() - since),
      pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms).unref(); }),
    });
    const app = tableStreamApp(new Map([['red', { attach: (engine, sink, after) => fanOut.attach(engine, sink, after), holder: () => 'here' as const }]]), { answerMs: 90_000 });
    const responses = new Map<string, ServerResponse>();
    const listening = await listenSecurely((request, response) => {
      responses.set(new URL(request.url!, 'https://x').searchParams.get('engine') ?? '', response);
      app(request, response);
    }, { host: '127.0.0.1', port: 0, files: tls('class-red'), onProblem: () => undefined });
    ends.push(() => listening.close());

    const table: ClassTable = new Map(Array.from({ length: ENTRIES }, (_, n) => [key(n), endpoints(1)]));
    fanOut.publish(table, []);
    const sink = checkedSink();
    const connections = connectToPublishers('red', tls('engine'), () => undefined);
    const live = subscribeTables({ most: () => ({ bytes: 1e9, entries: 1e6 }),
      class: 'red', engine: 'live', addresses: [`https://127.0.0.1:${listening.port}`], connections, log: () => undefined,
      apply: (update) => sink.apply(update) as Promise<{ applied: true }>, taken: () => 0,
    });
    ends.push(async () => {
      await live.stop();
      await connections.close();
    });
    await eventually(() => expect(sink.tables.get('red')?.entries.size).to.equal(ENTRIES), 30_000);

    const agent = new Agent({ cert: readFileSync(tls('engine').certificate), key: readFileSync(tls('engine').key), ca: readFileSync(tls('engine').authority), checkServerIdentity: () => undefined });
    const hung = get({ host: '127.0.0.1', port: listening.port, path: '/v1/classes/red/table?engine=hung&after=0', agent }, (answer) => { answer.on('error', () => undefined).pause(); });
    hung.on('error', () => undefined);
    ends.push(() => { hung.destroy(); });
    await eventually(() => expect(fanOut.engines()).to.have.length(2), 10_000);
    await eventually(() => expect(responses.get('hung')!.writableNeedDrain).to.equal(true), 10_000);

    const before = memory();
    let [longest, buffered] = [0, 0];
    for (let change = 0; change < CHANGES; change++) {
      const name = key(change % ENTRIES);
      table.set(name, endpoints(2 + (change % 60_000)));
      fanOut.publish(table, [name], performance.now());
      if (change % 20 !== 19) continue;
      await nextTurn();
      // What the sink remembers for other tests is no memory of the stream.
      sink.updates.length = 0;
      buffered = Math.max(buffered, responses.get('hung')!.writableLength);
      longest = Math.max(longest, fanOut.states().find(({ engine }) => engine === 'live')!.lagMs);
    }
    await eventually(() => expect(firstPort(sink.tables.get('red')!.entries.get(key((CHANGES - 1) % ENTRIES)))).to.equal(2 + CHANGES - 1), 20_000);
    const state = fanOut.states().find(({ engine }) => engine === 'hung')!;
    // Everything is behind there, and all of it waits as the table itself.
    expect(state).to.deep.include({ connected: true, sequence: 0 });
    expect(served, 'no change is served by every engine').to.deep.equal([]);
    expect(longest, 'longest lag of the live engine, ms').to.be.below(3000);
    expect(buffered, 'bytes that wait to be sent to the hung engine').to.be.below(1_000_000);
    sink.updates.length = 0;
    expect(memory() - before, 'growth of memory').to.be.below(40_000_000);
    hung.destroy();
    await eventually(() => expect(fanOut.engines().map(({ engine }) => engine)).to.deep.equal(['live']), 10_000);
    await eventually(() => expect(served.length).to.be.within(1, 512));
  });
});
