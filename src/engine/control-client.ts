// Speaks to the Lua side over nginx's unix socket: one request in, one typed answer out. It never retries: what an answer
// that did not come means is decided by table-writer.ts.

import type { Pool } from 'undici';
import { isRoutesKey } from '../route-table/entry-keys.js';
import { packRoutes } from '../route-table/packed-routes.js';
import type { HostRoutes } from '../route-table/types.js';
import { EngineError, messageFrom } from './engine-error.js';

/** A changed entry: its JSON, or undefined to remove it. */
export type Change = [key: string, json: string | undefined];

export type PushAnswer =
  | { outcome: 'taken'; generation: number; entries: number }
  /** The class is at another generation; nothing changed. */
  | { outcome: 'other-base'; generation: number }
  | { outcome: 'full'; zone: string }
  | { outcome: 'malformed'; line: number }
  /** No answer, or none that can be read: it may have been taken or not. */
  | { outcome: 'unknown'; reason: string };

export interface TableStates {
  /** New with every start of nginx, and with it empty tables. */
  instance: string;
  classes: Map<string, { generation: number; entries: number }>;
}

export interface ControlClient {
  push(className: string, base: number, changes: Change[]): Promise<PushAnswer>;
  /** Throws when nginx does not answer. */
  tables(): Promise<TableStates>;
  /** One line a counter, `<key>\t<value>`; the first one names the instance. Throws when nginx does not answer. */
  counters(): Promise<string>;
  /** Takes counters away for good. Throws when that can't be told. */
  forget(keys: readonly string[]): Promise<void>;
  /** Has nginx ask its clients to go elsewhere after each answer, or not any more. Throws when that can't be told. */
  leave(leaving: boolean): Promise<void>;
  close(): Promise<void>;
}

const ANSWER_MILLISECONDS = 10_000;
/** A full table of 100,000 routes is taken in one to five seconds, by how many requests have their turns meanwhile. */
const PUSH_MILLISECONDS = 60_000;
const PUSH_MILLISECONDS_PER_ENTRY = 0.25;

export function createControlClient(socketPath: string): ControlClient {
  // To read undici takes a tenth of a second, which there is once nginx is on its way.
  let opened: Promise<Pool> | undefined;
  const pool = (): Promise<Pool> => {
    opened ??= import('undici').then(({ Pool: UndiciPool }) => new UndiciPool('http://engine', { socketPath, connections: 8, keepAliveTimeout: 60_000 }));
    return opened;
  };
  const get = async (path: string): Promise<string> => {
    const { statusCode, body } = await (await pool()).request({
      path, method: 'GET', headersTimeout: ANSWER_MILLISECONDS, bodyTimeout: ANSWER_MILLISECONDS,
    });
    const text = await body.text();
    if (statusCode !== 200) throw new EngineError('control-answer', `nginx answered ${statusCode} to GET ${path}`);
    return text;
  };
  return {
    async push(className, base, changes) {
      try {
        const { statusCode, body } = await (await pool()).request({
          path: `/v1/tables/${className}?base=${base}`,
          method: 'POST',
          headers: { 'content-type': 'text/plain' },
          body: renderChanges(changes),
          headersTimeout: PUSH_MILLISECONDS + Math.round(PUSH_MILLISECONDS_PER_ENTRY * changes.length),
          bodyTimeout: ANSWER_MILLISECONDS,
        });
        return pushAnswer(statusCode, await body.text());
      } catch (error) {
        return { outcome: 'unknown', reason: messageFrom(error) };
      }
    },
    tables: async () => tableStates(await get('/v1/tables')),
    counters: () => get('/v1/counters'),
    async forget(keys) {
      const { statusCode, body } = await (await pool()).request({
        path: '/v1/counters/forget', method: 'POST', headers: { 'content-type': 'text/plain' },
        body: keys.map((key) => `${key}\n`).join(''), headersTimeout: ANSWER_MILLISECONDS, bodyTimeout: ANSWER_MILLISECONDS,
      });
      await body.dump();
      if (statusCode !== 200) throw new EngineError('control-answer', `nginx answered ${statusCode} to POST /v1/counters/forget`);
    },
    async leave(leaving) {
      const { statusCode, body } = await (await pool()).request({
        path: '/v1/leaving', method: leaving ? 'PUT' : 'DELETE', headersTimeout: ANSWER_MILLISECONDS, bodyTimeout: ANSWER_MILLISECONDS,
      });
      await body.dump();
      if (statusCode !== 200) throw new EngineError('control-answer', `nginx answered ${statusCode} to ${leaving ? 'PUT' : 'DELETE'} /v1/leaving`);
    },
    close: async () => (await opened)?.destroy(),
  };
}

/** The body of a push. JSON escapes control bytes, and keys have none: the first tab ends the key, and a newline always ends a line. */
export function renderChanges(changes: Change[]): string {
  return changes.map(([key, json]) => (json === undefined ? `-${key}\n` : `+${key}\t${packed(key, json)}\n`)).join('');
}

/** An entry as it lies in nginx's shared memory. */
function packed(key: string, json: string): string {
  return isRoutesKey(key) ? packRoutes(JSON.parse(json) as HostRoutes, JSON.stringify) : json;
}

function pushAnswer(status: number, text: string): PushAnswer {
  const answer = JSON.parse(text) as Record<string, unknown>;
  const { generation, entries } = answer;
  if (status === 200 && Number.isSafeInteger(generation) && Number.isSafeInteger(entries)) {
    return { outcome: 'taken', generation: generation as number, entries: entries as number };
  }
  if (status === 409 && Number.isSafeInteger(generation)) return { outcome: 'other-base', generation: generation as number };
  if (status === 507) return { outcome: 'full', zone: String(answer.zone) };
  if (status === 400) return { outcome: 'malformed', line: Number(answer.line) };
  return { outcome: 'unknown', reason: `nginx answered ${status}` };
}

function tableStates(text: string): TableStates {
  const answer = JSON.parse(text) as { instance?: unknown; classes?: Record<string, { generation: number; entries: number }> };
  if (typeof answer.instance !== 'string' || answer.instance === '') {
    throw new EngineError('control-answer', 'nginx answered GET /v1/tables without an instance');
  }
  return { instance: answer.instance, classes: new Map(Object.entries(answer.classes ?? {})) };
}
