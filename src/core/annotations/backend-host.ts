// The grammar of the host that backends are asked for (upstream-vhost): a name and a port, and a few variables. Those of the
// path are filled when it is planned, those of the request when it comes; nothing else of nginx can be named.

import type { Grammar } from './grammar.js';

/** Of the request. */
export const requestHosts: readonly string[] = ['host', 'http_host'];
const ofPath = ['namespace', 'ingress_name', 'service_name', 'service_port'] as const;

/** What the variables of a path stand for. */
export type PathVariables = Record<typeof ofPath[number], string>;

const name = /^[A-Za-z0-9](?:[-A-Za-z0-9._]*[A-Za-z0-9])?(?::[0-9]{1,5})?$/;

export const backendHost: Grammar<string> = {
  form: 'a host name, a port allowed, with variables such as `$service_name`',
  read: (text) => (isHost(text, [...requestHosts, ...ofPath]) ? { value: text }
    : { problem: `must be a host name, a port allowed, and may hold ${[...requestHosts, ...ofPath].map((one) => `$${one}`).join(', ')} only` }),
};

/** Whether this is a name once its variables are filled, each of which is one of the request. */
export function isBackendHost(text: string): boolean {
  return isHost(text, requestHosts);
}

/** The host with the variables of a path filled in; those of the request stay. */
export function fillBackendHost(host: string, variables: PathVariables): string {
  return host.replace(/\$([a-z_]+)/g, (whole, variable: string) => (Object.hasOwn(variables, variable) ? variables[variable as keyof PathVariables] : whole));
}

function isHost(text: string, known: readonly string[]): boolean {
  let isKnown = true;
  const filled = text.replace(/\$([a-z_]+)/g, (_whole, variable: string) => {
    isKnown &&= known.includes(variable);
    return '1';
  });
  return isKnown && text.length <= 260 && name.test(filled);
}
