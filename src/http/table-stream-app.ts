// The controller's side of the table stream: engines ask here for the tables of its classes and answer each update. Whoever
// asks has to show a certificate that names it an engine; the TLS listener has verified it already. There are only so many
// streams of a class: names are the engines' own, and each stream costs memory.

import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { type Streams, answerEngine } from './engine-answers.js';
import { type RemoteEngine, createRemoteEngine } from './remote-engine.js';
import { engineUri, hasUri, silenceMs as usualSilenceMs } from '../core/stream-protocol.js';

/** One class as its engines get it: what src/controller keeps for it. */
export interface TableSource {
  /** Adds an engine and returns what removes it again. */
  attach(engine: string, sink: Pick<RemoteEngine, 'apply' | 'observe' | 'close'>, afterSequence: number): () => void;
  /** 'here', the address of whoever holds the claim, or undefined when nobody is known to. */
  holder(): 'here' | { address: string } | undefined;
}

const ENGINE_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const ANSWER_MS = 60_000;
/** How long an engine that asks before there is a holder is kept waiting, and how often is looked. */
const HOLDER_MS = 1000;
const LOOK_MS = 25;
/** Streams of one class at once. */
export const mostStreams = 1000;

export interface TableStreamOptions {
  /** How long an engine may take over one update, in ms. */
  answerMs?: number;
  /** How long an engine that says that it lives may say nothing, in ms. */
  silenceMs?: number;
  /** Streams of one class at once. */
  most?: number;
  /** Told in words when an engine is turned away because there are so many. */
  onProblem?: (message: string) => void;
}

/** The application; `sources` by class. */
export function tableStreamApp(sources: ReadonlyMap<string, TableSource>, options: TableStreamOptions = {}): RequestListener {
  const streams: Streams = new Map();
  const tables = tablesApp(sources, streams, options);
  const isEngine = engineCertificates();
  return (request, response) => {
    if (!isEngine(request.socket)) response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ error: `the certificate does not name an engine (${engineUri})` }));
    else if (!answerEngine(streams, request, response)) tables(request, response);
  };
}

/** Whether the certificate that was shown on a connection names an engine. It is looked at once: to read it takes longer than most requests. */
function engineCertificates(): (socket: Socket) => boolean {
  const known = new WeakMap<Socket, boolean>();
  return (socket) => {
    const isEngine = known.get(socket) ?? hasUri((socket as TLSSocket).getPeerCertificate().subjectaltname, engineUri);
    known.set(socket, isEngine);
    return isEngine;
  };
}

function tablesApp(sources: ReadonlyMap<string, TableSource>, streams: Streams, { answerMs = ANSWER_MS, silenceMs = usualSilenceMs, most = mostStreams, onProblem = () => undefined }: TableStreamOptions): Express {
  const app = express();
  /** Classes of which it was told that an engine was turned away. */
  const crowded = new Set<string>();
  const tellCrowded = (className: string, engine: string, room: boolean): void => {
    if (room) return void crowded.delete(className);
    if (!crowded.has(className)) onProblem(`class ${className}: engine ${engine} and others are turned away, since ${most} have its table; find out who asks, or share the class by host (--shard)`);
    crowded.add(className);
  };
  const of = (className: string): Map<string, RemoteEngine> => {
    const known = streams.get(className) ?? new Map<string, RemoteEngine>();
    streams.set(className, known);
    return known;
  };
  app.disable('x-powered-by');
  app.get('/v1/classes/:class/table', whenHeld(sources), (request, response) => {
    const source = sources.get(request.params.class);
    const engine = String(request.query['engine'] ?? '');
    if (source === undefined || !ENGINE_NAME.test(engine)) return refuse(response, source === undefined ? 'class' : 'engine');
    const holder = source.holder();
    if (holder === undefined) return void response.status(503).json({ error: 'nobody holds the claim' });
    if (holder !== 'here') return void response.redirect(307, `${holder.address}${request.originalUrl}`);
    const after = Number(request.query['after'] ?? 0);
    if (!Number.isSafeInteger(after) || after < 0) return refuse(response, 'sequence');
    const open = of(request.params.class);
    const room = open.size < most || open.has(engine);
    tellCrowded(request.params.class, engine, room);
    if (!room) return void response.status(503).json({ error: `${most} engines follow this class already` });
    openStream({ source, engine, after, response, streams: open, answerMs, ...abilities(request, silenceMs) });
  });
  app.use((error: Error & { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
    response.status(error.status ?? 500).json({ error: error.message });
  });
  return app;
}

/**
 * Waits a moment for somebody to hold the claim: an engine that is answered 503 asks again ever more rarely, and when all of an
 * installation begins at once, engines come some hundred milliseconds before the claim is taken.
 */
function whenHeld(sources: ReadonlyMap<string, TableSource>) {
  return async ({ params }: Request<{ class: string }>, response: Response, next: NextFunction): Promise<void> => {
    const source = sources.get(params.class);
    for (let waited = 0; waited < HOLDER_MS && source !== undefined && source.holder() === undefined; waited += LOOK_MS) await sleep(LOOK_MS, undefined, { ref: false });
    if (!response.destroyed) next();
  };
}

interface StreamRequest {
  source: TableSource;
  engine: string;
  after: number;
  response: Response;
  /** Those of the class. */
  streams: Map<string, RemoteEngine>;
  answerMs: number;
  observes: boolean;
  silenceMs: number | undefined;
}

function openStream({ source, engine, after, response, streams, ...says }: StreamRequest): void {
  // An engine that asks again has lost the stream that it had.
  streams.get(engine)?.close();
  response.status(200).set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }).flushHeaders();
  const remote = createRemoteEngine(response, says);
  const detach = source.attach(engine, remote, after);
  streams.set(engine, remote);
  response.once('close', () => {
    detach();
    if (streams.get(engine) === remote) streams.delete(engine);
  });
}

/** What an engine says that it does; those of older versions do less. */
function abilities({ query }: Request, silenceMs: number): Pick<StreamRequest, 'observes' | 'silenceMs'> {
  return { observes: query['can'] === 'observe', silenceMs: query['alive'] === 'yes' ? silenceMs : undefined };
}

function refuse(response: Response, what: 'class' | 'engine' | 'sequence'): void {
  response.status(what === 'class' ? 404 : 400).json({ error: `unknown or invalid ${what}` });
}
