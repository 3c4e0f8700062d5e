// One list of revoked certificates (RFC 5280, section 5): what it says, and whether an authority has signed it. What it does not
// understand to the last critical extension is no list: it might say less than it seems to.

import { type X509Certificate, verify } from 'node:crypto';
import { type Element, derContext0, derInteger, derSequence, elementAt, elementsOf, plainNumber } from '../route-table/certificate-parts.js';

export interface RevocationList {
  /** Bytes of the issuer's name. */
  issuer: string;
  /** Between these it counts, in seconds since the epoch. */
  from: number;
  until: number;
  /** Bytes of the numbers of what is revoked, without leading zeros. */
  serials: string[];
  isSignedBy(authority: X509Certificate): boolean;
}

const utcTime = 0x17;
const generalizedTime = 0x18;
const derBoolean = 0x01;
const bitString = 0x03;

/** By object identifier, in hexadecimal: RSA (PKCS#1) and ECDSA with SHA-2 (RFC 8017, RFC 5758), Ed25519 (RFC 8410). */
const digests: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256', '2a864886f70d01010c': 'sha384', '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256', '2a8648ce3d040303': 'sha384', '2a8648ce3d040304': 'sha512', '2b6570': null,
};

class NoList extends Error {}

/** Undefined when the bytes (DER, one character each) are no list, or one with parts that are not understood. */
export function readRevocationList(bytes: string): RevocationList | undefined {
  try {
    return readList(bytes);
  } catch (error) {
    if (error instanceof NoList) return undefined;
    throw error;
  }
}

function readList(bytes: string): RevocationList {
  const whole = elementOf(bytes, 0, derSequence);
  const [signed, algorithm, signature] = inOrder(membersOf(bytes, whole), [derSequence, derSequence, bitString]);
  const { inner, ...said } = readSigned(bytes, signed!);
  const textOf = ({ begin, end }: Element): string => bytes.slice(begin, end);
  // Both name the algorithm (section 5.1.1.2); who reads one of them only can be misled.
  if (textOf(inner) !== textOf(algorithm!)) throw new NoList();
  return { ...said, isSignedBy: isSigned(Buffer.from(bytes.slice(whole.begin, signed!.end), 'latin1'), textOf(algorithm!), Buffer.from(textOf(signature!), 'latin1')) };
}

/** What is signed (section 5.1.2). `inner`: the algorithm that it names itself. */
function readSigned(bytes: string, signed: Element): Omit<RevocationList, 'isSignedBy'> & { inner: Element } {
  const members = membersOf(bytes, signed);
  if (members[0]?.tag === derInteger) members.shift();
  const [inner, issuer, from, until] = members.splice(0, 4);
  if (inner === undefined || issuer?.tag !== derSequence || from === undefined || until === undefined) throw new NoList();
  const revoked = members[0]?.tag === derSequence ? membersOf(bytes, members.shift()!) : [];
  const extensions = inOrder(members, members.length === 0 ? [] : [derContext0]).flatMap((one) => membersOf(bytes, one));
  for (const list of extensions) refuseCritical(bytes, list);
  return { inner, issuer: bytes.slice(inner.end, issuer.end), from: timeOf(bytes, from), until: timeOf(bytes, until), serials: revoked.map((one) => serialOf(bytes, one)) };
}

/** The elements, when they have these tags and there are no others. */
function inOrder(elements: Element[], tags: readonly number[]): Element[] {
  if (elements.length !== tags.length || elements.some(({ tag }, at) => tag !== tags[at])) throw new NoList();
  return elements;
}

function isSigned(signed: Buffer, algorithm: string, signature: Buffer): RevocationList['isSignedBy'] {
  const identifier = elementOf(algorithm, 0, 0x06);
  const digest = digests[Buffer.from(algorithm.slice(identifier.begin, identifier.end), 'latin1').toString('hex')];
  // The first byte of a bit string counts the bits that are left over: none.
  if (digest === undefined || signature[0] !== 0) throw new NoList();
  return ({ publicKey }) => {
    try {
      return verify(digest, signed, publicKey, signature.subarray(1));
    } catch {
      return false;
    }
  };
}

function serialOf(bytes: string, entry: Element): string {
  const [serial, , extensions] = membersOf(bytes, entry);
  if (serial?.tag !== derInteger) throw new NoList();
  if (extensions !== undefined) refuseCritical(bytes, extensions);
  return plainNumber(bytes, serial);
}

/** What says more than the number of a certificate: lists of some certificates only, changes of other lists, other issuers. */
function refuseCritical(bytes: string, extensions: Element): void {
  for (const extension of membersOf(bytes, extensions)) {
    const flag = membersOf(bytes, extension)[1];
    if (flag?.tag === derBoolean && bytes.charCodeAt(flag.begin) !== 0) throw new NoList();
  }
}

/** Seconds since the epoch of `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (section 4.1.2.5). */
function timeOf(bytes: string, { tag, begin, end }: Element): number {
  const text = bytes.slice(begin, end);
  const full = tag === utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : tag === generalizedTime ? text : '';
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw new NoList();
  return time / 1000;
}

function elementOf(bytes: string, at: number, tag: number): Element {
  const element = elementAt(bytes, at, bytes.length);
  if (element?.tag !== tag) throw new NoList();
  return element;
}

function membersOf(bytes: string, element: Element): Element[] {
  const members = elementsOf(bytes, element, Infinity);
  if ((members.at(-1)?.end ?? element.begin) !== element.end) throw new NoList();
  return members;
}
