// Which certificate a server name is shown, out of which Secret, and until when it is valid. Never any key.

import { serverNameKey } from '../../route-table/entry-keys.js';
import type { IngressPlan } from '../plan-ingress.js';
import { byAge } from '../order.js';
import { objectKey } from '../kubernetes-objects.js';
import type { Decided } from './facts.js';

export interface CertificateView {
  serverName: string;
  /** Absent: nginx shows the listener's self-signed default certificate. */
  served?: {
    class: string;
    /** The name under which it was found: the server name or a wildcard. */
    foundAs: string;
    ingress: string;
    /** `namespace/name` of the Secret. */
    secret: string;
    names: readonly string[];
    /** Milliseconds since the epoch, when it is known. */
    endsAt?: number;
    daysLeft?: number;
  };
}

interface FoundName {
  class: string;
  serverName: string;
  id: string;
}

const dayMs = 86_400_000;

/** What is shown for `serverName`, `found` being what the search has given. */
export function describeCertificate(decided: Decided, serverName: string, found: FoundName | undefined): CertificateView {
  const plan = found === undefined ? undefined : planOf(decided, found);
  const want = plan?.wants.get(serverNameKey(found!.serverName));
  if (found === undefined || plan === undefined || want?.of !== 'server-name') return { serverName };
  const { names, endsAt } = want.certificate;
  return {
    serverName,
    served: {
      class: found.class, foundAs: found.serverName, ingress: objectKey(plan.ingress), secret: secretOf(decided, plan, found.id), names,
      ...(endsAt !== undefined && { endsAt, daysLeft: Math.floor((endsAt - decided.now) / dayMs) }),
    },
  };
}

/** The oldest Ingress of the class that wants this very certificate for the name. */
function planOf({ plans }: Decided, { class: className, serverName, id }: FoundName): IngressPlan | undefined {
  return [...plans.values()].filter(({ ownership, wants }) => {
    const want = wants.get(serverNameKey(serverName));
    return ownership.owner === className && want?.of === 'server-name' && want.certificate.id === id;
  }).sort((a, b) => byAge(a.ingress, b.ingress))[0];
}

function secretOf({ snapshot, inspect }: Decided, { ingress }: IngressPlan, id: string): string {
  const names = (ingress.spec?.tls ?? []).map(({ secretName }) => `${ingress.metadata.namespace}/${secretName}`);
  return names.find((name) => {
    const { data = {} } = snapshot.secrets.get(name) ?? {};
    const inspected = inspect(decode(data['tls.crt']), decode(data['tls.key']));
    return 'id' in inspected && inspected.id === id;
  }) ?? '';
}

function decode(base64: string | undefined): string {
  try {
    return atob(base64 ?? '');
  } catch {
    return '';
  }
}
