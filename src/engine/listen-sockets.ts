// Holds the sockets of the listeners for every nginx that the agent starts: the next one takes requests over from the one
// before without a moment in which nobody listens. It never accepts a connection. What it can't open is left to nginx, which
// says why it can't either.

import net, { isIPv6 } from 'node:net';
import type { ListenerSettings } from './settings.js';

/** A bound socket of libuv that nobody listens on yet. */
interface BoundSocket {
  readonly fd: number;
  /** Fills in where it is bound; needed because libuv tells of a port in use later than at once. */
  getsockname(into: { port?: number }): number;
  close(): void;
}

/** Node's way to bind without accepting, which its cluster module uses; a number is an error's. No public way does that. */
type Bind = (...binding: [address: string, port: number, family: 4 | 6, fd: undefined, flags: number]) => BoundSocket | number;
const bind = (net as unknown as { _createServerHandle?: Bind })._createServerHandle;

/** As nginx does by itself: an IPv6 socket is for IPv6 only. */
const IPV6_ONLY = 1;

export class ListenSockets {
  private readonly sockets = new Map<string, BoundSocket>();

  /** Opens what is not open yet of these listeners; returns the descriptors of all that it could open, also of others. */
  open(listeners: readonly ListenerSettings[]): number[] {
    for (const [key, address, port] of endpoints(listeners)) {
      if (this.sockets.has(key)) continue;
      const socket = bindTo(address, port);
      if (socket !== undefined) this.sockets.set(key, socket);
    }
    return [...this.sockets.values()].map(({ fd }) => fd);
  }

  /** Addresses of these listeners that it does not hold. */
  missing(listeners: readonly ListenerSettings[]): string[] {
    return endpoints(listeners).filter(([key]) => !this.sockets.has(key)).map(([key]) => key);
  }

  /** Closes what is no listener's any more; without any, everything. */
  keepOnly(listeners: readonly ListenerSettings[]): void {
    const kept = new Set(endpoints(listeners).map(([key]) => key));
    for (const [key, socket] of this.sockets) {
      if (kept.has(key)) continue;
      socket.close();
      this.sockets.delete(key);
    }
  }
}

function endpoints(listeners: readonly ListenerSettings[]): [key: string, address: string, port: number][] {
  return listeners.flatMap(({ address, httpPort, httpsPort }) => [httpPort, httpsPort].map((port): [string, string, number] => [`${address} port ${port}`, address, port]));
}

function bindTo(address: string, port: number): BoundSocket | undefined {
  const v6 = isIPv6(address);
  const socket = bind?.(address, port, v6 ? 6 : 4, undefined, v6 ? IPV6_ONLY : 0);
  if (socket === undefined || typeof socket === 'number') return undefined;
  const bound: { port?: number } = {};
  if (socket.getsockname(bound) === 0 && bound.port === port) return socket;
  socket.close();
  return undefined;
}
