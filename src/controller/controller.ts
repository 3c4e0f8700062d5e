// One controller instance: watches the cluster, holds the claims of its classes, lets the core decide, and carries out what
// is decided: tables to the engine, statuses to the API. It decides nothing itself and is safe to kill at any moment.

import { countIngresses } from './count-ingresses.js';
import { type HeldClaim, holdClaim } from './hold-claim.js';
import { certificateInspector } from './inspect-certificate.js';
import type { TableSink } from './publish-table.js';
import { reportFindings } from './report-findings.js';
import { startEvents } from './start-events.js';
import { startStatuses } from './start-statuses.js';
import { startAlarm, steadyTime } from './steady-time.js';
import { watchCluster } from './watch-cluster.js';
import { watchParameters } from './watch-parameters.js';
import { workSoon } from './work-soon.js';
import { type Arbiter, createArbiter } from '../core/arbiter.js';
import type { Claim } from '../core/claim.js';
import { planEvents, takenEvent } from '../core/plan-events.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
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
  const { api, log, metrics, leaseNamespace } = options;
  const arbiter = createArbiter(options.claims.map((claim) => ({ parametersNamespace: leaseNamespace, ...claim })), certificateInspector(() => Date.now()));
  const held = options.claims.map((claim) => holdClaim(options, claim, () => decide.ask()));
  const now = steadyTime();
  const alarm = startAlarm(now, () => decide.ask());
  const count = countIngresses(metrics, arbiter.plans);
  const tellFindings = reportFindings(log, arbiter.plans);
  const events = startEvents(options, held, (ingress) => watches.watches.ingresses.get(ingress));
  const report = workSoon(() => {
    const findings = arbiter.findings();
    tellFindings(findings);
    events.standing(planEvents(findings, arbiter.plans));
  }, REPORT_GAP_MS);
  let begun = false;
  let unread: string[] = [];
  const decide = workSoon(() => {
    // Before everything has been seen once, an Ingress may look as if it had lost its class, Service or Secret.
    if (!watches.isSynced) return;
    unread = parameters.follow().map((key) => `ConfigMap ${key}`);
    if (unread.length > 0) return;
    const changes = arbiter.settle(now());
    parameters.prune();
    for (const { claim, publisher } of held) void publisher.publish(arbiter.tables.get(claim.class)!, changes.entries.get(claim.class) ?? []);
    statuses.bring(arbiter.statusWrites.values());
    for (const { class: name } of changes.foreignWrites) metrics.add('foreignStatusWrites', [name]);
    // What is there at the start has been taken before, by whoever held the claim.
    for (const { ingress } of begun ? changes.taken : []) events.happened(takenEvent(ingress, arbiter.plans.get(ingress)!));
    begun = true;
    count(changes.ingresses);
    alarm.set(changes.wakeAt);
    report.ask();
  }, DECIDE_GAP_MS);
  const watches = watchCluster(arbiter, { api, log, onChange: () => decide.ask() });
  const parameters = watchParameters(arbiter, { api, log, onChange: () => decide.ask() });
  const statuses = startStatuses(options, { held, arbiter, find: (ingress) => watches.watches.ingresses.get(ingress) });
  watches.synced.then(() => decide.ask(), () => undefined);
  return {
    synced: watches.synced,
    arbiter,
    notReady: () => notReady([...watches.waitingFor(), ...unread], held),
    async stop() {
      for (const one of [decide, report, alarm]) one.stop();
      await Promise.all([watches.stop(), parameters.stop(), statuses.stop(), events.stop(), ...held.map(({ elector }) => elector.release())]);
    },
  };
}

function notReady(waitingFor: readonly string[], held: readonly HeldClaim[]): string | undefined {
  if (waitingFor.length > 0) return `waiting for the first list of ${waitingFor.join(', ')}`;
  const unheld = held.filter(({ elector }) => elector.holder === undefined || elector.holder === '');
  if (unheld.length > 0) return `waiting for somebody to hold ${unheld.map(({ claim }) => claim.class).join(', ')}`;
  const unserved = held.filter(({ elector, served }) => elector.isHolder() && !served);
  return unserved.length === 0 ? undefined : `waiting for the engine to serve ${unserved.map(({ claim }) => claim.class).join(', ')}`;
}
