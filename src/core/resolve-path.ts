// Turns one path of an Ingress rule into what the route table matches, or says why it can't be one.

import type { PathMatch } from '../route-table/types.js';
import { normalizePath } from '../route-table/normalize-path.js';
import { regexProblem } from './check-regex.js';
import { type FindingKind, quote } from './finding.js';
import type { IngressPath } from './kubernetes-objects.js';
import { longestPath } from './limits.js';

export type ResolvedPath = { match: PathMatch; path: string } | { problem: FindingKind; message: string };

const TOO_LONG = `is longer than ${longestPath} bytes`;

/** What no path may contain, and the reason told. A real API server lets all of it through with a free pathType. */
const forbidden: readonly [RegExp, string][] = [
  [/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, 'contains control characters'],
  [/\p{Surrogate}/u, 'is not valid Unicode'],
];
const forbiddenOutsideRegex: readonly [RegExp, string][] = [
  [/%2f|%5c/i, 'contains an encoded slash or backslash'],
  [/\/(?:\.|%2e){0,2}\/|\/(?:\.|%2e){1,2}$/i, 'contains empty or dot segments'],
];

/**
 * Resolves path and pathType by the rules of the Ingress API. `regexHost`: some Ingress of this class uses regular
 * expressions on the host, and then, as in ingress-nginx, every path of the host is one.
 */
export function resolvePath({ path = '', pathType }: IngressPath, regexHost: boolean): ResolvedPath {
  const match = matchOf(pathType);
  if (match === undefined) {
    return { problem: 'unknown-path-type', message: `pathType ${quote(pathType ?? '')}: use Exact, Prefix or ImplementationSpecific` };
  }
  const written = path === '' && match === 'string-prefix' ? '/' : path;
  const problem = problemOf(written, regexHost ? forbidden : [...forbidden, ...forbiddenOutsideRegex]);
  if (problem !== undefined) return invalid(written, problem);
  if (regexHost) return resolveRegex(written);
  const normal = normalizePath(encodeNonAscii(written));
  if (normal === undefined) return invalid(written, 'contains a broken escape');
  if (normal.length > longestPath) return invalid(written, TOO_LONG);
  return { match, path: match === 'prefix' ? withoutTrailingSlash(normal) : normal };
}

/** `/foo/` and `/foo` are one and the same Prefix, as the API documents it: two Ingresses can't both have it. */
function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function problemOf(path: string, rules: readonly [RegExp, string][]): string | undefined {
  if (!path.startsWith('/')) return 'must start with "/"';
  if (path.length > longestPath) return TOO_LONG;
  return rules.find(([pattern]) => pattern.test(path))?.[1];
}

function matchOf(pathType: string | undefined): Exclude<PathMatch, 'regex'> | undefined {
  if (pathType === 'Exact') return 'exact';
  if (pathType === 'Prefix') return 'prefix';
  return pathType === 'ImplementationSpecific' ? 'string-prefix' : undefined;
}

function resolveRegex(pattern: string): ResolvedPath {
  const problem = regexProblem(pattern);
  if (problem === undefined) return { match: 'regex', path: pattern };
  const message = `path ${quote(pattern)} is no regular expression that is served: it ${problem}; every path of a host that uses rewrite-target or use-regex is one`;
  return { problem: 'invalid-regex', message };
}

function invalid(path: string, why: string): ResolvedPath {
  return { problem: 'invalid-path', message: `path ${quote(path)} ${why}; the rule is not served` };
}

/** Non-ASCII text as its UTF-8 bytes, percent-encoded, as clients send it. */
function encodeNonAscii(text: string): string {
  return text.replace(/[^\u0000-\u007f]+/gu, (part) => encodeURIComponent(part));
}
