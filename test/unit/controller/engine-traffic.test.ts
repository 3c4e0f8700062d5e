// Which Ingresses of a class still get requests: zero is only what every engine has told, for long enough, of one life of its nginx.
import { expect } from 'chai';
import { type EngineTraffic, type TrafficReport, createEngineTraffic } from '../../../src/controller/engine-traffic.js';
import type { TableSink } from '../../../src/controller/publish-table.js';
import { mostObserved, silenceMs } from '../../../src/core/stream-protocol.js';
import { eventually } from '../../fixtures/eventually.js';

type Observe = NonNullable<TableSink['observe']>;

/** An engine that tells when the test says so. */
class AskedEngine {
  readonly asked: string[][] = [];
  private answer: Parameters<Observe>[2] | undefined;
  private readonly observe: Observe = (_className, ingresses, tell) => {
    this.asked.push([...ingresses]);
    this.answer = tell;
  };
  readonly sink = { observe: this.observe } as unknown as TableSink;

  tell(counts: number[], instance = 'one'): void { this.answer!({ instance, counts } satisfies TrafficReport); }
}

describe('engine traffic', () => {
  let now: number;
  let reports: number;
  let traffic: EngineTraffic;
  beforeEach(() => {
    now = 0;
    reports = 0;
    traffic = createEngineTraffic({ class: 'a', now: () => now, onReport: () => { reports += 1; } });
  });
  afterEach(() => traffic.stop());

  const attached = (name: string): AskedEngine => {
    const engine = new AskedEngine();
    traffic.attach(name, engine.sink);
    return engine;
  };
  /** Lists are sent together, a moment later. */
  const watched = async (engine: AskedEngine, ingresses: readonly string[]): Promise<void> => {
    const before = engine.asked.length;
    traffic.watch(ingresses);
    await eventually(() => expect(engine.asked.length).to.be.greaterThan(before), 5000);
  };

  it('is quiet when nothing was counted for as long as is asked, until it was last told', async () => {
    const engine = attached('e1');
    await watched(engine, ['n/x', 'n/y']);
    expect(traffic.factOf('n/x', 1000)).to.equal(undefined);
    engine.tell([5, 7]);
    expect(traffic.factOf('n/x', 1000)).to.deep.equal({ quiet: false });
    now = 1000;
    // Time alone proves nothing: only what is told.
    expect(traffic.factOf('n/x', 1000)).to.deep.equal({ quiet: false });
    engine.tell([5, 8]);
    expect(traffic.factOf('n/x', 1000)).to.deep.equal({ quiet: true });
    expect(traffic.factOf('n/y', 1000)).to.deep.equal({ quiet: false });
    expect(reports).to.equal(2);
  });

  it('begins anew when nginx was started anew, or the list is another', async () => {
    const engine = attached('e1');
    await watched(engine, ['n/x']);
    engine.tell([0]);
    now = 1000;
    engine.tell([0], 'two');
    expect(traffic.factOf('n/x', 1000)).to.deep.equal({ quiet: false });
    await watched(engine, ['n/y']);
    now = 5000;
    engine.tell([0], 'two');
    expect(traffic.factOf('n/y', 1000)).to.deep.equal({ quiet: false });
    expect(traffic.factOf('n/x', 1000), 'not asked for any more').to.equal(undefined);
  });

  it('keeps what it knows of an Ingress while others come and go in the list', async () => {
    const engine = attached('e1');
    await watched(engine, ['n/x', 'n/y']);
    engine.tell([0, 0]);
    now = 1000;
    await watched(engine, ['n/w', 'n/y']);
    engine.tell([0, 0]);
    expect([traffic.factOf('n/w', 1000), traffic.factOf('n/y', 1000)]).to.deep.equal([{ quiet: false }, { quiet: true }]);
  });

  it('takes no answer to another list than was asked for', async () => {
    const engine = attached('e1');
    await watched(engine, ['n/x', 'n/y']);
    engine.tell([0]);
    expect([traffic.factOf('n/x', 0), reports]).to.deep.equal([undefined, 0]);
  });

  it('does not know, and never calls it quiet, without engines, with a silent one, or one that can not tell', async () => {
    expect(traffic.factOf('n/x', 0)).to.deep.equal({ unknown: 'no engine takes the tables of the class' });
    const engine = attached('e1');
    await watched(engine, ['n/x']);
    engine.tell([0]);
    const late = attached('e2');
    expect(late.asked, 'one that comes later is asked at once').to.deep.equal([['n/x']]);
    expect(traffic.factOf('n/x', 0)).to.equal(undefined);
    late.tell([0]);
    expect(traffic.factOf('n/x', 0)).to.deep.equal({ quiet: true });
    now = silenceMs + 1;
    late.tell([0]);
    expect(traffic.factOf('n/x', 0)).to.deep.equal({ unknown: 'engine e1 has not told for 15 s' });
    traffic.detach('e1', engine.sink);
    expect(traffic.factOf('n/x', 0)).to.deep.equal({ quiet: true });
    traffic.attach('old', {} as TableSink);
    expect(traffic.factOf('n/x', 0)).to.deep.equal({ unknown: 'engine old is of a version that does not tell' });
  });

  it('asks for a bounded list only', async () => {
    const engine = attached('e1');
    await watched(engine, Array.from({ length: mostObserved + 1 }, (_, at) => `n/${at}`));
    expect(engine.asked[0]!.length).to.equal(mostObserved);
    engine.tell(engine.asked[0]!.map(() => 0));
    expect(traffic.factOf(`n/${mostObserved}`, 0), 'waits until others are through').to.equal(undefined);
  });
});
