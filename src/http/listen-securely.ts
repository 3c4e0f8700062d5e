// A listener for mutual TLS: only certificates of the given authority get in. The files are read again when they change,
// for new connections; open ones go on.

import { readFileSync, watchFile, unwatchFile } from 'node:fs';
import { type ServerOptions, createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Listening } from './listen.js';

export interface TlsListenerFiles {
  certificate: string;
  key: string;
  /** Certificates of the authority whose certificates get in; undefined: everybody does. */
  authority?: string;
}

const CHECK_MS = 2000;
/** Whoever has shown no certificate by then is sent away. */
const HANDSHAKE_MS = 10_000;
/** Connections at once; what is more is closed at once. Descriptors are needed for the cluster too. */
const MOST_CONNECTIONS = 4000;

export interface SecureListenOptions {
  host: string;
  port: number;
  files: TlsListenerFiles;
  /** How long a request may take to arrive; streams, which have no end, leave it out. */
  requestSeconds?: number;
  /** Told when changed files can't be used; the old ones stay in use. */
  onProblem: (message: string) => void;
}

/** Listens on `host`:`port` (0: any free port). Rejects when the port is in use or the files can't be read. */
export async function listenSecurely(app: RequestListener, { host, port, files, requestSeconds, onProblem }: SecureListenOptions): Promise<Listening> {
  const server = createServer({ ...read(files), ...(files.authority === undefined ? {} : { requestCert: true, rejectUnauthorized: true }), minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS, ...(requestSeconds === undefined ? {} : { connectionsCheckingInterval: 500 }) }, app);
  // Streams are quiet for long and are ended by whoever reads them.
  server.requestTimeout = (requestSeconds ?? 0) * 1000;
  if (requestSeconds !== undefined) server.headersTimeout = requestSeconds * 1000;
  server.keepAliveTimeout = 60_000;
  server.maxConnections = MOST_CONNECTIONS;
  // Also those that are still in their handshake, which the server itself forgets to end.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`${host}:${port} is in use; end what listens there or choose another port`) : error);
    });
    server.listen(port, host, resolve);
  });
  const reload = (): void => {
    try {
      server.setSecureContext(read(files));
    } catch (error) {
      onProblem(`TLS files of ${host}:${port}: ${(error as Error).message}; the old ones stay in use`);
    }
  };
  const watched = Object.values(files) as string[];
  for (const file of watched) watchFile(file, { interval: CHECK_MS, persistent: false }, reload);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((closed) => {
      for (const file of watched) unwatchFile(file, reload);
      server.close(() => closed());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

function read({ certificate, key, authority }: TlsListenerFiles): ServerOptions {
  return { cert: readFileSync(certificate), key: readFileSync(key), ...(authority === undefined ? {} : { ca: readFileSync(authority) }) };
}
