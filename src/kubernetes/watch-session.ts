// One open watch, from the request to its end. It turns each line into an event that is known to be whole and of the
// right kind, and ends a connection on which nothing arrives any more. What the events mean is for the list-watch.
import type { Clock } from './clock.js';
import type { KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import { isStoredObject } from './kube-object.js';
import { statusFrom } from './kube-request.js';
import { OperationalError, codeOfStatus } from './operational-error.js';
import type { Selection } from './resource-path.js';
import { isResourceVersion } from './resource-version.js';
import type { WatchEvent } from './watch-stream.js';
import { readWatchEvents } from './watch-stream.js';

/** Bookmarks come about every minute, so a minute and a half of silence is a dead connection. */
export const IDLE_MS = 90_000;
const SHORTEST_S = 240;
const LONGEST_S = 480;
/** KEP-3157: the annotation on the bookmark after the last initial event. */
const INITIAL_END = 'k8s.io/initial-events-end';

export type ObjectEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject; version: string }
  /** `initialEnd`: with it, everything that existed when the watch began has been sent. */
  | { type: 'BOOKMARK'; version: string; initialEnd: boolean };

export interface WatchSessionOptions {
  api: Pick<KubeApi, 'watch'>;
  selection: Selection;
  clock: Clock;
  random: () => number;
  resourceVersion: string;
  /** What exists comes first, at least as new as `resourceVersion`, which may be ''. */
  initialEvents?: boolean;
  signal: AbortSignal;
  onOpen: () => void;
  /** Nothing more is read from the stream until a promise that it returns is settled; a rejection ends the watch. */
  onEvent: (event: ObjectEvent) => Promise<void> | undefined;
}

/** Resolves when the server ended the watch, rejects for every other end. */
export async function runWatchSession(options: WatchSessionOptions): Promise<void> {
  const { api, selection, clock, random, resourceVersion, initialEvents = false, signal } = options;
  const session = new AbortController();
  const end = (): void => session.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const timeoutSeconds = SHORTEST_S + Math.floor(random() * (LONGEST_S - SHORTEST_S + 1));
  const watchdog = startWatchdog(clock, () => session.abort(new OperationalError('timeout',
    `watch of ${selection.resource.plural}: nothing came for ${IDLE_MS / 1000} s`)));
  try {
    const body = await api.watch({ ...selection, resourceVersion, timeoutSeconds, ...(initialEvents ? { initialEvents } : {}) }, { signal: session.signal });
    watchdog.feed();
    options.onOpen();
    for await (const event of readWatchEvents(body)) {
      if (session.signal.aborted) break;
      const typed = objectEvent(event, selection);
      watchdog.feed();
      const waiting = options.onEvent(typed);
      if (waiting === undefined) continue;
      await waiting;
      watchdog.feed();
    }
    session.signal.throwIfAborted();
  } catch (error) {
    throw OperationalError.from(session.signal.aborted ? session.signal.reason : error, `watch of ${selection.resource.plural}`);
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', end);
    session.abort();
  }
}

function objectEvent({ type, object }: WatchEvent, selection: Selection): ObjectEvent {
  const { resource, namespace } = selection;
  if (type === 'ERROR') throw inStreamError(object, resource.plural);
  const { kind, metadata } = object as Partial<KubeObject>;
  const version = metadata?.resourceVersion;
  if (kind !== resource.kind || !isResourceVersion(version)) throw notAnEvent(resource.plural, type);
  if (type === 'BOOKMARK') return { type, version, initialEnd: metadata?.annotations?.[INITIAL_END] === 'true' };
  if (!isStoredObject(object) || (namespace !== undefined && object.metadata.namespace !== namespace)) throw notAnEvent(resource.plural, type);
  return { type, object, version };
}

function notAnEvent(plural: string, type: string): OperationalError {
  return new OperationalError('bad-answer', `watch of ${plural}: a ${type} event without a whole object of its kind`);
}

function inStreamError(object: unknown, plural: string): OperationalError {
  const status = statusFrom(object);
  const expired = status.code === 410 || status.reason === 'Expired' || status.reason === 'Gone';
  const code = expired ? 'gone' : codeOfStatus(status.code ?? 500);
  return new OperationalError(code, `watch of ${plural}: ${status.message ?? 'ended with an error that says nothing'}`);
}

/** Looks at the last sign of life when its timer fires instead of moving the timer for every event. */
function startWatchdog(clock: Clock, bite: () => void): { feed: () => void; stop: () => void } {
  let fedAt = clock.now();
  const look = (): void => {
    const left = fedAt + IDLE_MS - clock.now();
    if (left <= 0) bite();
    else timer = clock.setTimeout(look, left);
  };
  let timer = clock.setTimeout(look, IDLE_MS);
  return { feed: () => { fedAt = clock.now(); }, stop: () => clock.clearTimeout(timer) };
}
