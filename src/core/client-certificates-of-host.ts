// Client certificates on one host. A handshake knows the host and nothing more, so a host asks for the certificates of one
// authority; and as in ingress-nginx what one Ingress asks for counts for the whole host, here within its namespace.

import type { ClientCertificates } from '../route-table/types.js';
import type { WantedPath } from './build-host.js';
import { type Finding, finding, quote } from './finding.js';
import { isChallenge } from './plan-paths.js';

/** The paths with what counts for them, in the same order; those that can't have it are closed. */
export function withClients(host: string, wanted: readonly WantedPath[]): { wanted: WantedPath[]; findings: Finding[] } {
  const findings: Finding[] = [];
  if (!wanted.some(({ clients }) => clients !== undefined)) return { wanted: [...wanted], findings };
  const first = wanted.find(({ clients }) => clients !== undefined && clients !== 'closed')?.clients as ClientCertificates | undefined;
  const byNamespace = new Map<string, ClientCertificates | 'closed'>();
  for (const { namespace, clients } of wanted) {
    if (clients !== undefined && !byNamespace.has(namespace)) byNamespace.set(namespace, clients);
  }
  const told = new Set<string>();
  const decided = wanted.map((want) => {
    const clients = byNamespace.get(want.namespace);
    // What is closed answers 503, whoever asks.
    if (clients === undefined || isChallenge(want.path.path) || (want.backend.key === '' && want.root !== true)) return want;
    if (clients !== 'closed' && first !== undefined && clients.authority === first.authority && clients.depth === first.depth) return { ...want, policy: { ...want.policy, clients } };
    const why = clients === 'closed' ? 'an Ingress of the same namespace asks clients of the host for certificates that can not be verified'
      : 'an older Ingress asks clients of the host for certificates of another authority, and a host can ask for one only';
    if (!told.has(`${want.namespace}/${want.ingress}`)) findings.push(finding('protection-not-supported', `Ingress ${want.namespace}/${want.ingress}`, `host ${quote(host)}: ${why}; requests are answered with 503`));
    told.add(`${want.namespace}/${want.ingress}`);
    return { ...want, backend: { service: '', key: '', findings: [] } };
  });
  return { wanted: decided, findings };
}
