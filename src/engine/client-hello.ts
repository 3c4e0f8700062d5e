// Reads the server name (SNI) out of the first bytes of a connection: the ClientHello of RFC 8446 and 5246, however it is cut into
// records and segments. It judges nothing else: what is no ClientHello, or an odd one, has no name, and nginx answers it.

/** Bytes that are read in search of a name: far more than any client sends; with more it has none. */
export const longestHello = 16 * 1024;

export interface Hello {
  /** In lower case; absent: none is told. */
  name?: string;
}

const RECORD_HEADER = 5;
const HANDSHAKE_HEADER = 4;
const LONGEST_RECORD = 16_384;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** What may be a host's name; whether it is one is seen when it is looked up. */
const NAME = /^[-_.a-zA-Z0-9]{1,255}$/;

const nameless: Hello = Object.freeze({});

/** Undefined: more bytes are needed to know. Never throws. */
export function readHello(bytes: Buffer): Hello | undefined {
  const message = handshakeOf(bytes);
  if (message === undefined) return bytes.length >= longestHello ? nameless : undefined;
  const name = message === 'none' ? undefined : nameIn(message);
  return name === undefined ? nameless : { name };
}

/** The body of the ClientHello, put together from its records; undefined: not all of it is there. */
function handshakeOf(bytes: Buffer): Buffer | 'none' | undefined {
  let message: Buffer = Buffer.alloc(0);
  for (let at = 0; ;) {
    const record = recordAt(bytes, at);
    if (record === 'none' || record === undefined) return record;
    message = message.length === 0 ? record.part : Buffer.concat([message, record.part]);
    const body = bodyOf(message);
    if (body !== undefined || !record.whole) return body;
    at += RECORD_HEADER + record.part.length;
  }
}

/** As much of a record of the handshake as is there. */
function recordAt(bytes: Buffer, at: number): { part: Buffer; whole: boolean } | 'none' | undefined {
  if ((bytes[at] ?? HANDSHAKE) !== HANDSHAKE || (bytes[at + 1] ?? 3) !== 3) return 'none';
  if (bytes.length < at + RECORD_HEADER) return undefined;
  const length = bytes.readUInt16BE(at + 3);
  if (length === 0 || length > LONGEST_RECORD) return 'none';
  const part = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
  return { part, whole: part.length === length };
}

function bodyOf(message: Buffer): Buffer | 'none' | undefined {
  if ((message[0] ?? CLIENT_HELLO) !== CLIENT_HELLO) return 'none';
  if (message.length < HANDSHAKE_HEADER) return undefined;
  const end = HANDSHAKE_HEADER + message.readUIntBE(1, 3);
  if (end > longestHello) return 'none';
  return message.length >= end ? message.subarray(HANDSHAKE_HEADER, end) : undefined;
}

/** The one host name of a whole ClientHello; undefined without one, and where lengths do not fit into one another. */
function nameIn(hello: Buffer): string | undefined {
  const reader = new Reader(hello);
  // Version and random bytes, session, cipher suites, compression methods.
  reader.skip(2 + 32);
  for (const size of [1, 2, 1] as const) reader.vector(size);
  if (reader.left === 0) return undefined;
  const extensions = reader.vector(2);
  if (extensions === undefined || reader.left !== 0) return undefined;
  const all = new Reader(extensions);
  let found: string | undefined;
  while (all.left > 0) {
    const kind = all.number(2);
    const content = all.vector(2);
    if (kind === undefined || content === undefined) return undefined;
    if (kind !== SERVER_NAME) continue;
    if (found !== undefined) return undefined;
    found = hostIn(content);
    if (found === undefined) return undefined;
  }
  return found;
}

/** RFC 6066, section 3: a list with at most one name of a kind, and there is one kind. */
function hostIn(extension: Buffer): string | undefined {
  const outer = new Reader(extension);
  const list = outer.vector(2);
  if (list === undefined || outer.left !== 0) return undefined;
  const reader = new Reader(list);
  const kind = reader.number(1);
  const name = reader.vector(2)?.toString('latin1');
  if (kind !== HOST_NAME || name === undefined || reader.left !== 0 || !NAME.test(name)) return undefined;
  return name.toLowerCase();
}

/** Goes through bytes once. What is not there is undefined, and then so is all that comes after it. */
class Reader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  skip(count: number): void {
    this.at = Math.min(this.at + count, this.bytes.length + 1);
  }

  number(size: 1 | 2): number | undefined {
    if (this.left < size) {
      this.skip(size);
      return undefined;
    }
    this.at += size;
    return this.bytes.readUIntBE(this.at - size, size);
  }

  /** What a length of that many bytes stands before. */
  vector(size: 1 | 2): Buffer | undefined {
    const length = this.number(size);
    if (length === undefined || this.left < length) {
      this.skip(this.bytes.length + 1);
      return undefined;
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
