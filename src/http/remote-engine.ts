// One engine at the other end of a table stream: writes an update line by line at the pace at which it is read, and waits
// for the engine's answer. It keeps no update after it is answered.

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { type RefusedEntry, type StreamAck, type StreamLine, heartbeatMs } from '../core/stream-protocol.js';
import { createTableDigest } from '../core/table-digest.js';
import type { TableUpdate } from '../route-table/types.js';

export interface RemoteEngine {
  /** Resolves with the engine's answer; rejects when the stream ends first or the answer takes too long. */
  apply(update: TableUpdate): Promise<{ applied: true } | { applied: false; reason: string; newerEpoch?: number; refused?: RefusedEntry[] }>;
  /** Takes an answer that the engine sent; false when nothing like it is waited for. */
  answer(ack: StreamAck): boolean;
  close(): void;
}

interface Waiting {
  epoch: number;
  sequence: number;
  settle: (ack: StreamAck) => void;
  fail: (error: Error) => void;
}

/** `stream` is the response of the engine's request. `answerMs`: how long an engine may take over one update. */
export function createRemoteEngine(stream: Writable, answerMs: number): RemoteEngine {
  const digest = createTableDigest();
  let waiting: Waiting | undefined;
  let writing = false;
  const ended = new AbortController();
  const heartbeat = setInterval(() => { if (!writing) stream.write(line({ heartbeat: true })); }, heartbeatMs);
  const end = (why: string): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    clearInterval(heartbeat);
    waiting?.fail(new Error(why));
    waiting = undefined;
    stream.destroy();
  };
  stream.once('close', () => end('the engine is gone'));
  stream.once('error', () => end('the engine is gone'));

  const writeUpdate = async (update: TableUpdate): Promise<void> => {
    const { set, remove, ...head } = update;
    if (update.full) digest.clear();
    for (const { key, value } of set) digest.take(key, JSON.stringify(value));
    for (const key of remove) digest.take(key, undefined);
    const write = async (text: string): Promise<void> => {
      if (!stream.write(text)) await once(stream, 'drain', { signal: ended.signal });
    };
    await write(line({ update: { ...head, digest: digest.text() } }));
    for (const { key, value } of set) await write(line({ set: key, value }));
    for (const key of remove) await write(line({ remove: key }));
    await write(line({ end: true }));
  };
  return {
    async apply(update) {
      if (ended.signal.aborted) throw new Error('the engine is gone');
      const { epoch, sequence } = update;
      const answered = new Promise<StreamAck>((settle, fail) => { waiting = { epoch, sequence, settle, fail }; });
      const late = setTimeout(() => end(`no answer within ${answerMs} ms`), answerMs);
      try {
        writing = true;
        await Promise.race([writeUpdate(update), answered]);
        writing = false;
        const ack = await answered;
        if (ack.applied) return { applied: true };
        const { reason = 'no reason given', newerEpoch, refused } = ack;
        return { applied: false, reason, ...(newerEpoch === undefined ? {} : { newerEpoch }), ...(refused === undefined ? {} : { refused }) };
      } finally {
        writing = false;
        clearTimeout(late);
        waiting = undefined;
      }
    },
    answer(ack) {
      if (waiting?.epoch !== ack.epoch || waiting.sequence !== ack.sequence) return false;
      waiting.settle(ack);
      return true;
    },
    close: () => end('the stream is closed'),
  };
}

function line(content: StreamLine): string {
  return `${JSON.stringify(content)}\n`;
}
