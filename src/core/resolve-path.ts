// Turns one path of an Ingress rule into what the route table matches, or says why it can't be one.

import type { PathMatch } from '../route-table/types.js';
import { normalizePath } from '../route-table/normalize-path.js';
import type { FindingKind } from './finding.js';
import type { IngressPath } from './kubernetes-objects.js';
import { longestPath } from './limits.js';
import { patternProblem } from './pattern-problem.js';

export type ResolvedPath = { match: PathMatch; path: string } | { problem: FindingKind; message: string };

/** What no path may contain, and the reason told. A real API server lets all of it through with a free pathType. */
const forbidden: readonly [RegExp, string][] = [
  [/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, 'contains control characters'],
  [/\p{Surrogate}/u, 'is not valid Unicode'],
];
const forbiddenOutsideRegex: readonly [RegExp, string][] = [
  [/%2f|%5c/i, 'contains an encoded slash or backslash'],
  [/\/\.{0,2}\/|\/\.{1,2}$/, 'contains empty or dot segments'],
];

/**
 * Resolves path and pathType by the rules of the Ingress API. `regexHost`: some Ingress of this class uses regular
 * expressions on the host, and then, as in ingress-nginx, every path of the host is one.
 */
export function resolvePath({ path = '', pathType }: IngressPath, regexHost: boolean): ResolvedPath {
  const match = matchOf(pathType);
  if (match === undefined) {
    return { problem: 'unknown-path-type', message: `pathType ${JSON.stringify(pathType ?? null)}: use Exact, Prefix or ImplementationSpecific` };
  }
  const written = path === '' && match === 'string-prefix' ? '/' : path;
  const problem = problemOf(written, regexHost ? forbidden : [...forbidden, ...forbiddenOutsideRegex]);
  if (problem !== undefined) return invalid(written.slice(0, 80), problem);
  if (regexHost) return resolveRegex(written);
  const normal = normalizePath(encodeNonAscii(written));
  if (normal === undefined) return invalid(written, 'contains a broken escape');
  return normal.length > longestPath ? invalid(written.slice(0, 80), `is longer than ${longestPath} bytes when encoded`) : { match, path: normal };
}

function problemOf(path: string, rules: readonly [RegExp, string][]): string | undefined {
  if (!path.startsWith('/')) return 'must start with "/"';
  if (path.length > longestPath) return `is longer than ${longestPath} bytes`;
  return rules.find(([pattern]) => pattern.test(path))?.[1];
}

function matchOf(pathType: string | undefined): Exclude<PathMatch, 'regex'> | undefined {
  if (pathType === 'Exact') return 'exact';
  if (pathType === 'Prefix') return 'prefix';
  return pathType === 'ImplementationSpecific' ? 'string-prefix' : undefined;
}

function resolveRegex(pattern: string): ResolvedPath {
  const problem = patternProblem(pattern);
  if (problem === undefined) return { match: 'regex', path: pattern };
  const message = `path ${JSON.stringify(pattern.slice(0, 80))} ${problem}; every path of a host that uses rewrite-target or use-regex is a pattern`;
  return { problem: 'invalid-regex', message };
}

function invalid(path: string, why: string): ResolvedPath {
  return { problem: 'invalid-path', message: `path ${JSON.stringify(path)} ${why}; the rule is not served` };
}

/** Non-ASCII text as its UTF-8 bytes, percent-encoded, as clients send it. */
function encodeNonAscii(text: string): string {
  return text.replace(/[^\u0000-\u007f]+/gu, (part) => encodeURIComponent(part));
}
