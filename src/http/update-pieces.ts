// An update as the lines of a table stream, in pieces for writing. The digest goes ahead of the entries that it is of, so these are
// made into text once and kept until it is known, some in each turn of the event loop.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StreamLine } from '../core/stream-protocol.js';
import type { TableDigest } from '../core/table-digest.js';
import type { TableUpdate } from '../route-table/types.js';

/** Characters of lines that are written at once: each write is a chunk of HTTP and a record of TLS. */
const PIECE = 32 * 1024;
/** Entries of one turn. */
const AT_ONCE = 500;

/** Brings `digest` up to date as well. Undefined: nobody waits for it any more. */
export async function updatePieces({ set, remove, ...head }: TableUpdate, digest: TableDigest, signal: AbortSignal): Promise<Buffer[] | undefined> {
  if (head.full) digest.clear();
  const pieces: Buffer[] = [];
  let piece = '';
  const add = (text: string): void => {
    piece += text;
    if (piece.length < PIECE) return;
    // As bytes they are no burden to whoever looks through the heap for what is still used.
    pieces.push(Buffer.from(piece));
    piece = '';
  };
  for (const [at, { key, value }] of set.entries()) {
    if (at > 0 && at % AT_ONCE === 0) await nextTurn();
    if (signal.aborted) return undefined;
    const json = JSON.stringify(value);
    digest.take(key, json);
    add(`{"set":${JSON.stringify(key)},"value":${json}}\n`);
  }
  for (const key of remove) {
    digest.take(key, undefined);
    add(line({ remove: key }));
  }
  const first = Buffer.from(line({ update: { ...head, digest: digest.text() } }));
  const all = [...pieces, Buffer.from(piece + line({ end: true }))];
  return [Buffer.concat([first, all[0]!]), ...all.slice(1)];
}

export function line(content: StreamLine): string {
  return `${JSON.stringify(content)}\n`;
}
