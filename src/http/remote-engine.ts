// One engine at the other end of a table stream: writes an update piece by piece at the pace at which it is read, and waits
// for the engine's answer. It keeps no update after it is answered.

import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { type RefusedEntry, type StreamAck, type StreamLine, type StreamTraffic, heartbeatMs } from '../core/stream-protocol.js';
import { createTableDigest } from '../core/table-digest.js';
import { line, updatePieces } from './update-pieces.js';
import type { TableUpdate } from '../route-table/types.js';

type Tell = (report: { instance: string; counts: readonly number[] }) => void;

export interface RemoteEngine {
  /** Resolves with the engine's answer; rejects when the stream ends first or the answer takes too long. */
  apply(update: TableUpdate): Promise<{ applied: true } | { applied: false; reason: string; newerEpoch?: number; refused?: RefusedEntry[] }>;
  /** Asks for the requests of these Ingresses from now on (see stream-protocol); undefined: the engine does not know how. */
  observe?: (className: string, ingresses: readonly string[], tell: Tell) => void;
  /** Takes what the engine has counted; false when nobody has asked for it, or no longer. */
  traffic(report: StreamTraffic): boolean;
  /** Takes an answer that the engine sent; false when nothing like it is waited for. */
  answer(ack: StreamAck): boolean;
  /** It has said something. */
  alive(): void;
  close(): void;
}

interface Waiting {
  epoch: number;
  sequence: number;
  settle: (ack: StreamAck) => void;
  fail: (error: Error) => void;
}

export interface RemoteEngineOptions {
  /** How long an engine may take over one update. */
  answerMs: number;
  /** Whether the engine tells of requests when it is asked. */
  observes: boolean;
  /** How long it may say nothing; undefined: it does not say that it lives. */
  silenceMs: number | undefined;
}

/** `stream` is the response of the engine's request. */
export function createRemoteEngine(stream: Writable, { answerMs, observes, silenceMs }: RemoteEngineOptions): RemoteEngine {
  const digest = createTableDigest();
  let waiting: Waiting | undefined;
  let writing = false;
  const ended = new AbortController();
  const traffic = observeTraffic((content) => { if (!ended.signal.aborted) stream.write(line(content)); });
  const heartbeat = setInterval(() => { if (!writing) stream.write(line({ heartbeat: true })); }, heartbeatMs);
  const end = (why: string): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    clearInterval(heartbeat);
    clearTimeout(silence);
    waiting?.fail(new Error(why));
    waiting = undefined;
    stream.destroy();
  };
  // A host that is gone takes what is sent to it, for a quarter of an hour, as far as the connection knows.
  const silence = silenceMs === undefined ? undefined : setTimeout(end, silenceMs, `silent for ${silenceMs} ms`);
  for (const event of ['close', 'error']) stream.once(event, () => end('the engine is gone'));

  const writeUpdate = async (update: TableUpdate): Promise<void> => {
    const pieces = await updatePieces(update, digest, ended.signal);
    if (pieces !== undefined) await writePieces(stream, pieces, ended.signal);
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
    ...(observes ? { observe: traffic.observe } : {}),
    traffic: traffic.take,
    answer(ack) {
      if (waiting?.epoch !== ack.epoch || waiting.sequence !== ack.sequence) return false;
      waiting.settle(ack);
      return true;
    },
    alive: () => { silence?.refresh(); },
    close: () => end('the stream is closed'),
  };
}

/** The list that the engine was last asked to tell of. Answers to an older one are late. */
function observeTraffic(write: (content: StreamLine) => void): { observe: NonNullable<RemoteEngine['observe']>; take: RemoteEngine['traffic'] } {
  let asked: { number: number; count: number; tell: Tell } = { number: 0, count: 0, tell: () => undefined };
  return {
    observe(_className, ingresses, tell) {
      asked = { number: asked.number + 1, count: ingresses.length, tell };
      write({ observe: [...ingresses], number: asked.number });
    },
    take({ number, instance, counts }) {
      if (number !== asked.number || counts.length !== asked.count) return false;
      asked.tell({ instance, counts });
      return true;
    },
  };
}

/** At the pace at which they are read. */
async function writePieces(stream: Writable, pieces: readonly Buffer[], signal: AbortSignal): Promise<void> {
  for (const piece of pieces) if (!stream.write(piece)) await once(stream, 'drain', { signal });
}
