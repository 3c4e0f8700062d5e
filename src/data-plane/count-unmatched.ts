// Requests that no route took: whether it was the host that the listener does not know. Their hosts are never written down.

import { add } from './counters.js';
import { hosts } from './entries.js';
import { classesOfListener } from './init.js';
import { currentGeneration, readEntry } from './read-entry.js';
import { cut, find } from './text.js';

/** Counts the request as one for an unknown host when it is one. `looked`: a route was looked for and not found. */
export function countUnmatched(className: string, looked: boolean): void {
  if (!looked) return;
  const host = ngx.var.host ?? '';
  const dot = find(host, '.', 0);
  const wildcard = dot > 0 ? '*' + cut(host, dot, host.length) : host;
  for (const one of classesOfListener(ngx.var.ia_listener as string)) {
    if (hasHost(one, host) || hasHost(one, wildcard)) return;
  }
  add('unknownHosts|' + className, 1);
}

/** A class whose table moves under the look is taken to have the host. */
function hasHost(className: string, host: string): boolean {
  const [entry, moved] = readEntry(hosts, className, host, currentGeneration(className));
  return moved || entry !== undefined;
}
