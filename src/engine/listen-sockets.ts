// Holds the sockets of the listeners for every nginx that the agent starts: the next one takes requests over from the one
// before without a moment in which nobody listens. It never accepts a connection. What it can't open is left to nginx, which
// says why it can't either. Where TLS connections come in through the agent (tls-front.ts), nginx's socket for them is a unix one.

import { rmSync } from 'node:fs';
import net, { isIPv6 } from 'node:net';
import { frontSocket } from './front-socket.js';
import type { ListenerSettings } from './settings.js';

/** A bound socket of libuv that nobody listens on yet. */
interface BoundSocket {
  readonly fd: number;
  /** Fills in where it is bound; needed because libuv tells of a port in use later than at once. */
  getsockname?(into: { port?: number }): number;
  close(): void;
}

/** Node's way to bind without accepting, which its cluster module uses; a number is an error's. No public way does that. */
type Bind = (...binding: [address: string, port: number, family: 4 | 6, fd: undefined, flags: number] | [path: string, port: -1, family: -1]) => BoundSocket | number;
const bind = (net as unknown as { _createServerHandle?: Bind })._createServerHandle;

/** As nginx does by itself: an IPv6 socket is for IPv6 only. */
const IPV6_ONLY = 1;

export class ListenSockets {
  private readonly sockets = new Map<string, BoundSocket>();

  constructor(private readonly workDirectory: string) {}

  /** Opens what is not open yet of these listeners; returns the descriptors of all that it could open, also of others. */
  open(listeners: readonly ListenerSettings[]): number[] {
    for (const [key, bindIt] of this.endpoints(listeners)) {
      if (this.sockets.has(key)) continue;
      const socket = bindIt();
      if (socket !== undefined) this.sockets.set(key, socket);
    }
    return [...this.sockets.values()].map(({ fd }) => fd);
  }

  /** Addresses of these listeners that it does not hold. */
  missing(listeners: readonly ListenerSettings[]): string[] {
    return this.endpoints(listeners).filter(([key]) => !this.sockets.has(key)).map(([key]) => key);
  }

  /** Closes what is no listener's any more; without any, everything. */
  keepOnly(listeners: readonly ListenerSettings[]): void {
    const kept = new Set(this.endpoints(listeners).map(([key]) => key));
    for (const [key, socket] of this.sockets) {
      if (kept.has(key)) continue;
      socket.close();
      this.sockets.delete(key);
    }
  }

  private endpoints(listeners: readonly ListenerSettings[]): [key: string, bindIt: () => BoundSocket | undefined][] {
    return listeners.flatMap(({ address, httpPort, httpsPort, sslPassthrough }) => {
      const tcp = (port: number): [string, () => BoundSocket | undefined] => [`${address} port ${port}`, () => bindTo(address, port)];
      const path = frontSocket(this.workDirectory, httpsPort);
      return [tcp(httpPort), sslPassthrough === true ? [path, () => bindPath(path)] : tcp(httpsPort)];
    });
  }
}

function bindTo(address: string, port: number): BoundSocket | undefined {
  const v6 = isIPv6(address);
  const socket = bind?.(address, port, v6 ? 6 : 4, undefined, v6 ? IPV6_ONLY : 0);
  if (socket === undefined || typeof socket === 'number') return undefined;
  const bound: { port?: number } = {};
  if (socket.getsockname?.(bound) === 0 && bound.port === port) return socket;
  socket.close();
  return undefined;
}

/** Only the agent and nginx's workers get to the directory of such a socket (work-directory.ts). */
function bindPath(path: string): BoundSocket | undefined {
  rmSync(path, { force: true });
  const socket = bind?.(path, -1, -1);
  return typeof socket === 'number' ? undefined : socket;
}
