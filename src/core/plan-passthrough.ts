// What the annotation ssl-passthrough makes of one Ingress, seen on its own: it asks for the connections of its hosts, and what goes
// to its backends by the usual way goes there over TLS. Who gets a host's connections is decided where all of the host's
// Ingresses meet (build-passed-host.ts).

import { defaultKey, hostKey, passthroughKey } from '../route-table/entry-keys.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, finding } from './finding.js';
import type { KeyedPath } from './list-paths.js';
import type { Want } from './plan-ingress.js';

/**
 * The annotations with what ssl-passthrough says of the backend: it speaks TLS, also to the engine (ingress-nginx forces HTTPS on
 * these backends too). So what clients send is in the clear on no network, also where nothing is passed through.
 */
export function withTlsBackend(values: AnnotationValues): AnnotationValues {
  if (values['ssl-passthrough'] !== true) return values;
  const protocol = values['backend-protocol'];
  return { ...values, 'backend-protocol': protocol === 'GRPC' || protocol === 'GRPCS' ? 'GRPCS' : 'HTTPS' };
}

export interface PassthroughWish {
  /** Whether the Ingress asks for it. */
  asks: boolean;
  /** Names the Ingress in findings. */
  object: string;
  /** Whether listeners of the class do it. */
  passes: boolean;
  findings: Finding[];
}

const wish: Want = { of: 'passthrough' };

/** Asks for the connections of the hosts of these paths, or tells why not. */
export function wantPassthrough(wants: Map<string, Want>, paths: readonly KeyedPath[], { asks, object, passes, findings }: PassthroughWish): void {
  if (!asks) return;
  const keys = new Set(paths.map(({ key }) => key));
  if (!passes) {
    findings.push(finding('unsupported-annotation', object, 'annotation ssl-passthrough is not carried out: listeners of its class do not pass TLS through, so TLS ends at the engine, with the certificate of ' +
      'the tls section, and begins anew to the backend, which sees no certificate of a client; ask the operator for sslPassthrough (docs/running.md), or remove it'));
    return;
  }
  const hosts = [...keys].filter((key) => key !== defaultKey && key !== hostKey(''));
  if (hosts.length < keys.size) findings.push(finding('not-passed-through', object, 'annotation ssl-passthrough: connections are told apart by the host that clients name, so rules without a host are not passed through; give them one'));
  for (const key of hosts) wants.set(passthroughKey(key.slice(hostKey('').length)), wish);
}
