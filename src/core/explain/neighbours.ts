// What lies beside a host that somebody asks for: the same host elsewhere, hosts of a similar name, Ingresses that name it and
// are served by nobody. It explains a 404 and decides nothing.

import { hostKey } from '../../route-table/entry-keys.js';
import { coversHost, normalizeHost } from '../host-name.js';
import { compareText } from '../order.js';
import type { OwnerRule } from '../resolve-owner.js';
import type { Decided } from './facts.js';
import { suggestName } from './suggest-name.js';

export interface Neighbours {
  /** Other classes that serve the host, on listeners of their own. */
  otherClasses: string[];
  /** A host of the listener that is spelled almost the same. */
  similarHost?: string;
  /** Ingresses with a rule for the host that have no owner, and the rule that decided so. */
  unserved: { ingress: string; rule: OwnerRule }[];
}

/** Looks around `host`, as seen from a listener of these classes. */
export function findNeighbours({ tables, plans }: Decided, host: string, listener: readonly string[]): Neighbours {
  const dot = host.indexOf('.');
  const names = [host, ...(dot > 0 ? [`*${host.slice(dot)}`] : [])];
  const otherClasses = [...tables].filter(([name, table]) => !listener.includes(name) && names.some((one) => table.has(hostKey(one)))).map(([name]) => name);
  const hosts = listener.flatMap((name) => [...(tables.get(name)?.keys() ?? [])])
    .filter((key) => key.startsWith(hostKey('')) && key !== hostKey('')).map((key) => key.slice(hostKey('').length));
  const similarHost = hosts.includes(host) ? undefined : suggestName(host, hosts);
  const unserved = [...plans].filter(([, { ownership, ingress }]) => ownership.owner === undefined &&
    (ingress.spec?.rules ?? []).some((rule) => rule.host !== undefined && coversHost(normalizeHost(rule.host) ?? '', host)))
    .map(([ingress, { ownership }]) => ({ ingress, rule: ownership.rule }));
  return { otherClasses: otherClasses.sort(compareText), ...(similarHost !== undefined && { similarHost }), unserved };
}
