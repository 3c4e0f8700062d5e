// What is different between the answers of two listeners to one request. What changes from answer to answer by itself (dates,
// identities, the value of a cookie) is left out, and so is the body of what a proxy says by itself: its page is not its meaning.

import type { Answer, Outcome } from './check-request.js';

export interface AnswerDifference {
  what: 'failed' | 'status' | 'header' | 'body' | 'backend' | 'certificate';
  /** Name of the header. */
  header?: string;
  /** What each side said; of the side that is left first. Bodies as the beginning of their hash. */
  from: string;
  to: string;
}

export interface ComparisonOptions {
  /** Headers that say which backend answered. */
  backendHeaders: readonly string[];
  /** Headers that are not compared, beside those that never are. */
  ignoredHeaders: readonly string[];
  /** Ports of the two listeners: in a Location they stand for none. */
  ports: { from: readonly number[]; to: readonly number[] };
  certificates: boolean;
}

/** Of the connection, of the moment, or of the software: they say nothing about what was asked for. */
const neverCompared: ReadonlySet<string> = new Set([
  'date', 'server', 'via', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'accept-ranges', 'age', 'expires',
  'last-modified', 'etag', 'x-request-id', 'x-powered-by', 'alt-svc', 'proxy-connection', 'trailer', 'x-arbiter-hops',
]);

/** Everything that is different between one answer of each side. */
export function compareAnswers(from: Outcome, to: Outcome, options: ComparisonOptions): AnswerDifference[] {
  if ('failed' in from || 'failed' in to) {
    const words = (one: Outcome): string => ('failed' in one ? one.failed : `status ${one.status}`);
    return 'failed' in from && 'failed' in to ? [] : [{ what: 'failed', from: words(from), to: words(to) }];
  }
  const certificate: AnswerDifference[] = options.certificates && from.certificate !== to.certificate
    ? [{ what: 'certificate', from: from.certificate ?? 'none', to: to.certificate ?? 'none' }] : [];
  // With another status the rest follows from that.
  if (from.status !== to.status) return [...certificate, { what: 'status', from: String(from.status), to: String(to.status) }];
  return [...certificate, ...compareHeaders(from, to, options), ...compareBodies(from, to)];
}

function compareHeaders(from: Answer, to: Answer, { backendHeaders, ignoredHeaders, ports }: ComparisonOptions): AnswerDifference[] {
  const names = new Set([...Object.keys(from.headers), ...Object.keys(to.headers)]);
  // The type of a proxy's own page is as little its meaning as the page.
  const ignored = new Set([...ignoredHeaders.map((name) => name.toLowerCase()), ...(isOwnPage(from) ? ['content-type'] : [])]);
  return [...names].sort().filter((name) => !neverCompared.has(name) && !ignored.has(name)).flatMap((name): AnswerDifference[] => {
    const [before, after] = [headerWords(name, from, ports.from), headerWords(name, to, ports.to)];
    if (before === after) return [];
    return [{ what: backendHeaders.some((one) => one.toLowerCase() === name) ? 'backend' : 'header', header: name, from: before, to: after }];
  });
}

/** Redirects and refusals: mostly the proxy speaks, in its own words. */
function isOwnPage({ status }: Answer): boolean {
  return status >= 300;
}

function compareBodies(from: Answer, to: Answer): AnswerDifference[] {
  if (isOwnPage(from) || from.bodyHash === to.bodyHash) return [];
  const words = ({ bodyHash, bodyBytes }: Answer): string => `${bodyHash.slice(0, 12)} (${bodyBytes} bytes)`;
  return [{ what: 'body', from: words(from), to: words(to) }];
}

function headerWords(name: string, { headers }: Answer, ports: readonly number[]): string {
  const values = headers[name];
  if (values === undefined) return 'absent';
  if (name === 'set-cookie') return values.map(cookieWords).sort().join(', ');
  if (name === 'location') return withoutPorts(values.join(', '), ports);
  if (name === 'vary' || name.startsWith('access-control-')) return values.join(',').split(',').map((one) => one.trim().toLowerCase()).sort().join(', ');
  return values.join(', ');
}

/** Name and attributes; the value and the date are new each time. */
function cookieWords(cookie: string): string {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const sorted = attributes.map((one) => (/^expires=/i.test(one) ? 'expires' : one.toLowerCase())).sort();
  return [pair.slice(0, Math.max(0, pair.indexOf('='))), ...sorted].join('; ');
}

function withoutPorts(location: string, ports: readonly number[]): string {
  const [whole = '', scheme = '', host = '', port] = /^(https?:\/\/)([^/?#:]+)(?::(\d+))?/.exec(location) ?? [];
  return port !== undefined && ports.includes(Number(port)) ? `${scheme}${host}${location.slice(whole.length)}` : location;
}

/** As text: equal differences are one. */
export function differenceKey({ what, header = '', from, to }: AnswerDifference): string {
  return `${what} ${header} ${from} ${to}`;
}
