// Answers a WebSocket upgrade and echoes every message, so that long connections can be tried against the sample pods.
// Only what an echo needs of RFC 6455: no extensions, no subprotocols, frames up to a limit.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LARGEST_FRAME = 1024 * 1024;

const enum Opcode { Close = 8, Ping = 9, Pong = 10 }

export function echoWebSocket(request: IncomingMessage, socket: Duplex, podName: string): void {
  const key = request.headers['sec-websocket-key'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const accept = createHash('sha1').update(key + ACCEPT_SUFFIX).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\nX-Pod: ${podName}\r\n\r\n`);
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = readFrame(pending); frame !== undefined; frame = readFrame(pending)) {
      if (frame === 'too large') return void socket.end(writeFrame(Opcode.Close, true, closePayload(1009)));
      pending = pending.subarray(frame.length);
      if (frame.opcode === Opcode.Close) return void socket.end(writeFrame(Opcode.Close, true, frame.payload));
      if (frame.opcode !== Opcode.Pong) socket.write(writeFrame(frame.opcode === Opcode.Ping ? Opcode.Pong : frame.opcode, frame.last, frame.payload));
    }
  });
  socket.on('error', () => socket.destroy());
}

/** Tells the client that the pod goes away. */
export function sayGoodbye(socket: Duplex): void {
  socket.end(writeFrame(Opcode.Close, true, closePayload(1001)));
}

interface Frame { opcode: number; last: boolean; payload: Buffer; length: number }

function readFrame(buffer: Buffer): Frame | 'too large' | undefined {
  if (buffer.length < 2) return undefined;
  const masked = (buffer[1]! & 0x80) !== 0;
  const short = buffer[1]! & 0x7f;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + sizeBytes + (masked ? 4 : 0);
  if (buffer.length < start) return undefined;
  const size = sizeBytes === 2 ? buffer.readUInt16BE(2) : sizeBytes === 8 ? Number(buffer.readBigUInt64BE(2)) : short;
  if (size > LARGEST_FRAME) return 'too large';
  if (buffer.length < start + size) return undefined;
  const payload = Buffer.from(buffer.subarray(start, start + size));
  if (masked) {
    const mask = buffer.subarray(start - 4, start);
    for (let index = 0; index < payload.length; index += 1) payload[index] = payload[index]! ^ mask[index % 4]!;
  }
  return { opcode: buffer[0]! & 0x0f, last: (buffer[0]! & 0x80) !== 0, payload, length: start + size };
}

function writeFrame(opcode: number, last: boolean, payload: Buffer): Buffer {
  const first = (last ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  if (payload.length < 65_536) return Buffer.concat([Buffer.from([first, 126, payload.length >> 8, payload.length & 0xff]), payload]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

function closePayload(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}
