// A certificate authority and a server certificate for 127.0.0.1, made anew for every server.
import { generate } from 'selfsigned';

export interface ServerIdentity { caPem: string; certPem: string; keyPem: string }

const YEAR_MS = 365 * 24 * 3600 * 1000;

export async function createServerIdentity(): Promise<ServerIdentity> {
  // A minute back: the clock of a client in another container may be a little behind.
  const validity = { notBeforeDate: new Date(Date.now() - 60_000), notAfterDate: new Date(Date.now() + YEAR_MS) };
  const common = { keyType: 'ec', algorithm: 'sha256', ...validity } as const;
  const ca = await generate([{ name: 'commonName', value: 'ingress-arbiter dev cluster CA' }], {
    ...common,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }],
  });
  const server = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }, { type: 2, value: 'localhost' }, { type: 2, value: 'kubernetes.default.svc' }] },
    ],
  });
  return { caPem: ca.cert, certPem: server.cert, keyPem: server.private };
}
