// The controller as a program of its own: holds the claims of its classes and gives their tables to every engine that asks
// over mutual TLS. It takes no traffic and knows no nginx.

import { startInstance } from '../installation/start-instance.js';
import type { Controller, Log } from '../../controller/controller.js';
import type { Claim } from '../../core/claim.js';
import type { Installation } from '../../core/claim-record.js';
import { adminApp } from '../../http/admin-app.js';
import { admissionApp } from '../../http/admission-app.js';
import { type Listening, listen } from '../../http/listen.js';
import { type TlsListenerFiles, listenSecurely } from '../../http/listen-securely.js';
import { type TableSource, tableStreamApp } from '../../http/table-stream-app.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import { controllerMetrics } from '../installation/admin-metrics.js';
import { ownCertificateReadings } from '../installation/own-certificates.js';

export interface ControllerProgramSettings {
  claims: readonly Claim[];
  installation: Installation;
  kubeconfig: KubeConfigSource;
  admin: { address: string; port: number };
  /** See ControllerOptions. */
  statusWritesPerSecond?: number;
  stream: {
    address: string;
    port: number;
    /** Base address (https://host:port) at which engines reach this very process; the listener's own unless given. */
    advertise?: string;
    tls: Required<TlsListenerFiles>;
  };
  /** Port at which the API server asks about Ingresses before it stores them, with the stream's certificate; none unless given. */
  admission?: number;
  /** Unique to this start of this process. */
  identity: string;
}

export interface ControllerProgram {
  adminPort: number;
  streamPort: number;
  /** Undefined without admission. */
  admissionPort: number | undefined;
  stop(): Promise<void>;
}

/** How long a question may take to arrive; the answer is there at once. */
const ADMISSION_SECONDS = 2;

/** Starts the program; what had started is ended again when a part fails. */
export async function startControllerProgram(settings: ControllerProgramSettings, log: Log): Promise<ControllerProgram> {
  const { claims, installation, kubeconfig, admin, stream, statusWritesPerSecond } = settings;
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end().catch((error: Error) => log('error', `did not end cleanly: ${error.message}`));
  };
  const sources = new Map<string, TableSource>();
  try {
    const onProblem = (message: string): void => log('warn', message);
    const listener = await listenSecurely(tableStreamApp(sources, { onProblem }), { host: stream.address, port: stream.port, files: stream.tls, onProblem });
    ends.push(() => listener.close());
    const address = stream.advertise ?? `https://${stream.address}:${listener.port}`;
    const metrics = controllerMetrics(ownCertificateReadings({ files: stream.tls, program: 'controller', claims: claims.map((claim) => claim.class) }));
    const instance = await startInstance({ claims, installation, kubeconfig, metrics, log, ...(statusWritesPerSecond === undefined ? {} : { statusWritesPerSecond }), identity: identityAt(address, settings.identity) });
    ends.push(() => instance.stop());
    for (const [name, source] of instance.controller.sources) {
      sources.set(name, { attach: (engine, sink, after) => source.attach(engine, sink, after), holder: () => holderOf(source.holder()) });
    }
    const health = await listen(adminApp({ metrics: (request) => metrics.render(request), classes: claims.map((claim) => claim.class), notReady: () => instance.controller.notReady() }), admin.address, admin.port);
    ends.push(() => health.close());
    const admission = settings.admission === undefined ? undefined : await listenForReviews({ stream, port: settings.admission }, instance.controller, log);
    if (admission !== undefined) ends.push(() => admission.close());
    return { adminPort: health.port, streamPort: listener.port, admissionPort: admission?.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The API server gives no certificate unless it is told to: what it is answered is no secret, and a question changes nothing. */
function listenForReviews({ stream: { address, tls: { certificate, key } }, port }: { stream: ControllerProgramSettings['stream']; port: number }, controller: Controller, log: Log): Promise<Listening> {
  let synced = false;
  controller.synced.then(() => { synced = true; }, () => undefined);
  const app = admissionApp({ review: (write) => (synced ? controller.arbiter.review(write) : undefined) });
  return listenSecurely(app, { host: address, port, files: { certificate, key }, requestSeconds: ADMISSION_SECONDS, onProblem: (message) => log('warn', message) });
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
