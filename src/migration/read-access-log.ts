// Requests out of an access log in the combined format (with or without the host in front) or in that of ingress-nginx, whose
// Service tells which host it was. A line that is none of these is counted and skipped; each request is kept once.

import { type CheckRequest, requestKey, safeMethods } from './check-request.js';

/** One line, as far as it says what was asked. */
export interface LogLine {
  method: string;
  path: string;
  /** What stands in front of the client's address, without port. */
  host?: string;
  /** ingress-nginx: `namespace-service-port`. */
  upstream?: string;
}

/** `[vhost ]address - user [time] "request" status bytes "referer" "agent"` and what ingress-nginx adds. */
const line = /^(?:(\S+) )?\S+ - .*? \[[^\]]+\] "((?:[^"\\]|\\.)*)" \d{3} (?:\d+|-)(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"(.*))?$/;
const longest = 16_384;

/** Undefined for a line that names no request. */
export function parseLogLine(text: string): LogLine | undefined {
  if (text.length > longest) return undefined;
  const [, front, request, rest = ''] = line.exec(text) ?? [];
  const asked = /^([A-Z]+) (\/[!-~]*) HTTP\/[0-9.]+$/.exec(unescape(request ?? ''));
  if (asked === null) return undefined;
  const upstream = /^ \d+ [0-9.]+ \[([^\]]+)\]/.exec(rest)?.[1];
  return {
    method: asked[1]!, path: asked[2]!, ...(front !== undefined && { host: front.replace(/:[0-9]+$/, '').toLowerCase() }),
    ...(upstream !== undefined && { upstream }),
  };
}

/** nginx writes quotes and bytes beyond ASCII as \xHH. */
function unescape(text: string): string {
  return text.replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).replace(/\\(["\\])/g, '$1');
}

export interface LogReading {
  requests: CheckRequest[];
  lines: number;
  /** Lines that were not used, by why. */
  skipped: { unreadable: number; 'no-host': number; 'unsafe-method': number };
}

export interface LogOptions {
  /** The host of lines that name none. */
  host?: string;
  scheme: 'http' | 'https';
  /** The host that a Service's requests come to, for ingress-nginx's format. */
  hostOf(upstream: string, path: string): string | undefined;
  unsafeMethods: boolean;
}

/** Reads lines; the requests that were asked most come first. */
export async function readAccessLog(lines: AsyncIterable<string> | Iterable<string>, options: LogOptions): Promise<LogReading> {
  const counts = new Map<string, { request: CheckRequest; count: number }>();
  const skipped: LogReading['skipped'] = { unreadable: 0, 'no-host': 0, 'unsafe-method': 0 };
  let read = 0;
  for await (const text of lines) {
    read += 1;
    const request = requestOf(text, options);
    if (typeof request === 'string') skipped[request] += 1;
    else {
      const key = requestKey(request);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { request, count: 1 });
      else known.count += 1;
    }
  }
  const requests = [...counts.values()].sort((a, b) => b.count - a.count).map(({ request }) => request);
  return { requests, lines: read, skipped };
}

function requestOf(text: string, { host: given, scheme, hostOf, unsafeMethods }: LogOptions): CheckRequest | keyof LogReading['skipped'] {
  const parsed = parseLogLine(text);
  if (parsed === undefined) return 'unreadable';
  const { method, path, upstream } = parsed;
  if (!unsafeMethods && !safeMethods.has(method)) return 'unsafe-method';
  const host = parsed.host ?? (upstream === undefined ? undefined : hostOf(upstream, path)) ?? given;
  return host === undefined ? 'no-host' : { method, scheme, host, path, headers: {}, ingress: '', why: 'log' };
}
