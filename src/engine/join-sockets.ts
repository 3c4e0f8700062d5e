// Joins two sockets, so that each gets what the other one reads: no faster than it takes it, an end as an end, a break as a break.

import { type NetConnectOpts, type Socket, connect } from 'node:net';

/** How long a connection says nothing before the kernel asks whether anybody is there. */
const KEEP_ALIVE_MS = 60_000;

/** How long one may say nothing that nobody listens to any more. */
const LINGER_MS = 30_000;

/** What a socket has to be opened with that is to be joined. */
export const joinable = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } as const;

/** `first`: what `outbound` gets before all that `inbound` reads. */
export function joinSockets(inbound: Socket, outbound: Socket, first: string | Buffer): void {
  outbound.write(first);
  for (const [from, to] of [[inbound, outbound], [outbound, inbound]] as const) {
    from.pipe(to);
    from.on('error', () => undefined).on('close', () => (from.readableEnded ? seeOff(to, from) : breakOff(to)));
    if (from.destroyed) breakOff(to);
  }
}

/** The other one has said all and takes no more: what comes still is read away, for who does not read sees no end. */
function seeOff(socket: Socket, other: Socket): void {
  socket.unpipe(other).resume().setTimeout(LINGER_MS, () => socket.destroy());
}

/** Whoever reads must not take it for an end. */
function breakOff(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}

/** Resolves with a socket that is connected. Rejects with an error that has a code. */
export function connectWithin(where: NetConnectOpts, milliseconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...where, ...joinable });
    const alarm = setTimeout(() => socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), milliseconds);
    const failed = (error: Error): void => {
      clearTimeout(alarm);
      reject(error);
    };
    socket.once('error', failed).once('connect', () => {
      clearTimeout(alarm);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
