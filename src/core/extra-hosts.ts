// Hosts that an Ingress is served under without a rule of its own for them: server-alias, and the counterparts with or without
// `www.` that from-to-www-redirect sends elsewhere. A host that some rule names belongs to that rule (build-host.ts).

import type { AnnotationValues } from './annotations/registry.js';
import { normalizeHost } from './host-name.js';
import type { Ingress } from './kubernetes-objects.js';

export interface ExtraHosts {
  /** Served as the hosts of the rules are. */
  aliases: readonly string[];
  /** Each is redirected to a host of the rules. */
  counterparts: readonly { from: string; to: string }[];
}

const none: ExtraHosts = Object.freeze({ aliases: [], counterparts: [] });

/** None of them is a host of the Ingress's own rules. */
export function extraHosts({ spec }: Ingress, values: AnnotationValues): ExtraHosts {
  if (values['server-alias'] === undefined && values['from-to-www-redirect'] !== true) return none;
  const own = new Set((spec?.rules ?? []).map(({ host = '' }) => normalizeHost(host)).filter((host) => host !== undefined));
  const aliases = (values['server-alias'] ?? []).filter((host) => !own.has(host));
  const taken = new Set([...own, ...aliases]);
  const named = values['from-to-www-redirect'] === true ? [...own].filter((host) => !host.startsWith('*')) : [];
  return { aliases, counterparts: named.map((to) => ({ from: counterpartOf(to), to })).filter(({ from }) => normalizeHost(from) === from && !taken.has(from)) };
}

function counterpartOf(host: string): string {
  return host.startsWith('www.') ? host.slice('www.'.length) : `www.${host}`;
}
