// Puts the lines of a table stream together to whole updates. What is not a line of the protocol, too long, or of another
// digest ends the stream: the next one begins with the whole table, so nothing is guessed and nothing is lost.

import { StringDecoder } from 'node:string_decoder';
import { mostObserved } from '../core/stream-protocol.js';
import type { StreamLine, UpdateHead } from '../core/stream-protocol.js';
import { createTableDigest } from '../core/table-digest.js';
import type { TableUpdate } from '../route-table/types.js';

/** The largest entry is a host with all its routes. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** More entries than any class may have. */
const MOST_ENTRIES = 10_000_000;

export class StreamProblem extends Error {}

/** The controller wants to know of the requests for these Ingresses. */
type OnObserve = (ingresses: readonly string[], number: number) => void;

/** The updates of one stream, each whole. `onLine` is called for every line, heartbeats too: the stream lives. */
export async function* readUpdateStream(body: AsyncIterable<Uint8Array>, onLine: () => void, onObserve: OnObserve = () => undefined): AsyncGenerator<TableUpdate, void, void> {
  const digest = createTableDigest();
  let update: TableUpdate | undefined;
  let expected = '';
  for await (const text of readLines(body)) {
    onLine();
    const line = parseLine(text);
    if (isAside(line, onObserve)) continue;
    if ('update' in line) {
      if (update !== undefined) throw new StreamProblem('an update begins inside another one');
      ({ update, expected } = beginUpdate(line.update));
      if (update.full) digest.clear();
    } else if (update === undefined) {
      throw new StreamProblem('an entry comes without an update');
    } else if ('end' in line) {
      if (digest.text() !== expected) throw new StreamProblem('the table after the update has another digest than it should');
      yield update;
      update = undefined;
    } else {
      addEntry(update, line);
      digest.take('set' in line ? line.set : line.remove, 'set' in line ? JSON.stringify(line.value) : undefined);
    }
  }
}

function beginUpdate(head: UpdateHead): { update: TableUpdate; expected: string } {
  if (typeof head !== 'object' || head === null) throw new StreamProblem('an update has no head');
  const { digest, ...rest } = head;
  return { update: { ...rest, set: [], remove: [] }, expected: digest };
}

function addEntry(update: TableUpdate, line: Exclude<StreamLine, { update: unknown } | { end: true } | { heartbeat: true } | { observe: unknown }>): void {
  if (update.set.length + update.remove.length >= MOST_ENTRIES) throw new StreamProblem('an update has too many entries');
  if ('set' in line) update.set.push({ key: line.set, value: line.value });
  else update.remove.push(line.remove);
}

/** What has nothing to do with updates may stand between their lines. */
function isAside(line: StreamLine, onObserve: OnObserve): line is Extract<StreamLine, { heartbeat: true } | { observe: unknown }> {
  if ('observe' in line) onObserve(checkObserved(line), line.number);
  return 'observe' in line || 'heartbeat' in line;
}

function checkObserved({ observe, number }: { observe: unknown; number: unknown }): string[] {
  const whole = Array.isArray(observe) && observe.length <= mostObserved && observe.every((one) => typeof one === 'string') && Number.isSafeInteger(number);
  if (!whole) throw new StreamProblem('a list of Ingresses to tell of is none');
  return observe;
}

const kinds = ['update', 'set', 'remove', 'end', 'heartbeat', 'observe'];

function parseLine(text: string): StreamLine {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw new StreamProblem('a line is not JSON');
  }
  if (typeof line !== 'object' || line === null || !kinds.some((kind) => Object.hasOwn(line, kind))) throw new StreamProblem('a line is none of the protocol');
  return line as StreamLine;
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))).split('\n');
    rest = lines.pop()!;
    if (rest.length > LONGEST_LINE) throw new StreamProblem(`a line is longer than ${LONGEST_LINE} bytes`);
    yield* lines.filter((line) => line !== '');
  }
}
