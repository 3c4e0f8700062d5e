// In which order a request's host is looked for among the classes of its listener. Compiled for Node (explain) and for Lua
// (nginx), so that both ask the same questions in the same order. It keeps nothing and builds nothing but the wildcard's name.

import { cut, find } from './text.js';

/**
 * Looks for `path` in one place of one class: what it says ends the search, unless it is 'none'. `name` is the host as the
 * class's table has it (the host itself, `*.` and its parent, or ''); undefined: the class's default backend. `at` counts the
 * classes of the listener from 0.
 */
export type AskClass<Answer extends string | object> = (this: void, name: string | undefined, at: number, path: string) => Answer | 'none';

/**
 * The most specific host first: the host itself, the wildcard in place of its first label, rules without a host, the default
 * backends; within each the listener's classes in their order (Ingress API, "Hostname wildcards"; ingress-nginx asks rules
 * without a host for unknown hosts too). `host`: lower case, without port and trailing dot; '' when the request has none.
 */
export function searchHosts<Answer extends string | object>(ask: AskClass<Answer>, classes: number, host: string, path: string): Answer | 'none' {
  let answer = askClasses(ask, classes, host, path);
  const dot = find(host, '.', 0);
  if (answer === 'none' && dot > 0) answer = askClasses(ask, classes, '*' + cut(host, dot, host.length), path);
  if (answer === 'none' && host !== '') answer = askClasses(ask, classes, '', path);
  if (answer === 'none') answer = askClasses(ask, classes, undefined, path);
  return answer;
}

function askClasses<Answer extends string | object>(ask: AskClass<Answer>, classes: number, name: string | undefined, path: string): Answer | 'none' {
  // LuaJIT does not compile a function around a loop.
  if (classes === 1) return ask(name, 0, path);
  for (let at = 0; at < classes; at++) {
    const answer = ask(name, at, path);
    if (answer !== 'none') return answer;
  }
  return 'none';
}

/** Looks for the certificate of a server name in one class; undefined: it has none. */
export type AskServerName<Answer extends string | object> = (this: void, name: string, at: number) => Answer | undefined;

/**
 * The server name itself before the wildcard in place of its first label, then what a class serves to names that nobody has a
 * certificate for (under the name ''); within each the listener's classes in their order. `name`: lower case, '' without one.
 * Undefined: nobody has a certificate for it.
 */
export function searchServerNames<Answer extends string | object>(ask: AskServerName<Answer>, classes: number, name: string): Answer | undefined {
  const dot = find(name, '.', 0);
  return askForCertificate(ask, classes, name) ??
    (dot > 0 ? askForCertificate(ask, classes, '*' + cut(name, dot, name.length)) : undefined) ??
    (name !== '' ? askForCertificate(ask, classes, '') : undefined);
}

function askForCertificate<Answer extends string | object>(ask: AskServerName<Answer>, classes: number, name: string): Answer | undefined {
  for (let at = 0; at < classes; at++) {
    const answer = ask(name, at);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/**
 * Whether the certificate of a wildcard may be shown for a host: not when the host has routes and none of them is of the
 * namespace that the certificate is from. `host`: the index of its own routes in one class, undefined without any.
 */
export function mayShow(namespace: string | undefined, host: { namespaces: string } | undefined): boolean {
  return namespace === undefined || host === undefined || find(host.namespaces, ',' + namespace + ',', 0) >= 0;
}
