// What engines say beside their streams: answers to updates, that they live, what they have counted. One comes with each change, and by
// way of express it cost a controller more than to decide and send the change (decisions/0021), so these are read here. What is said is
// checked like anything from outside; who says it has been looked at before.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RemoteEngine } from './remote-engine.js';
import { readRefusedEntries, shortReason } from '../core/read-refused-entries.js';
import type { StreamAck, StreamAlive, StreamTraffic } from '../core/stream-protocol.js';

/** Streams that are open, by class, then by engine. */
export type Streams = Map<string, Map<string, RemoteEngine>>;

/** Of an answer: a status, and what is wrong with what was said. */
interface Verdict {
  status: 204 | 400 | 409 | 413 | 500;
  error?: string;
}

interface Answer {
  /** The largest body, in bytes. */
  most: number;
  take(engines: ReadonlyMap<string, RemoteEngine> | undefined, said: unknown): Verdict;
}

const taken = (known: boolean): Verdict => ({ status: known ? 204 : 409 });
const invalid = (what: 'answer' | 'engine'): Verdict => ({ status: 400, error: `unknown or invalid ${what}` });

const answers: Readonly<Record<string, Answer>> = {
  acks: {
    // As many entries and places as one may name.
    most: 2 * 1024 * 1024,
    take(engines, said) {
      const ack = readAck(said);
      return ack === undefined ? invalid('answer') : taken(engines?.get(ack.engine)?.answer(ack) ?? false);
    },
  },
  alive: {
    most: 1024,
    take(engines, said) {
      const { engine } = (said ?? {}) as Partial<StreamAlive>;
      if (typeof engine !== 'string') return invalid('engine');
      const known = engines?.get(engine);
      known?.alive();
      return taken(known !== undefined);
    },
  },
  traffic: {
    most: 256 * 1024,
    take(engines, said) {
      return isTraffic(said) ? taken(engines?.get(said.engine)?.traffic(said) ?? false) : invalid('answer');
    },
  },
};

const PATH = /^\/v1\/classes\/([^/?]+)\/(acks|alive|traffic)$/;

/** Answers a request if it is one of an engine about its stream. False: it is something else, and nothing has happened. */
export function answerEngine(streams: Streams, request: IncomingMessage, response: ServerResponse): boolean {
  const [, className, what] = (request.method === 'POST' && PATH.exec(request.url ?? '')) || [];
  if (what === undefined) return false;
  const { most, take } = answers[what]!;
  const end = ({ status, error }: Verdict): void => {
    if (error === undefined) response.writeHead(status).end();
    else response.writeHead(status, { 'content-type': 'application/json', ...(status === 413 && { connection: 'close' }) }).end(JSON.stringify({ error }));
  };
  let pieces: Buffer[] = [];
  let size = 0;
  request.on('data', (piece: Buffer) => {
    const before = size;
    size += piece.length;
    if (size <= most) return void pieces.push(piece);
    pieces = [];
    if (before <= most) end({ status: 413, error: `more than ${most} bytes` });
  });
  // Who goes away in between has said nothing.
  request.on('error', () => undefined);
  request.on('end', () => { if (size <= most) end(safely(() => take(streams.get(className!), parse(Buffer.concat(pieces))))); });
  return true;
}

/** A bug of ours that is met here ends no process: nobody else would catch it. */
function safely(take: () => Verdict): Verdict {
  try {
    return take();
  } catch (error) {
    return { status: 500, error: (error as Error).message };
  }
}

/** Undefined for what is no JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function readAck(body: unknown): StreamAck | undefined {
  if (typeof body !== 'object' || body === null || !isAck(body)) return undefined;
  const { engine, epoch, sequence, applied, reason, newerEpoch } = body;
  const refused = body.refused === undefined ? undefined : readRefusedEntries(body.refused);
  if (body.refused !== undefined && refused === undefined) return undefined;
  return {
    engine, epoch, sequence, applied, ...(reason === undefined ? {} : { reason: shortReason(reason) }),
    ...(refused === undefined ? {} : { refused }), ...(newerEpoch === undefined ? {} : { newerEpoch }),
  };
}

function isAck(ack: Partial<StreamAck>): ack is StreamAck {
  return typeof ack.engine === 'string' && Number.isSafeInteger(ack.epoch) &&
    Number.isSafeInteger(ack.sequence) && typeof ack.applied === 'boolean' && (ack.reason === undefined || typeof ack.reason === 'string') &&
    (ack.newerEpoch === undefined || Number.isSafeInteger(ack.newerEpoch));
}

function isTraffic(body: unknown): body is StreamTraffic {
  const report = (body ?? {}) as Partial<StreamTraffic>;
  return typeof report.engine === 'string' && Number.isSafeInteger(report.number) && typeof report.instance === 'string' &&
    report.instance.length <= 100 && Array.isArray(report.counts) && report.counts.every((count) => Number.isSafeInteger(count) && count >= 0);
}
