// Starts the embedded Kubernetes-compatible API server on 127.0.0.1 and ends it. It knows nothing of who uses it.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createApiApplication } from './api-application.js';
import type { ReachService } from './call-webhooks.js';
import { createServerIdentity } from './certificates.js';
import { ObjectRemover } from './delete-objects.js';
import { KindRules } from './kind-rules.js';
import { renderKubeconfig } from './kubeconfig.js';
import type { KubeObject } from './resources.js';
import { resourceTypes } from './resources.js';
import type { RbacKind } from './rbac.js';
import { rbacAuthorizer } from './rbac.js';
import { ObjectStore } from './object-store.js';
import { ObjectWriter } from './object-writer.js';
import type { SeedStore } from './seed-objects.js';
import { createSeedStore } from './seed-objects.js';
import type { AccessRequest, RequestRecord, ServerContext } from './server-context.js';

export type { AccessRequest, RequestRecord } from './server-context.js';
export type { SeedStore } from './seed-objects.js';

export interface ApiServerOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Takes loopback addresses in EndpointSlices, which a real API server refuses: for sample workloads on this machine only. */
  allowLoopbackEndpoints?: boolean;
  /** Recent changes kept of each kind: what a watch can resume from. */
  watchWindow?: number;
  bookmarkIntervalMs?: number;
  /** Bytes that may wait for a slow watcher before it is cut off. */
  watchBufferBytes?: number;
  /** Decides by the roles and bindings that the cluster has; only kubernetes-admin may do everything. */
  rbac?: boolean;
  /** Asked before every request for an object or a list; `false` answers 403. Without it, and without rbac, everything is allowed. */
  authorize?: (request: AccessRequest) => boolean;
  /** Where Services of webhooks can be reached; without it none can. */
  reachService?: ReachService;
  /** Told of every such request, when it is decided. */
  onRequest?: (record: RequestRecord) => void;
  /** The token of the user `kubernetes-admin`; a random one by default. */
  token?: string;
}

export interface ApiServer {
  url: string;
  caPem: string;
  token: string;
  port: number;
  /** Text of a kubeconfig; `addUser` gives tokens for others than kubernetes-admin. */
  kubeconfig(as?: { user: string; token: string; namespace?: string }): string;
  /** Another known user; returns its token. */
  addUser(user: string): string;
  store: SeedStore;
  close(): Promise<void>;
}

export const ADMIN = 'kubernetes-admin';

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const token = options.token ?? newToken();
  const context = createContext(options, token);
  const store = createSeedStore(context);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const identity = await createServerIdentity();
  const server = createServer({ key: identity.keyPem, cert: identity.certPem }, createApiApplication(context));
  // Watches are quiet for long, and clients keep connections for the next request.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  const sockets = trackSockets(server);
  const port = await listen(server, options.port ?? 0);
  const url = `https://127.0.0.1:${port}`;
  return {
    url, caPem: identity.caPem, token, port, store,
    kubeconfig: (as = { user: ADMIN, token }) => renderKubeconfig({ url, caPem: identity.caPem, ...as }),
    addUser: (user) => {
      const added = newToken();
      context.tokens.set(added, user);
      return added;
    },
    close: () => close(server, context, sockets),
  };
}

const newToken = (): string => randomBytes(24).toString('base64url');

function createContext(options: ApiServerOptions, token: string): ServerContext {
  const store = new ObjectStore(options.watchWindow ?? 1000);
  const rules = new KindRules(store, { allowLoopbackEndpoints: options.allowLoopbackEndpoints ?? false });
  const writer = new ObjectWriter(store, rules);
  return {
    store, rules, writer,
    remover: new ObjectRemover(store, writer, rules),
    limits: { bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000, bufferBytes: options.watchBufferBytes ?? 16 * 1024 * 1024 },
    tokens: new Map([[token, ADMIN]]),
    watches: new Set(),
    authorize: authorizerOf(options, store),
    onRequest: options.onRequest ?? (() => undefined),
    reachService: options.reachService,
  };
}

function authorizerOf({ rbac, authorize }: ApiServerOptions, store: ObjectStore): ServerContext['authorize'] {
  const byRoles = rbac === true ? rbacAuthorizer((kind) => objectsOf(store, kind)) : () => true;
  return (request) => byRoles(request) && (authorize === undefined || authorize(request));
}

function objectsOf(store: ObjectStore, kind: RbacKind): KubeObject[] {
  const stored = store.list(resourceTypes.find((type) => type.kind === kind)!);
  return stored.keys.map((key) => stored.at(key)!);
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is in use by another program; stop it or choose another port' : `cannot be opened: ${error.message}`;
      reject(new Error(`dev cluster: port ${port} of 127.0.0.1 ${why}`, { cause: error }));
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** What a watch's reader gets to take the end of its stream. */
const GOODBYE_MS = 50;

/** Ends watches in the ordinary way first; what then still holds a connection is cut. */
function close(server: Server, context: ServerContext, sockets: ReadonlySet<Socket>): Promise<void> {
  const patience = context.watches.size > 0 ? GOODBYE_MS : 0;
  for (const watch of [...context.watches]) watch.end();
  return new Promise((resolve) => {
    server.close(() => resolve());
    setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, patience);
  });
}
