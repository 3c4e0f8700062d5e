// A dev cluster and an undici client for it: requests with their answers, watches as streams of events.
import { Agent, request } from 'undici';
import { startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { ApiServer, ApiServerOptions } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';

export interface Answer {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  // Answers are looked into deeply and freely: that is what the tests are about.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface Ask { body?: unknown; type?: string; token?: string; headers?: Record<string, string> }

export interface WatchEvent { type: string; object: KubeObject & { code?: number; reason?: string } }

export interface OpenWatch {
  /** The next event; rejects when none comes in time or the stream ended. */
  next(): Promise<WatchEvent>;
  /** Resolves with the events not yet taken, once the server has ended the stream. */
  rest(): Promise<WatchEvent[]>;
  stop(): Promise<void>;
  /** Whether the stream broke off instead of ending. */
  broke(): boolean;
}

export interface ApiSession {
  server: ApiServer;
  ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, more?: Ask): Promise<Answer>;
  watch(path: string, headers?: Record<string, string>): Promise<OpenWatch>;
  close(): Promise<void>;
}

const PATIENCE_MS = 4000;

export async function startApiSession(options: ApiServerOptions = {}): Promise<ApiSession> {
  const server = await startApiServer(options);
  const dispatcher = new Agent({ connect: { ca: server.caPem }, bodyTimeout: 0 });
  const headersFor = (token = server.token): Record<string, string> => (token === '' ? {} : { authorization: `Bearer ${token}` });
  return {
    server,
    async ask(method, path, { body, type = 'application/json', token, headers } = {}) {
      const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await request(server.url + path, {
        method, dispatcher, body: text, headers: { ...headersFor(token), ...(text === null ? {} : { 'content-type': type }), ...headers },
      });
      const raw = await answer.body.text();
      return { code: answer.statusCode, headers: answer.headers, body: /^[{[]/.test(raw) ? JSON.parse(raw) : raw };
    },
    watch: (path, headers) => openWatch(async (signal) => {
      const answer = await request(server.url + path, { dispatcher, headers: { ...headersFor(), ...headers }, signal });
      return answer.body;
    }),
    async close() {
      await server.close();
      await dispatcher.destroy();
    },
  };
}

async function openWatch(open: (signal: AbortSignal) => Promise<AsyncIterable<Buffer>>): Promise<OpenWatch> {
  const abort = new AbortController();
  const events: WatchEvent[] = [];
  let wake = (): void => undefined;
  let over = false;
  let broken = false;
  const body = await open(abort.signal);
  const reading = (async () => {
    let text = '';
    try {
      for await (const chunk of body) {
        const lines = (text + chunk.toString()).split('\n');
        text = lines.pop()!;
        events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
        wake();
      }
    } catch { // aborted by stop, or cut off by the server
      broken = true;
    }
    over = true;
    wake();
  })();
  return {
    async next() {
      const deadline = Date.now() + PATIENCE_MS;
      while (events.length === 0) {
        if (over) throw new Error('the watch has ended');
        if (Date.now() > deadline) throw new Error('no event came');
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, 100);
          wake = () => { clearTimeout(late); resolve(); };
        });
      }
      return events.shift()!;
    },
    async rest() {
      await reading;
      return events.splice(0);
    },
    async stop() {
      abort.abort();
      await reading;
    },
    broke: () => broken,
  };
}

export const INGRESSES = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';
export const CLASSES = '/apis/networking.k8s.io/v1/ingressclasses';

/** A small valid Ingress; `spec` fields replace or add. */
export function ingress(name: string, spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): KubeObject {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rules = [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  return { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, ...metadata }, spec: { rules, ...spec } };
}

export const configMap = (name: string, data: Record<string, string> = {}, metadata: Record<string, unknown> = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data });
