// Keeps the engine at the stream of one class: finds the holder among the addresses, takes its updates one by one, answers
// each, and begins anew whenever the stream ends, is silent, or says something that can't be. What is served stays served.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { type StreamAck, type StreamAlive, type StreamTraffic, heartbeatMs, silenceMs as usualSilenceMs } from '../core/stream-protocol.js';
import type { TableUpdate } from '../route-table/types.js';
import type { ApplyResult } from './class-writer.js';
import { messageFrom } from './engine-error.js';
import type { Log } from './nginx-process.js';
import { type UpdateStreamOptions, readUpdateStream } from './read-update-stream.js';
import type { ObservedTraffic } from './observed-traffic.js';
import type { PeerConnections } from './tls-files.js';

export interface SubscriptionOptions {
  class: string;
  /** Name of this engine: unique among all of the installation. */
  engine: string;
  /** Base addresses of controllers (https://host:port); asked in turn until one holds the claim. */
  addresses: readonly string[];
  connections: PeerConnections;
  apply: (update: TableUpdate) => Promise<ApplyResult>;
  /** Left out: the engine does not say that it can tell of requests. */
  observe?: ObservedTraffic['observe'];
  /** Sequence of the last update that was taken; 0 before the first. */
  taken: () => number;
  /** Of the engine's settings as they are now: what a class may come to, with some room. */
  most: () => UpdateStreamOptions['most'];
  /** How long a controller may say nothing, in ms. */
  silenceMs?: number;
  log: Log;
}

export interface Subscription {
  /** Whether a holder is at the other end now. */
  connected(): boolean;
  stop(): Promise<void>;
}

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 5000;
const ANSWER_MS = 10_000;

export function subscribeTables(options: SubscriptionOptions): Subscription {
  const halt = new AbortController();
  const state = { connected: false };
  const running = run(options, halt.signal, state);
  return {
    connected: () => state.connected,
    async stop() {
      halt.abort();
      await running;
    },
  };
}

async function run(options: SubscriptionOptions, halt: AbortSignal, state: { connected: boolean }): Promise<void> {
  let pause = FIRST_PAUSE;
  let told = '';
  for (let turn = 0; !halt.aborted; turn++) {
    const address = options.addresses[turn % options.addresses.length]!;
    try {
      await follow(options, address, halt, {
        onOpen() {
          told = '';
          if (!state.connected) options.log('info', `class ${options.class}: follows ${address}`);
          state.connected = true;
        },
        // Who opens streams and brings nothing that can be taken is asked ever more rarely.
        onTaken() { pause = FIRST_PAUSE; },
      });
    } catch (error) {
      const message = `class ${options.class}: ${address}: ${messageFrom(error)}`;
      if (!halt.aborted && told !== message) options.log('warn', message);
      told = message;
    }
    state.connected = false;
    // All addresses are asked before it waits: the holder may be the last one.
    if (turn % options.addresses.length === options.addresses.length - 1) {
      await sleep(pause * (0.5 + Math.random()), undefined, { signal: halt }).catch(() => undefined);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }
}

/** One stream from its opening to its end, which is always an error. */
async function follow(options: SubscriptionOptions, address: string, halt: AbortSignal, { onOpen, onTaken }: { onOpen: () => void; onTaken: () => void }): Promise<void> {
  const silence = new AbortController();
  const { alive, deaf, end } = listenForLife(silence, options.silenceMs ?? usualSilenceMs);
  let beat: NodeJS.Timeout | undefined;
  try {
    const dispatcher = options.connections.dispatcher();
    const path = `/v1/classes/${options.class}/table?engine=${encodeURIComponent(options.engine)}&after=${options.taken()}&alive=yes${options.observe === undefined ? '' : '&can=observe'}`;
    const signal = AbortSignal.any([halt, silence.signal]);
    let base = address;
    let answer = await request(base + path, { dispatcher, signal });
    if (answer.statusCode === 307) {
      base = new URL(String(answer.headers['location'])).origin;
      await answer.body.dump();
      answer = await request(base + path, { dispatcher, signal });
    }
    if (answer.statusCode !== 200) throw new Error(`answers ${answer.statusCode}: ${(await answer.body.text()).slice(0, 200)}`);
    onOpen();
    // By a clock of its own, for an update may take its time.
    beat = setInterval(() => void tell(options, `${base}/v1/classes/${options.class}/alive`, { engine: options.engine } satisfies StreamAlive), heartbeatMs);
    const onObserve = (ingresses: readonly string[], number: number): void => observe(options, { base, ingresses, number });
    for await (const { update, tooLarge } of readUpdateStream(answer.body, { onLine: alive, onObserve, most: options.most() })) {
      deaf();
      const result = tooLarge ? { applied: false as const, reason: 'budget: the update is larger than a class may be' } : await options.apply(update);
      await acknowledge(options, base, update, result);
      if (result.applied) onTaken();
      // Whoever holds the claim now may be at another address; this one comes to know of it by the answer.
      if ('newerEpoch' in result) throw new Error(`is over: it is at epoch ${update.epoch}, the class is at ${result.newerEpoch}`);
      alive();
    }
    throw new Error('the stream has ended');
  } finally {
    options.observe?.(options.class, [], () => undefined);
    end();
    clearInterval(beat);
  }
}

/** Aborts when nothing is heard for too long. */
function listenForLife(silence: AbortController, silenceMs: number): { alive(): void; /** What comes is not looked at until `alive` is called again. */ deaf(): void; end(): void } {
  let isDeaf = false;
  let heard: NodeJS.Timeout | undefined;
  const first = setTimeout(() => silence.abort(), ANSWER_MS);
  const begin = (): NodeJS.Timeout => {
    clearTimeout(first);
    return setTimeout(() => {
      if (isDeaf) heard!.refresh();
      else silence.abort(new Error(`silent for ${silenceMs} ms`));
    }, silenceMs);
  };
  return {
    alive() {
      isDeaf = false;
      if (heard === undefined) heard = begin();
      else heard.refresh();
    },
    deaf() { isDeaf = true; },
    end() {
      clearTimeout(first);
      clearTimeout(heard);
    },
  };
}

/** One comes with each change: whether there are new certificates is looked at when the engine says that it lives, every few seconds. */
async function acknowledge(options: SubscriptionOptions, base: string, { epoch, sequence }: TableUpdate, result: ApplyResult): Promise<void> {
  const ack: StreamAck = { engine: options.engine, epoch, sequence, ...result };
  const { statusCode, body } = await post(options.connections.latest(), `${base}/v1/classes/${options.class}/acks`, ack);
  await body.dump();
  if (statusCode !== 204) throw new Error(`does not take the answer to update ${sequence} (${statusCode})`);
}

/** Tells of requests while the stream lasts. What could not be sent is told again a moment later. */
function observe(options: SubscriptionOptions, { base, ingresses, number }: { base: string; ingresses: readonly string[]; number: number }): void {
  options.observe?.(options.class, ingresses, (counts) => {
    void tell(options, `${base}/v1/classes/${options.class}/traffic`, { engine: options.engine, number, ...counts } satisfies StreamTraffic);
  });
}

/** Says something that is said again soon: what becomes of it is nobody's business. Never rejects. */
async function tell({ connections }: SubscriptionOptions, url: string, what: object): Promise<void> {
  await post(connections.dispatcher(), url, what).then(({ body }) => body.dump()).catch(() => undefined);
}

function post(dispatcher: Dispatcher, url: string, what: object): ReturnType<typeof request> {
  return request(url, {
    method: 'POST', dispatcher, headers: { 'content-type': 'application/json' },
    body: JSON.stringify(what), headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS,
  });
}
