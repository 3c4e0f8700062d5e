// Header lines that an Ingress may set: safe in themselves, whoever writes them. No name that frames a message, belongs to the
// connection, or that the engine alone may say.

import type { HeaderLine } from '../../route-table/types.js';
import type { Grammar } from './grammar.js';

/** Variables of values: none that a client can put anything but visible text into. */
export const headerVariables = ['host', 'http_host', 'remote_addr', 'request_id', 'request_method', 'request_uri', 'scheme', 'server_port'] as const;

/** Of one annotation. */
export const mostLines = 32;
const nameForm = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/;
const valueForm = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/;

/** Of the message and the connection (RFC 9110, section 7.6.1), and what steers nginx or the engine. */
const never = /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|content-range|expect|host|x-accel-.*|x-arbiter-.*)$/;
/** CORS and cookies have annotations of their own. */
const neverInAnswers = /^(?:access-control-.*|set-cookie|set-cookie2|location|refresh|date|alt-svc|clear-site-data)$/;
/** What only a proxy may say, and credentials. */
const neverInRequests = /^(?:x-forwarded-.*|x-real-ip|x-original-.*|x-request-id|x-scheme|x-rewrite-url|forwarded|proxy|authorization|cookie|cookie2|ssl-client-.*|via)$/;
/** What the engine says itself in a question of external authentication; credentials may be the question's own. */
const neverInQuestions = /^(?:x-forwarded-(?:for|prefix|client-cert)|x-original-.*|x-auth-request-redirect|x-sent-from|x-real-ip|x-request-id|x-scheme|x-rewrite-url|forwarded|proxy|ssl-client-.*|via|if-.*|range)$/;

const neverOf = { request: neverInRequests, answer: neverInAnswers, question: neverInQuestions } as const;

export type HeaderSide = keyof typeof neverOf;

/** Whether the line may stand on that side. An empty value takes the header away. */
export function isHeaderLine({ name, value }: HeaderLine, side: HeaderSide): boolean {
  const lower = name.toLowerCase();
  if (!nameForm.test(name) || never.test(lower) || neverOf[side].test(lower)) return false;
  return value === '' || (valueForm.test(value) && [...value.matchAll(/\$([a-z_]*)/g)].every(([, variable]) => (headerVariables as readonly string[]).includes(variable!)));
}

/** Lines `Name: value`, as in a message. */
export function headerLines(side: HeaderSide): Grammar<HeaderLine[]> {
  return {
    form: 'lines `Name: value`; `Name:` alone takes a header away',
    read: (text) => {
      const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '').map(lineOf);
      const wrong = lines.find((line) => !isHeaderLine(line, side));
      if (wrong !== undefined) return { problem: `has the line ${JSON.stringify(wrong.name.slice(0, 60))}, which may not be set: a header that can be, a colon, and visible ASCII with no other variables than $${headerVariables.join(', $')}` };
      return lines.length > 0 && lines.length <= mostLines ? { value: lines } : { problem: `must have 1–${mostLines} lines such as X-Frame-Options: DENY` };
    },
  };
}

function lineOf(line: string): HeaderLine {
  const colon = line.indexOf(':');
  return colon < 0 ? { name: line, value: '\n' } : { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
}
