// Puts the lines of a table stream together to whole updates. What is not a line of the protocol, too long, or of another
// digest ends the stream: the next one begins with the whole table, so nothing is guessed and nothing is lost. Of an update that
// is larger than any class may be nothing is kept: a controller in foreign hands must not fill the engine's memory.

import { StringDecoder } from 'node:string_decoder';
import { mostObserved } from '../core/stream-protocol.js';
import type { StreamLine, UpdateHead } from '../core/stream-protocol.js';
import { type TableDigest, createTableDigest } from '../core/table-digest.js';
import type { TableUpdate } from '../route-table/types.js';

/** The largest entry is a host with all its routes. */
const LONGEST_LINE = 16 * 1024 * 1024;

export class StreamProblem extends Error {}

/** The controller wants to know of the requests for these Ingresses. */
type OnObserve = (ingresses: readonly string[], number: number) => void;

export interface UpdateStreamOptions {
  /** Called for every line, heartbeats too: the stream lives. */
  onLine: () => void;
  onObserve?: OnObserve;
  /** The largest update, in characters of its lines and in entries; and the most entries that a table may come to. */
  most: { bytes: number; entries: number };
}

/** `tooLarge`: its entries are not there. */
export interface ReadUpdate {
  update: TableUpdate;
  tooLarge: boolean;
}

type EntryLine = Extract<StreamLine, { set: string } | { remove: string }>;

/** The updates of one stream, each whole. */
export async function* readUpdateStream(body: AsyncIterable<Uint8Array>, { onLine, onObserve = () => undefined, most }: UpdateStreamOptions): AsyncGenerator<ReadUpdate, void, void> {
  const digest = createTableDigest();
  let open: OpenUpdate | undefined;
  for await (const text of readLines(body)) {
    onLine();
    const line = parseLine(text);
    if (isAside(line, onObserve)) continue;
    if ('update' in line) {
      if (open !== undefined) throw new StreamProblem('an update begins inside another one');
      open = { ...beginUpdate(line.update), left: { ...most } };
      if (open.update.full) digest.clear();
    } else if (open === undefined) {
      throw new StreamProblem('an entry comes without an update');
    } else if ('end' in line) {
      const tooLarge = isOver(open.left);
      // Of what was not kept nothing can be told: after its refusal the next update is a whole table.
      if (!tooLarge && digest.text() !== open.expected) throw new StreamProblem('the table after the update has another digest than it should');
      yield { update: open.update, tooLarge };
      open = undefined;
    } else {
      takeEntry(open, line, text, digest);
      if (digest.size() > most.entries) throw new StreamProblem('the table has more entries than it may');
    }
  }
}

/** An update of which not everything has come. */
interface OpenUpdate {
  update: TableUpdate;
  expected: string;
  /** What it may still have. */
  left: UpdateStreamOptions['most'];
}

function beginUpdate(head: UpdateHead): { update: TableUpdate; expected: string } {
  if (typeof head !== 'object' || head === null) throw new StreamProblem('an update has no head');
  const { digest, ...rest } = head;
  return { update: { ...rest, set: [], remove: [] }, expected: digest };
}

const isOver = ({ bytes, entries }: UpdateStreamOptions['most']): boolean => bytes < 0 || entries < 0;

function takeEntry({ update, left }: OpenUpdate, line: EntryLine, text: string, digest: TableDigest): void {
  left.bytes -= text.length;
  left.entries -= 1;
  if (isOver(left)) {
    update.set.length = 0;
    update.remove.length = 0;
    digest.clear();
  } else if ('set' in line) {
    update.set.push({ key: line.set, value: line.value });
    digest.take(line.set, jsonOf(line, text));
  } else {
    update.remove.push(line.remove);
    digest.take(line.remove, undefined);
  }
}

/** The JSON of an entry's value, as it stands in its line; made anew when it is written in some other way than ours. */
function jsonOf({ set, value }: Extract<EntryLine, { set: string }>, text: string): string {
  const before = `{"set":${JSON.stringify(set)},"value":`;
  return text.startsWith(before) ? text.slice(before.length, -1) : JSON.stringify(value);
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
