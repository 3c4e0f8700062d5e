// What `dev` runs with: two classes side by side on one engine, everything on loopback, everything that it writes in one
// folder that the checkout ignores.

import path from 'node:path';
import { type Claim, claimOf } from '../../core/claim.js';

export interface DevSettings {
  /** Folder for the kubeconfig and nginx's files. */
  workDirectory: string;
  apiPort: number;
  adminPort: number;
  ports: { external: { http: number; https: number }; internal: { http: number; https: number } };
  /** Networks of proxies that speak the PROXY protocol to a listener; left out: nobody does. */
  proxyProtocolFrom?: { external?: string[]; internal?: string[] };
  /** Listeners that let TLS pass to backends (annotation ssl-passthrough). */
  sslPassthrough?: { external?: boolean; internal?: boolean };
  /** File for a log of requests; left out: none is kept. */
  accessLog?: string;
  /** Who is asked for names outside of the cluster; left out: those of the system. */
  nameServers?: string[];
  /** Show the traffic under ingress-nginx's names, too. */
  familiarNames: boolean;
}

export const external = 'nginx-external';
export const internal = 'nginx-internal';

/** Namespace of the claims' Leases. */
export const leaseNamespace = 'ingress-arbiter';

export function defaultDevSettings(workDirectory: string): DevSettings {
  return {
    workDirectory: path.resolve(workDirectory), apiPort: 16443, adminPort: 10254,
    ports: { external: { http: 8080, https: 8443 }, internal: { http: 9080, https: 9443 } },
    familiarNames: true,
  };
}

/** The two claims, one for each controller instance. Names that resolve to loopback stand for two load balancers. */
export function devClaims({ sslPassthrough = {} }: Pick<DevSettings, 'sslPassthrough'> = {}): Claim[] {
  const common = (name: 'external' | 'internal'): Partial<Claim> => ({ allowLoopbackEndpoints: true, ...(sslPassthrough[name] === true && { sslPassthrough: true }) });
  return [
    claimOf(internal, { addresses: [{ hostname: `${internal}.localhost` }], ...common('internal') }),
    claimOf(external, { annotationValues: ['nginx'], addresses: [{ hostname: `${external}.localhost` }], ...common('external') }),
  ];
}

/** Settings of the engine that serves both. Sample workloads listen on loopback, so that is allowed here and only here. */
export function devEngineSettings({ workDirectory, ports, proxyProtocolFrom, sslPassthrough, accessLog, nameServers, familiarNames }: DevSettings): object {
  const listener = (name: 'external' | 'internal', className: string): object => {
    const proxies = proxyProtocolFrom?.[name];
    return { name, address: '127.0.0.1', httpPort: ports[name].http, httpsPort: ports[name].https, classes: [className], ...(proxies && { proxyProtocolFrom: proxies }), ...(sslPassthrough?.[name] === true && { sslPassthrough: true }) };
  };
  return {
    workDirectory: path.join(workDirectory, 'nginx'),
    listeners: [listener('external', external), listener('internal', internal)],
    allowLoopbackEndpoints: true, ...(accessLog === undefined ? {} : { accessLog }), ...(nameServers === undefined ? {} : { nameServers }),
    // As root nginx's workers would become nobody, who can't reach a checkout below a private home.
    ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
    limits: { drainSeconds: 2 },
    metrics: { histogramsPerIngress: true, ingressNginxNames: familiarNames },
  };
}
