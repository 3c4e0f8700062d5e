// Where the API server is and how to talk to it right now: connections and credentials that follow the files they come
// from. When a file is missing or half-written, the last good credentials stay in use and the fault is reported once.
import { statSync } from 'node:fs';
import type https from 'node:https';
import type { Dispatcher } from 'undici';
import type { TlsMaterial } from './api-agent.js';
import { createApiAgent, tlsFingerprint } from './api-agent.js';
import type { Clock } from './clock.js';
import { monotonicClock } from './clock.js';
import type { KubeConfigSource, LoadedKubeConfig } from './kube-config.js';
import { loadKubeConfig } from './kube-config.js';
import { OperationalError } from './operational-error.js';

export interface ApiAccess {
  dispatcher: Dispatcher;
  headers: Record<string, string>;
}

export interface ApiConnection {
  readonly baseUrl: string;
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly namespace: string | undefined;
  /** Connections and headers for one request. */
  access(): Promise<ApiAccess>;
  /** Whether a file of the credentials has changed since they were last read. */
  changed(): boolean;
  /** The server refused these credentials: read everything again before the next request. */
  distrust(): void;
  /** Ends once open requests have. Stop the watches first. */
  close(): Promise<void>;
}

export interface ApiConnectionOptions {
  source: KubeConfigSource;
  clock?: Clock;
  onFault?: (error: OperationalError) => void;
}

/** How long the answer of an exec plugin is used before the client is asked again; the client keeps its own expiry. */
const DYNAMIC_MS = 30_000;

interface Material extends ApiAccess {
  loaded: LoadedKubeConfig;
  tls: string;
  stamp: string;
  readAt: number;
}

/** Fails with `bad-configuration` when there is no usable kubeconfig now; later faults only go to `onFault`. */
export async function connectToApi(options: ApiConnectionOptions): Promise<ApiConnection> {
  const connection = new Connection(options);
  await connection.start();
  return connection;
}

class Connection implements ApiConnection {
  private material!: Material;
  private distrusted = false;
  private refreshing: Promise<void> | undefined;
  private reported = '';
  private readonly clock: Clock;
  private readonly closing = new Set<Promise<void>>();

  constructor(private readonly options: ApiConnectionOptions) {
    this.clock = options.clock ?? monotonicClock;
  }

  get baseUrl(): string { return this.material.loaded.baseUrl; }
  get namespace(): string | undefined { return this.material.loaded.namespace; }

  async start(): Promise<void> {
    this.material = await this.read(loadKubeConfig(this.options.source));
  }

  async access(): Promise<ApiAccess> {
    if (this.distrusted || this.changed() || this.expired()) {
      this.refreshing ??= this.refresh().finally(() => { this.refreshing = undefined; });
      await this.refreshing;
    }
    return this.material;
  }

  changed(): boolean {
    return stampOf(this.material.loaded.files) !== this.material.stamp;
  }

  distrust(): void {
    this.distrusted = true;
  }

  async close(): Promise<void> {
    await Promise.all([this.material.dispatcher.close(), ...this.closing]);
  }

  private expired(): boolean {
    return this.material.loaded.dynamic && this.clock.now() - this.material.readAt >= DYNAMIC_MS;
  }

  private async refresh(): Promise<void> {
    const reload = this.distrusted || this.changed();
    this.distrusted = false;
    try {
      const next = await this.read(reload ? loadKubeConfig(this.options.source) : this.material.loaded);
      if (next.dispatcher !== this.material.dispatcher) this.drain(this.material.dispatcher);
      this.material = next;
      this.reported = '';
    } catch (error) {
      // Not remembered as read: the next request looks again.
      const fault = new OperationalError('bad-configuration', `${(error as Error).message}; the last good credentials stay in use`, { cause: error });
      if (fault.message !== this.reported) this.options.onFault?.(fault);
      this.reported = fault.message;
      this.material.readAt = this.clock.now();
    }
  }

  /** Lets open requests, above all watches, end by themselves. */
  private drain(dispatcher: Dispatcher): void {
    const closed = dispatcher.close().catch(() => undefined).finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }

  private async read(loaded: LoadedKubeConfig): Promise<Material> {
    const stamp = stampOf(loaded.files);
    const options: https.RequestOptions = { headers: {} };
    try {
      await loaded.kubeConfig.applyToHTTPSOptions(options);
      const tls = tlsOf(options, loaded);
      const fingerprint = tlsFingerprint(tls) + loaded.baseUrl;
      const dispatcher = this.material?.tls === fingerprint
        ? this.material.dispatcher
        : createApiAgent(tls, loaded.kubeConfig.getCurrentCluster()?.proxyUrl);
      return { loaded, stamp, tls: fingerprint, readAt: this.clock.now(), headers: headersOf(options), dispatcher };
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      throw new OperationalError('bad-configuration',
        `${loaded.where}: the credentials cannot be used (${(error as Error).message}): check that the files exist and that certificate and key belong together`, { cause: error });
    }
  }
}

function tlsOf(options: https.RequestOptions, loaded: LoadedKubeConfig): TlsMaterial {
  const tls: TlsMaterial = {};
  if (options.ca) tls.ca = options.ca as Buffer;
  if (options.cert) tls.cert = options.cert as Buffer;
  if (options.key) tls.key = options.key as Buffer;
  if (options.servername) tls.servername = options.servername;
  if (loaded.kubeConfig.getCurrentCluster()?.skipTLSVerify) tls.rejectUnauthorized = false;
  return tls;
}

function headersOf(options: https.RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

/** Follows links: a mounted Secret is exchanged by moving one. */
function stampOf(files: string[]): string {
  return files.map((file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat === undefined ? '-' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
  }).join(' ');
}
