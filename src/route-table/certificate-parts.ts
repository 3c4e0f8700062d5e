// Who has issued a certificate and under which number: what lists of revoked certificates name it by (RFC 5280, section 5.1). Reads
// DER and judges nothing: a certificate has been verified before it is looked into. Texts are bytes.

import { byteAt, cut } from './text.js';

/** One element of DER: its tag, and where its content lies. It ends where its content does. */
export interface Element {
  tag: number;
  begin: number;
  end: number;
}

export const derInteger = 0x02;
export const derSequence = 0x30;
/** [0] and constructed: the version of a certificate, the extensions of a list. */
export const derContext0 = 0xa0;

export interface CertificateParts {
  /** Issuer and subject as they are in the certificate, tag and length among it. */
  issuer: string;
  subject: string;
  /** Without leading zeros. */
  serial: string;
}

/** The element at `at`, as far as it lies before `end`; undefined when there is none, or one of a form that DER has not. */
export function elementAt(bytes: string, at: number, end: number): Element | undefined {
  const tag = byteAt(bytes, at);
  const first = byteAt(bytes, at + 1);
  if (tag < 0 || first < 0) return undefined;
  let begin = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count < 1 || count > 4) return undefined;
    length = 0;
    for (let step = 0; step < count; step++) length = length * 256 + byteAt(bytes, begin + step);
    begin = begin + count;
  }
  return length < 0 || begin + length > end ? undefined : { tag, begin, end: begin + length };
}

/** What the bytes of an INTEGER are without leading zeros, which some write and others do not. */
export function plainNumber(bytes: string, { begin, end }: Element): string {
  let from = begin;
  while (from < end - 1 && byteAt(bytes, from) === 0) from = from + 1;
  return cut(bytes, from, end);
}

/** The first elements of what lies between `begin` and `end`, up to `most`, as far as there are such. */
export function elementsOf(bytes: string, { begin, end }: Element, most: number): Element[] {
  const found: Element[] = [];
  let at = begin;
  while (at < end && found.length < most) {
    const element = elementAt(bytes, at, end);
    if (element === undefined) break;
    found.push(element);
    at = element.end;
  }
  return found;
}

/** Up to the subject, with the version before it. */
const MEMBERS = 6;

/** The parts of one certificate (RFC 5280, section 4.1); undefined when it is none. */
export function certificateParts(bytes: string): CertificateParts | undefined {
  const whole = elementAt(bytes, 0, bytes.length);
  const signed = whole === undefined || whole.tag !== derSequence ? undefined : elementAt(bytes, whole.begin, whole.end);
  if (signed === undefined || signed.tag !== derSequence) return undefined;
  const members = elementsOf(bytes, signed, MEMBERS);
  const at = members.length === MEMBERS && members[0]!.tag === derContext0 ? 1 : 0;
  if (members.length < at + 5 || members[at]!.tag !== derInteger) return undefined;
  return {
    issuer: cut(bytes, members[at + 1]!.end, members[at + 2]!.end), subject: cut(bytes, members[at + 3]!.end, members[at + 4]!.end),
    serial: plainNumber(bytes, members[at]!),
  };
}
