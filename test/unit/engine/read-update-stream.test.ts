// The lines of a table stream: whole updates come out of it, whatever the pieces in which it arrives, and nothing else does.
import { expect } from 'chai';
import fc from 'fast-check';
import { createTableDigest } from '../../../src/core/table-digest.js';
import { readUpdateStream } from '../../../src/engine/read-update-stream.js';
import type { TableUpdate } from '../../../src/route-table/types.js';

const digestOf = (entries: Record<string, object>): string => {
  const digest = createTableDigest();
  for (const [key, value] of Object.entries(entries)) digest.take(key, JSON.stringify(value));
  return digest.text();
};
const head = (digest: string, more: object = {}): object => ({ update: { class: 'red', epoch: 1, sequence: 1, full: true, count: 1, digest, ...more } });
const first = { 'service/a/b/80': { endpoints: [] } };
const second = { ...first, 'service/a/ü/80': { endpoints: [{ address: '10.0.0.1', port: 1 }] } };
const sets = (entries: Record<string, object>): object[] => Object.entries(entries).map(([set, value]) => ({ set, value }));
const end = { end: true };
const good = [head(digestOf(first)), ...sets(first), end, { heartbeat: true }, head(digestOf(second), { full: false, sequence: 2 }), ...sets(second).slice(1), end,
  head(digestOf(first), { full: false, sequence: 3 }), { remove: 'service/a/ü/80' }, end];
const textOf = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

async function read(pieces: readonly Uint8Array[], most = { bytes: 1e6, entries: 100 }): Promise<{ updates: TableUpdate[]; large?: number[]; problem?: string }> {
  const updates: TableUpdate[] = [];
  const large: number[] = [];
  try {
    for await (const { update, tooLarge } of readUpdateStream((async function* () { yield* pieces; })(), { onLine: () => undefined, most })) {
      updates.push(update);
      if (tooLarge) large.push(update.sequence);
    }
    return large.length === 0 ? { updates } : { updates, large };
  } catch (error) {
    return { updates, problem: (error as Error).message };
  }
}
const readText = (text: string): ReturnType<typeof read> => read([Buffer.from(text)]);

describe('engine: read-update-stream', () => {
  it('gives the same updates however the bytes are cut', async () => {
    const bytes = Buffer.from(textOf(good));
    const whole = await read([bytes]);
    expect(whole.problem).to.equal(undefined);
    expect(whole.updates.map(({ sequence, full, set, remove }) => [sequence, full, set.length, remove])).to.deep.equal([[1, true, 1, []], [2, false, 1, []], [3, false, 0, ['service/a/ü/80']]]);
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 30 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      expect(await read(at.slice(1).map((stop, index) => bytes.subarray(at[index], stop)))).to.deep.equal(whole);
    }));
  });

  it('knows an entry however its line is written', async () => {
    const lines = [head(digestOf(first)), end].map((line) => JSON.stringify(line));
    for (const entry of ['{"value": {"endpoints": []}, "set": "service/a/b/80"}', '{"set":"service/a/b/80","value":{"endpoints":[]}}', '{"set":"service\\/a/b/80","value":{"endpoints":[]}}']) {
      expect((await readText([lines[0], entry, lines[1], ''].join('\n'))).updates.map(({ set }) => set), entry).to.deep.equal([[{ key: 'service/a/b/80', value: { endpoints: [] } }]]);
    }
  });

  const broken: [string, object[] | string, RegExp][] = [
    ['another digest than it should have', [head('0'.repeat(16)), ...sets(first), end], /digest/],
    ['an entry that was lost on the way', [head(digestOf(second)), ...sets(first), end], /digest/],
    ['an entry that was changed on the way', [head(digestOf(first)), { set: 'service/a/b/80', value: { endpoints: [{}] } }, end], /digest/],
    ['a difference to a table that was not sent', [head(digestOf(second), { full: false }), ...sets(second).slice(1), end], /digest/],
    ['an entry outside an update', [...sets(first)], /without an update/],
    ['an end without a beginning', [end], /without an update/],
    ['an update inside another one', [head(digestOf(first)), head(digestOf(first))], /inside another/],
    ['a line that is no JSON', 'hello\n', /not JSON/],
    ['a line of another protocol', [{ hello: 1 }], /none of the protocol/],
    ['an update without a head', [{ update: null } as object], /no head/],
    ['a line without end', 'x'.repeat(17 * 1024 * 1024), /longer than/],
  ];
  for (const [name, input, problem] of broken) {
    it(`ends with ${name}, and takes nothing of it`, async () => {
      const result = await readText(typeof input === 'string' ? input : textOf(input));
      expect(result.updates).to.deep.equal([]);
      expect(result.problem).to.match(problem);
    });
  }

  for (const [what, most] of [['characters', { bytes: 60, entries: 100 }], ['entries', { bytes: 1e6, entries: 1 }]] as const) {
    it(`keeps nothing of an update with more ${what} than a class may have, names it, and reads on`, async () => {
      const text = textOf([head(digestOf(second)), ...sets(second), end, head(digestOf(first), { sequence: 2 }), ...sets(first), end]);
      const { updates, large, problem } = await read([Buffer.from(text)], most);
      expect([large, problem, updates.map(({ set }) => set.length)]).to.deep.equal([[1], undefined, [0, 1]]);
    });
  }

  it('ends with a table that grows by updates that each are small', async () => {
    const digest = createTableDigest();
    const lines = Array.from({ length: 12 }, (_, at) => {
      digest.take(`service/a/s${at}/80`, '{"endpoints":[]}');
      return [head(digest.text(), { full: at === 0, sequence: at + 1 }), { set: `service/a/s${at}/80`, value: { endpoints: [] } }, end];
    });
    const { updates, problem } = await read([Buffer.from(textOf(lines.flat()))], { bytes: 1e6, entries: 10 });
    expect([updates.length, problem]).to.deep.equal([10, 'the table has more entries than it may']);
  });

  it('takes nothing of an update that was cut off', async () => {
    const text = textOf(good.slice(0, 3));
    for (let length = 0; length < text.length; length++) expect((await readText(text.slice(0, length))).updates, String(length)).to.deep.equal([]);
  });
});
