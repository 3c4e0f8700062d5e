// The grammar of lists of hosts: DNS names, `*.` before one. Patterns of nginx are no names.

import { normalizeHost } from '../host-name.js';
import type { Grammar } from './grammar.js';

/** Each of them is served the Ingress's paths anew. */
const mostHosts = 32;

/** Hosts in the form of normalizeHost, each once. */
export const hostNames: Grammar<string[]> = {
  form: 'host names, separated by commas',
  read: (text) => {
    const hosts = text.split(',').map((name) => name.trim()).filter((name) => name !== '').map(normalizeHost);
    const names = [...new Set(hosts)].filter((host) => host !== undefined);
    return hosts.includes(undefined) || names.length === 0 || names.length > mostHosts
      ? { problem: `must be 1–${mostHosts} host names separated by commas, such as www.example.com or *.example.com; patterns are not carried out` } : { value: names };
  },
};
