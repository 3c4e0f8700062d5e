// Cuts the body of a watch into lines and each line into an event. Anything that is not a whole, typed event ends the
// stream with `bad-answer`: a swallowed line would be a lost change, because the next event moves the version past it.
import { OperationalError } from './operational-error.js';

/** More than twice what etcd stores for one object. */
export const MAX_LINE_BYTES = 3 * 1024 * 1024;

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: unknown;
}

const NEWLINE = 0x0a;
const types = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

export async function* readWatchEvents(
  body: AsyncIterable<Uint8Array>, maxLineBytes = MAX_LINE_BYTES,
): AsyncGenerator<WatchEvent, void, void> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let broken: unknown;
  for await (const chunk of untilBroken(body, (error) => { broken = error; })) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const size = held + end - start;
      if (size > maxLineBytes) throw tooLong(maxLineBytes);
      const rest = chunk.subarray(start, end);
      // Most lines are in one chunk, and are not copied.
      if (size > 0) yield parseEvent(held === 0 ? Buffer.from(rest.buffer, rest.byteOffset, size) : Buffer.concat([...pieces, rest], size));
      pieces = [];
      held = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      held += chunk.length - start;
      if (held > maxLineBytes) throw tooLong(maxLineBytes);
      pieces.push(chunk.subarray(start));
    }
  }
  // The end of the stream cut this line: whatever it says, it is not known to be whole.
  if (held > 0) throw new OperationalError('bad-answer', `the watch ended inside a line of ${held} bytes`, { cause: broken });
  if (broken !== undefined) throw broken;
}

/** A connection that breaks ends the stream like one that is closed; what broke it is told apart. */
async function* untilBroken(body: AsyncIterable<Uint8Array>, onBroken: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    onBroken(error);
  }
}

function parseEvent(line: Buffer): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw new OperationalError('bad-answer', 'a line of the watch is not JSON', { cause: error });
  }
  const { type, object } = (event ?? {}) as Partial<WatchEvent>;
  if (typeof type !== 'string' || !types.has(type) || typeof object !== 'object' || object === null) {
    throw new OperationalError('bad-answer', 'a line of the watch is JSON but not a watch event');
  }
  return { type, object };
}

function tooLong(limit: number): OperationalError {
  return new OperationalError('bad-answer', `a line of the watch is longer than ${limit} bytes`);
}
