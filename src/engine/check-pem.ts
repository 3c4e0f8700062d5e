// The shape of PEM: the right blocks and nothing around them. Whether the key fits the certificate is the controller's
// question; a certificate that nginx cannot read hurts its own host only.

import { longestChain, longestKey, longestLists, mostCertificates } from '../core/limits.js';

const BASE64_LINE = /^[A-Za-z0-9+/]{1,76}={0,2}$/;
const KEY_LABELS = new Set(['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY']);

/** Says what is wrong with a certificate chain, without repeating any of it, or undefined. */
export function chainComplaint(chain: unknown): string | undefined {
  if (typeof chain !== 'string') return 'chain is not a text';
  if (chain.length > longestChain) return `chain is longer than ${longestChain} bytes`;
  const labels = pemLabels(chain);
  if (labels === undefined || !labels.every((label) => label === 'CERTIFICATE')) return 'chain is not a sequence of PEM certificates';
  return labels.length > mostCertificates ? `chain has more than ${mostCertificates} certificates` : undefined;
}

export function keyComplaint(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'key is not a text';
  if (key.length > longestKey) return `key is longer than ${longestKey} bytes`;
  const labels = pemLabels(key);
  return labels?.length === 1 && KEY_LABELS.has(labels[0]!) ? undefined : 'key is not one unencrypted PEM private key';
}

export function listsComplaint(lists: unknown): string | undefined {
  if (typeof lists !== 'string') return 'lists is not a text';
  if (lists.length > longestLists) return `lists is longer than ${longestLists} bytes`;
  return pemLabels(lists)?.every((label) => label === 'X509 CRL') ? undefined : 'lists is not a sequence of PEM lists of revoked certificates';
}

/** The labels of a text that is PEM blocks and nothing else; undefined when it is not, or has none. */
function pemLabels(text: string): string[] | undefined {
  const labels: string[] = [];
  let open: string | undefined;
  let lines = 0;
  for (const line of text.trimEnd().split(/\r?\n/)) {
    const [, edge, label] = /^-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----$/.exec(line) ?? [];
    if (open === undefined) {
      if (edge !== 'BEGIN') return undefined;
      open = label!;
      lines = 0;
    } else if (edge === undefined) {
      if (!BASE64_LINE.test(line)) return undefined;
      lines += 1;
    } else {
      if (edge !== 'END' || label !== open || lines === 0) return undefined;
      labels.push(open);
      open = undefined;
    }
  }
  return open === undefined && labels.length > 0 ? labels : undefined;
}
