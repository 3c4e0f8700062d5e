// The line splitter on its own: any cut of the bytes gives the same events, and no line can fill the memory (G5, G6).
import { expect } from 'chai';
import fc from 'fast-check';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { readWatchEvents } from '../../../src/kubernetes/watch-stream.js';

async function* inPieces(bytes: Buffer, cuts: number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function read(body: AsyncIterable<Uint8Array>, limit?: number): Promise<{ events: unknown[]; error?: OperationalError }> {
  const events: unknown[] = [];
  try {
    for await (const event of readWatchEvents(body, limit)) events.push(event);
    return { events };
  } catch (error) {
    return { events, error: error as OperationalError };
  }
}

describe('watch stream', () => {
  it('G5: gives the same events however the bytes are cut', async () => {
    const event = fc.record({ type: fc.constantFrom('ADDED', 'DELETED', 'BOOKMARK'), object: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })) });
    await fc.assert(fc.asyncProperty(fc.array(event), fc.array(fc.nat()), async (list, cuts) => {
      const bytes = Buffer.from(list.map((one) => `${JSON.stringify(one)}\n`).join(''));
      const { events, error } = await read(inPieces(bytes, cuts));
      expect(error).to.equal(undefined);
      expect(JSON.stringify(events)).to.equal(JSON.stringify(list));
    }), { numRuns: 300 });
  });

  it('G6: refuses a long line at once, whether it ends in the piece or not', async () => {
    const long = `{"type":"ADDED","object":{"pad":"${'x'.repeat(200)}"}}\n`;
    expect((await read(inPieces(Buffer.from(long), []), 100)).error?.code).to.equal('bad-answer');
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; taken < 1000; taken += 1) yield Buffer.from('xxxxxxxxxx');
    }
    expect((await read(endless(), 100)).error?.message).to.match(/longer than 100 bytes/);
    expect(taken).to.be.lessThan(12);
  });

  it('delivers what came before the trouble, and any bytes end in events or in one kind of error', async () => {
    const good = '{"type":"ADDED","object":{}}\n';
    const { events, error } = await read(inPieces(Buffer.from(`${good}{"type":\n${good}`), []));
    expect([events.length, error?.code]).to.deep.equal([1, 'bad-answer']);
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const result = await read(inPieces(Buffer.from(bytes), []));
      if (result.error) expect(result.error).to.be.instanceOf(OperationalError);
    }), { numRuns: 2000 });
  });

  it('a connection that breaks is told apart from a line that was cut', async () => {
    async function* breaking(text: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text);
      throw new Error('reset');
    }
    expect((await read(breaking('{"type":"ADDED","object":{}}\n'))).error?.message).to.equal('reset');
    const cut = (await read(breaking('{"type":"ADD'))).error;
    expect(cut?.code).to.equal('bad-answer');
    expect((cut?.cause as Error).message).to.equal('reset');
  });
});
