// The grammar of lists of hosts: DNS names, `*.` before one, and patterns of nginx that stand for a few names.

import { normalizeHost } from '../host-name.js';
import type { Grammar } from './grammar.js';
import { namesOfPattern } from './host-pattern.js';

/** Each of them is served the Ingress's paths anew. */
const mostHosts = 32;

/** Hosts in the form of normalizeHost, each once. */
export const hostNames: Grammar<string[]> = {
  form: 'host names, or patterns for a few of them, separated by commas',
  read: (text) => {
    const written = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
    const hosts = written.flatMap((name) => (name.startsWith('~') ? namesOfPattern(name, mostHosts) ?? [''] : [name])).map((name) => (name === '' ? undefined : normalizeHost(name)));
    const names = [...new Set(hosts)].filter((host) => host !== undefined);
    return hosts.includes(undefined) || names.length === 0 || names.length > mostHosts
      ? { problem: `must be 1–${mostHosts} host names separated by commas, such as www.example.com or *.example.com, or patterns such as ~^(www|shop)\\.example\\.com$ that stand for no more than these` } : { value: names };
  },
};
