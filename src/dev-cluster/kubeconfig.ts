// The kubeconfig by which kubectl and Kubernetes clients reach the dev cluster.
import { chmodSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';

export interface KubeconfigFacts { url: string; caPem: string; token: string; user: string; namespace?: string }

export function renderKubeconfig({ url, caPem, token, user, namespace }: KubeconfigFacts): string {
  const cluster = 'ingress-arbiter-dev';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user, namespace: namespace ?? 'default' } }],
    'current-context': cluster,
  });
}

/** Only the owner may read it: it carries a token. */
export function writeKubeconfig(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  // The mode above counts only for a new file.
  chmodSync(file, 0o600);
}
