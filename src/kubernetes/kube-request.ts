// One request to the API server and what came back, as JSON or as an OperationalError. Every call has a deadline of its
// own; a refused credential is read again and tried twice more; nothing else is repeated here.
import type { Dispatcher } from 'undici';
import type { ApiConnection } from './api-connection.js';
import type { Clock } from './clock.js';
import { sleepUnless } from './clock.js';
import { fenceRequest } from './fence-request.js';
import { OperationalError, codeOfStatus } from './operational-error.js';

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  contentType?: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** Asked when the request is about to be sent; when it says no, the request fails with `aborted`. */
  permit?: () => boolean;
}

export interface RequestContext {
  connection: ApiConnection;
  clock: Clock;
}

type Answer = Dispatcher.ResponseData;

const UNAUTHORIZED_WAITS_MS = [1000, 5000];
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_STATUS_BYTES = 64 * 1024;

/** The parsed body. The deadline covers everything, also the repeats after a 401. */
export async function requestJson(context: RequestContext, request: ApiRequest): Promise<Record<string, unknown>> {
  return withDeadline(context.clock, request, async (signal) => {
    const text = await readText((await send(context, request, signal)).body, MAX_ANSWER_BYTES);
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new OperationalError('bad-answer', `${nameOf(request)}: the answer is not a JSON object`);
  });
}

/** The body as it comes. The deadline covers the time to the headers only; the signal ends the stream. */
export async function requestStream(context: RequestContext, request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
  const answer = await withDeadline(context.clock, request, (signal) => send(context, request, signal));
  const end = (): void => { answer.body.destroy(request.signal?.reason as Error); };
  if (request.signal?.aborted) end();
  request.signal?.addEventListener('abort', end, { once: true });
  return answer.body;
}

async function withDeadline<T>(clock: Clock, request: ApiRequest, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const what = nameOf(request);
  const controller = new AbortController();
  const abort = (): void => controller.abort(new OperationalError('aborted', `${what}: given up by the caller`));
  if (request.signal?.aborted) abort();
  request.signal?.addEventListener('abort', abort, { once: true });
  const timer = clock.setTimeout(
    () => controller.abort(new OperationalError('timeout', `${what}: no answer within ${request.timeoutMs} ms`)), request.timeoutMs);
  try {
    return await run(controller.signal);
  } catch (error) {
    throw OperationalError.from(controller.signal.aborted ? controller.signal.reason : error, what);
  } finally {
    clock.clearTimeout(timer);
    request.signal?.removeEventListener('abort', abort);
  }
}

async function send(context: RequestContext, request: ApiRequest, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await sendOnce(context, request, signal);
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const failure = await failureOf(answer, nameOf(request));
    const wait = UNAUTHORIZED_WAITS_MS[attempt];
    if (failure.code !== 'unauthorized' || wait === undefined) throw failure;
    context.connection.distrust();
    await sleepUnless(context.clock, wait, () => context.connection.changed(), signal);
    // Out of time while waiting for better credentials: the refusal is the news, not the clock.
    if (signal.aborted) throw failure;
  }
}

async function sendOnce(context: RequestContext, request: ApiRequest, signal: AbortSignal): Promise<Answer> {
  const { dispatcher: plain, headers } = await unlessAborted(context.connection.access(), signal);
  const url = new URL(context.connection.baseUrl);
  const sent: Record<string, string> = { ...headers, accept: 'application/json', 'user-agent': 'ingress-arbiter' };
  if (request.body !== undefined) sent['content-type'] = request.contentType ?? 'application/json';
  const dispatcher = request.permit === undefined ? plain : fenceRequest(plain, request.permit, nameOf(request));
  return dispatcher.request({
    origin: url.origin, path: url.pathname.replace(/\/$/, '') + request.path, method: request.method, headers: sent,
    body: request.body === undefined ? null : JSON.stringify(request.body), signal,
  });
}

/** A credential plugin that hangs must not hang the request. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function failureOf(answer: Answer, what: string): Promise<OperationalError> {
  const status = answer.statusCode;
  const text = await readText(answer.body, MAX_STATUS_BYTES).catch(() => '');
  const said = statusFrom(text);
  const message = said.message ?? `HTTP ${status}`;
  return new OperationalError(codeOfStatus(status), `${what}: ${message}`, {
    status,
    ...(said.reason === undefined ? {} : { reason: said.reason }),
    ...retryAfterFrom(answer.headers['retry-after']),
  });
}

/** What a Status object says; nothing when the body is not one. */
export function statusFrom(body: unknown): { message?: string; reason?: string; code?: number } {
  let status = body as { kind?: unknown; message?: unknown; reason?: unknown; code?: unknown; details?: unknown } | null;
  try {
    if (typeof body === 'string') status = JSON.parse(body);
  } catch {
    return {};
  }
  if (status?.kind !== 'Status') return {};
  const causes = (status.details as { causes?: { reason?: unknown }[] } | undefined)?.causes;
  const tooLarge = Array.isArray(causes) && causes.some((cause) => cause?.reason === 'ResourceVersionTooLarge');
  return {
    ...(typeof status.message === 'string' && status.message !== '' ? { message: status.message.slice(0, 1000) } : {}),
    ...(typeof status.reason === 'string' ? { reason: tooLarge ? 'ResourceVersionTooLarge' : status.reason } : {}),
    ...(typeof status.code === 'number' ? { code: status.code } : {}),
  };
}

function retryAfterFrom(header: string | string[] | undefined): { retryAfterMs?: number } {
  // Kubernetes sends seconds, never a date.
  if (typeof header !== 'string' || !/^[0-9]{1,6}$/.test(header)) return {};
  return { retryAfterMs: Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS) };
}

async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new OperationalError('bad-answer', `the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function nameOf(request: ApiRequest): string {
  return `${request.method} ${request.path.split('?')[0]}`;
}
