// The controller as a program of its own: holds the claims of its classes and gives their tables to every engine that asks
// over mutual TLS. It takes no traffic and knows no nginx.

import { programVersion } from '../program-version.js';
import { startInstance } from '../installation/start-instance.js';
import type { Log } from '../../controller/controller.js';
import type { Claim } from '../../core/claim.js';
import type { Installation } from '../../core/claim-record.js';
import { adminApp } from '../../http/admin-app.js';
import { listen } from '../../http/listen.js';
import { type TlsListenerFiles, listenSecurely } from '../../http/listen-securely.js';
import { type TableSource, tableStreamApp } from '../../http/table-stream-app.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import { createMetrics } from '../../metrics/metrics.js';

export interface ControllerProgramSettings {
  claims: readonly Claim[];
  installation: Installation;
  kubeconfig: KubeConfigSource;
  admin: { address: string; port: number };
  stream: {
    address: string;
    port: number;
    /** Base address (https://host:port) at which engines reach this very process; the listener's own unless given. */
    advertise?: string;
    tls: TlsListenerFiles;
  };
  /** Unique to this start of this process. */
  identity: string;
}

export interface ControllerProgram {
  adminPort: number;
  streamPort: number;
  stop(): Promise<void>;
}

/** Starts the program; what had started is ended again when a part fails. */
export async function startControllerProgram(settings: ControllerProgramSettings, log: Log): Promise<ControllerProgram> {
  const { claims, installation, kubeconfig, admin, stream } = settings;
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end().catch((error: Error) => log('error', `did not end cleanly: ${error.message}`));
  };
  const sources = new Map<string, TableSource>();
  try {
    const listener = await listenSecurely(tableStreamApp(sources), {
      host: stream.address, port: stream.port, files: stream.tls, onProblem: (message) => log('warn', message),
    });
    ends.push(() => listener.close());
    const address = stream.advertise ?? `https://${stream.address}:${listener.port}`;
    const metrics = createMetrics({ readings: async () => [], version: programVersion(), nodeVersion: process.versions.node });
    const instance = await startInstance({ claims, installation, kubeconfig, metrics, log, identity: identityAt(address, settings.identity) });
    ends.push(() => instance.stop());
    for (const [name, source] of instance.controller.sources) {
      sources.set(name, { attach: (engine, sink, after) => source.attach(engine, sink, after), holder: () => holderOf(source.holder()) });
    }
    const health = await listen(adminApp({
      metrics: (request) => metrics.render(request), classes: claims.map((claim) => claim.class), notReady: () => instance.controller.notReady(),
    }), admin.address, admin.port);
    ends.push(() => health.close());
    return { adminPort: health.port, streamPort: listener.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The identity in the Lease says where the holder is, so that a standby can send engines on. */
function identityAt(address: string, identity: string): string {
  return `${address} ${identity}`;
}

/** Whoever may write Leases may write anything here; an engine goes on only to one whose certificate may publish the class. */
function holderOf(identity: string | undefined): ReturnType<TableSource['holder']> {
  if (identity === undefined || identity === 'here') return identity;
  const [address] = /^https:\/\/[^ /?#@]{1,253}(?= )/.exec(identity) ?? [];
  return address === undefined ? undefined : { address };
}
