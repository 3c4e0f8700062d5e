// What a controller writes to an engine: whole lines, as few writes as there may be, at the pace at which it is read.
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { createRemoteEngine } from '../../../src/http/remote-engine.js';
import type { TableUpdate } from '../../../src/route-table/types.js';

const update = (entries: number): TableUpdate => ({
  class: 'red', epoch: 1, sequence: 1, full: false, remove: [`host/gone.test`], count: entries,
  set: Array.from({ length: entries }, (_, at) => ({ key: `service/shop/s${at}/80`, value: { endpoints: [{ address: '10.0.0.1', port: 80 }] } })),
});

/** Keeps what is written; takes the next piece when it is told to. */
class Slow extends Writable {
  readonly pieces: string[] = [];
  take: () => void = () => undefined;

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(String(piece));
    this.take = done;
  }
}

describe('http: an engine at the other end of a stream', () => {
  const ends: (() => void)[] = [];
  afterEach(() => { for (const end of ends.splice(0)) end(); });

  /** What it is written to, and has been asked to take one update. */
  async function written(entries: number): Promise<Slow> {
    const stream = new Slow({ highWaterMark: 16 });
    const remote = createRemoteEngine(stream, { answerMs: 5000, observes: false, silenceMs: undefined });
    ends.push(() => remote.close());
    remote.apply(update(entries)).catch(() => undefined);
    await nextTurn();
    return stream;
  }

  it('gets a small update by one write', async () => {
    const { pieces } = await written(1);
    expect(pieces).to.have.length(1);
    expect(pieces[0]!.trimEnd().split('\n').map((line) => Object.keys(JSON.parse(line) as object)[0])).to.deep.equal(['update', 'set', 'remove', 'end']);
  });

  it('gets a large one in pieces of whole lines, the next when one was read', async () => {
    const stream = await written(1000);
    expect(stream.pieces).to.have.length(1);
    expect(stream.pieces[0]!.length).to.be.within(32 * 1024, 40 * 1024);
    stream.take();
    await nextTurn();
    expect(stream.pieces).to.have.length(2);
    for (const piece of stream.pieces) expect(piece.endsWith('\n')).to.equal(true);
  });
});
