// Reads what a TLS connection begins with, and takes nothing from it: the header of the PROXY protocol where its listener asks for
// one, and the server name. Bounded in bytes and in time, for whoever opens a connection may say anything, or nothing.

import type { Socket } from 'node:net';
import { readHello } from './client-hello.js';
import { type Ends, readProxyHeader } from './proxy-header.js';

export interface Opening {
  /** What was read after the header. Whoever gets the connection has to get it first. */
  bytes: Buffer;
  name?: string;
  /** Who speaks with whom, as the header tells it. */
  ends?: Ends;
}

/** Why there is none: it has said too little for too long, no header where there has to be one, or it has gone. */
export type NoOpening = 'no_hello' | 'no_proxy_header' | 'gone';

export interface OpeningOptions {
  /** Whether it has to begin with a header of the PROXY protocol. */
  proxied: boolean;
  /** For all of it. */
  milliseconds: number;
}

/** `socket` is paused, and is so again when it resolves. Never rejects. */
export function readOpening(socket: Socket, { proxied, milliseconds }: OpeningOptions): Promise<Opening | NoOpening> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const end = (outcome: Opening | NoOpening): void => {
      clearTimeout(alarm);
      socket.pause();
      socket.off('data', take).off('end', leave).off('close', leave);
      resolve(outcome);
    };
    const leave = (): void => end('gone');
    const take = (part: Buffer): void => {
      bytes = bytes.length === 0 ? part : Buffer.concat([bytes, part]);
      const opening = openingIn(bytes, proxied);
      if (opening !== undefined) end(opening);
    };
    const alarm = setTimeout(() => end('no_hello'), milliseconds);
    socket.on('data', take).on('end', leave).on('close', leave);
    socket.resume();
  });
}

/** Undefined: more bytes are needed. */
export function openingIn(bytes: Buffer, proxied: boolean): Opening | 'no_proxy_header' | undefined {
  const header = proxied ? readProxyHeader(bytes) : { length: 0 };
  if (header === 'none') return 'no_proxy_header';
  const rest = header && bytes.subarray(header.length);
  const hello = rest && readHello(rest);
  if (hello === undefined) return undefined;
  return { bytes: rest!, ...hello, ...(header!.ends && { ends: header!.ends }) };
}
