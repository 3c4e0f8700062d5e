// One port of one sample pod: a real HTTP server on its own loopback address that tells who it is and what it received.
// It reads bodies only to count them, up to a limit.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { echoWebSocket, sayGoodbye } from './websocket-echo.js';

export interface PodIdentity { pod: string; deployment: string; namespace: string; service?: string }

export interface PodServerOptions {
  address: string;
  port: number;
  /** Asked for on every request: which Service leads here may change while the pod runs. */
  identity: () => PodIdentity;
}

export interface PodServer {
  port: number;
  /** Takes no new connection, lets running requests end, and after `grace` milliseconds cuts what is left. */
  close(grace: number): Promise<void>;
}

const LARGEST_BODY = 16 * 1024 * 1024;

/** Rejects with the system's error (EADDRINUSE, EACCES, …) when the port cannot be had. */
export async function startPodServer(options: PodServerOptions): Promise<PodServer> {
  const upgraded = new Set<Duplex>();
  const server = createServer((request, response) => {
    // A connection that outlives a closing server would hold it up until the grace is over.
    if (!server.listening) response.setHeader('connection', 'close');
    answer(request, response, options).catch(() => response.destroy());
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    echoWebSocket(request, socket, options.identity().pod);
  });
  server.listen({ host: options.address, port: options.port });
  await once(server, 'listening');
  return { port: options.port, close: (grace) => closeServer(server, upgraded, grace) };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: PodServerOptions): Promise<void> {
  const identity = options.identity();
  response.setHeader('X-Pod', identity.pod);
  if (request.url === '/healthz') {
    request.resume();
    response.end('ok\n');
    return;
  }
  const bodyLength = await countBody(request);
  if (bodyLength > LARGEST_BODY) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const about = {
    ...identity, address: `${options.address}:${options.port}`, method: request.method, path: request.url,
    host: request.headers.host ?? '', headers: request.headers, bodyLength,
  };
  const text = `${JSON.stringify(about)}\n`;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** Resolves as soon as the body has ended or is too long; what still comes then is thrown away. */
function countBody(request: IncomingMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LARGEST_BODY) resolve(length);
    });
    request.once('end', () => resolve(length));
    request.once('error', reject);
  });
}

async function closeServer(server: Server, upgraded: Set<Duplex>, grace: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  for (const socket of upgraded) sayGoodbye(socket);
  const cut = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, grace);
  await closed;
  clearTimeout(cut);
}
