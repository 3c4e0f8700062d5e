// One controller instance: watches the cluster, holds the claims of its classes, lets the core decide, and carries out what
// is decided: tables to the engine, statuses to the API. It decides nothing itself and is safe to kill at any moment.

import { controllerReadings } from './controller-readings.js';
import { countIngresses } from './count-ingresses.js';
import { type HeldClaim, holdClaim } from './hold-claim.js';
import { certificateInspector } from './inspect-certificate.js';
import type { TableSink } from './publish-table.js';
import { reportFindings } from './report-findings.js';
import { watchCluster } from './watch-cluster.js';
import { workSoon } from './work-soon.js';
import { type Arbiter, createArbiter } from '../core/arbiter.js';
import type { Claim } from '../core/claim.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import type { LeaseElector } from '../kubernetes/lease.js';
import { type StatusWriter, startStatusWriter } from '../kubernetes/status-writer.js';
import type { Metrics } from '../metrics/metrics.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

export interface ControllerOptions {
  claims: readonly Claim[];
  api: KubeApi;
  sink: TableSink;
  metrics: Metrics;
  log: Log;
  /** Where the Leases of the claims are. */
  leaseNamespace: string;
  /** Names this process among all that may hold a claim; differs from one start to the next. */
  identity: string;
}

export interface Controller {
  /** Resolves when the whole cluster has been seen once. Rejects when stopped before. */
  synced: Promise<void>;
  /** Undefined when every claim that is held is also served; else what is missing, in words. */
  notReady(): string | undefined;
  /** What is decided, for explain and tests. */
  arbiter: Arbiter;
  /** Hands the claims back and ends everything. What the engine serves stays. */
  stop(): Promise<void>;
}

/** A change is served at once; the log may come after it. */
const DECIDE_GAP_MS = 5;
const REPORT_GAP_MS = 250;

/** Starts a controller instance; it runs until stopped. */
export function startController(options: ControllerOptions): Controller {
  const arbiter = createArbiter(options.claims, certificateInspector(() => Date.now()));
  const held = options.claims.map((claim) => holdClaim(options, claim, () => decide.ask()));
  const count = countIngresses(options.metrics, arbiter.plans);
  const tellFindings = reportFindings(options.log, arbiter.plans);
  const report = workSoon(() => tellFindings(arbiter.findings()), REPORT_GAP_MS);
  /** When the oldest event came that is not decided yet. */
  let since: number | undefined;
  const decide = workSoon(() => {
    // Before everything has been seen once, an Ingress may look as if it had lost its class, Service or Secret.
    if (!watches.isSynced) return;
    const { entries, ingresses } = arbiter.settle();
    for (const { claim, publisher } of held) void publisher.publish(arbiter.tables.get(claim.class)!, entries.get(claim.class) ?? [], since);
    for (const { ingress, addresses } of arbiter.statusWrites.values()) statuses.want(watches.watches.ingresses.get(ingress)!, [...addresses]);
    since = undefined;
    count(ingresses);
    report.ask();
  }, DECIDE_GAP_MS);
  const watches = watchCluster(arbiter, { api: options.api, log: options.log, onChange: () => {
    since ??= performance.now();
    decide.ask();
  } });
  const removeReadings = options.metrics.addSource(controllerReadings(options.claims, arbiter, watches));
  const statuses = startStatuses(options, held, arbiter);
  watches.synced.then(() => decide.ask(), () => undefined);
  return {
    synced: watches.synced,
    arbiter,
    notReady: () => notReady(watches.waitingFor(), held),
    async stop() {
      decide.stop();
      report.stop();
      removeReadings();
      await Promise.all([watches.stop(), statuses.stop(), ...held.map(({ elector }) => elector.release())]);
    },
  };
}

/** Statuses are written in the name of a class, and only while its claim is held. */
function startStatuses({ api, metrics, log }: ControllerOptions, held: readonly HeldClaim[], { plans, statusWrites }: Arbiter): StatusWriter {
  const classOf = (key: string): string | undefined => statusWrites.get(key)?.class ?? plans.get(key)?.ownership.owner;
  const electorOf = ({ metadata }: { metadata: { namespace?: string; name: string } }): LeaseElector | undefined =>
    held.find(({ claim }) => claim.class === classOf(`${metadata.namespace}/${metadata.name}`))?.elector;
  return startStatusWriter({
    api,
    mayWrite: (ingress) => electorOf(ingress)?.isHolder() ?? false,
    remainingMs: (ingress) => electorOf(ingress)?.remainingMs() ?? 0,
    onResult: ({ key, result, error }) => {
      metrics.add('statusWrites', [classOf(key) ?? '', result]);
      if (result === 'failed') log('warn', `status of Ingress ${key}: ${error?.message ?? 'not written'}`);
    },
  });
}

function notReady(waitingFor: readonly string[], held: readonly HeldClaim[]): string | undefined {
  if (waitingFor.length > 0) return `waiting for the first list of ${waitingFor.join(', ')}`;
  const unknown = held.filter(({ elector }) => elector.holder === undefined);
  if (unknown.length > 0) return `waiting to see who holds ${unknown.map(({ claim }) => claim.class).join(', ')}`;
  const unserved = held.filter(({ elector, served }) => elector.isHolder() && !served);
  return unserved.length === 0 ? undefined : `waiting for the engine to serve ${unserved.map(({ claim }) => claim.class).join(', ')}`;
}
