// One controller instance: watches the cluster, holds the claims of its classes, lets the core decide, and carries out what
// is decided: tables to the engine, statuses to the API. It decides nothing itself and is safe to kill at any moment.

import { announceStandby } from './announce-standby.js';
import { controllerReadings } from './controller-readings.js';
import { countIngresses } from './count-ingresses.js';
import { decideSoon } from './decide-soon.js';
import { engineReadings } from './engine-readings.js';
import { type HeldClaim, attachEngine, holdClaim, installationOf, refusalsOf } from './hold-claim.js';
import { certificateInspector } from './inspect-certificate.js';
import type { TableSink } from './publish-table.js';
import { reportBugs } from './report-bugs.js';
import { reportFindings } from './report-findings.js';
import { startEvents } from './start-events.js';
import { startHandOvers } from './start-hand-overs.js';
import { startStatuses } from './start-statuses.js';
import { startAlarm, steadyTime } from './steady-time.js';
import { type ClaimWatch, watchClaims } from './watch-claims.js';
import { watchCluster } from './watch-cluster.js';
import { watchParameters } from './watch-parameters.js';
import { workSoon } from './work-soon.js';
import { type Arbiter, type ArbiterChanges, createArbiter } from '../core/arbiter.js';
import { type Claim, claimName } from '../core/claim.js';
import { type ClassClaim, conflictFindings, conflictKinds } from '../core/class-claims.js';
import type { Finding } from '../core/finding.js';
import { planEvents, takenEvent } from '../core/plan-events.js';
import { refusalFindings } from '../core/refusal-findings.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import type { Metrics } from '../metrics/metrics.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string) => void;

export interface ControllerOptions {
  claims: readonly Claim[];
  api: KubeApi;
  /** The engine in the same process, if there is one; others come and go by themselves (see sources). */
  sink?: TableSink;
  metrics: Metrics;
  log: Log;
  /** Where the Leases of the claims are. */
  leaseNamespace: string;
  /** Tells apart installations that share a namespace of Leases; all processes with one configuration have the same. */
  installation?: string;
  /** Names of the listeners that serve a class, to tell others. */
  listenersOf?: (className: string) => readonly string[];
  /** Statuses that are written a second at most, after a burst of four times as many; 5 unless given. */
  statusWritesPerSecond?: number;
  /** Names this process among all that may hold a claim; differs from one start to the next. */
  identity: string;
}

export interface Controller {
  /** Resolves when the whole cluster has been seen once. Rejects when stopped before. */
  synced: Promise<void>;
  /** Undefined when every claim that is held is also served; else what is missing, in words. */
  notReady(): string | undefined;
  /** Whether it holds none of its claims: others do, or nobody yet. */
  isStandby(): boolean;
  /** Who holds, waits for and disputes each class. */
  claims(): readonly ClassClaim[];
  /** What engines elsewhere attach to, by the name of the table (that of the class, or of this process's share of it). */
  sources: ReadonlyMap<string, EngineSource>;
  /** What is decided, for explain and tests. */
  arbiter: Arbiter;
  /** Hands the claims back and ends everything. What the engine serves stays. */
  stop(): Promise<void>;
}

const REPORT_GAP_MS = 250;

/** Starts a controller instance; it runs until stopped. */
export function startController(options: ControllerOptions): Controller {
  const { api, log, metrics, leaseNamespace } = options;
  const arbiter = createArbiter(options.claims.map((claim) => ({ parametersNamespace: leaseNamespace, ...claim })), certificateInspector(() => Date.now()));
  const now = steadyTime();
  const held = options.claims.map((claim) => holdClaim(options, claim, { onAcquired: () => decide.ask(), onQuarantine: () => report.ask(), onEngine: () => handOvers.engines.ask(), now }));
  const alarm = startAlarm(now, () => decide.ask());
  const count = countIngresses(metrics, arbiter.plans);
  const tellFindings = reportFindings(log, arbiter);
  const events = startEvents(options, held, (ingress) => watches.watches.ingresses.get(ingress));
  const allFindings = (): Finding[] => [...arbiter.findings(), ...refusalFindings(refusalsOf(held), arbiter)];
  const report = workSoon(() => {
    // Of half a decision nothing is told: the other half may mend it.
    if (decide.isUnderWay) return;
    const findings = allFindings();
    tellFindings([...findings, ...conflictFindings(claims.claims)]);
    events.standing(planEvents(findings, arbiter));
  }, REPORT_GAP_MS);
  let begun = false;
  let unread: string[] = [];
  const carryOut = (changes: ArbiterChanges, since: number | undefined): void => {
    parameters.prune();
    for (const { claim, fanOut } of held) fanOut.publish(arbiter.tables.get(claim.class)!, changes.entries.get(claim.class) ?? [], since);
    statuses.bring(changes.statuses);
    reportChanges(options, changes);
    // What is there at the start has been taken before, by whoever held the claim.
    for (const { ingress } of begun ? changes.taken : []) events.happened(takenEvent(ingress, arbiter.plans.get(ingress)!));
    begun = true;
    count(changes.ingresses);
    alarm.set(earliest(changes.wakeAt, handOvers.wakeAt()));
    if (handOvers.carryOut(changes.handOvers)) decide.ask();
    report.ask();
  };
  const decide = decideSoon(arbiter, {
    now, carryOut, begin: () => handOvers.prepare(claims), hold: () => { for (const { fanOut } of held) fanOut.hold(); },
    isKnown: () => {
      // Before everything has been seen once, an Ingress may look as if it had lost its class, Service or Secret.
      unread = watches.isSynced ? parameters.follow().map((key) => `ConfigMap ${key}`) : [];
      return watches.isSynced && unread.length === 0;
    },
  });
  const watches = watchCluster(arbiter, { api, log, onChange: decide.seen });
  const parameters = watchParameters(arbiter, { api, log, onChange: decide.seen });
  const claims = watchOwnClaims(options, held, { onChange: () => report.ask(), onKnown: () => decide.ask() });
  const handOvers = startHandOvers(options, { held, arbiter, now, decide });
  const removals = [controllerReadings(options.claims, { arbiter, findings: allFindings, cluster: watches, leases: claims }), engineReadings(held)].map((source) => metrics.addSource(source));
  const statuses = startStatuses(options, { held, arbiter, find: (ingress) => watches.watches.ingresses.get(ingress) });
  watches.synced.then(() => decide.ask(), () => undefined);
  return {
    synced: watches.synced,
    arbiter,
    sources: new Map(held.map((one) => [claimName(one.claim), engineSource(one)])),
    claims: () => claims.claims,
    isStandby: () => held.every(({ elector }) => !elector.isHolder()),
    notReady: () => notReady([...watches.waitingFor(), ...unread], held),
    async stop() {
      for (const one of [decide, report, alarm]) one.stop();
      for (const remove of removals) remove();
      await Promise.all([watches.stop(), parameters.stop(), statuses.stop(), handOvers.stop(), events.stop(), claims.stop(), ...held.map(({ elector }) => elector.release())]);
    },
  };
}

function earliest(...times: (number | undefined)[]): number | undefined {
  return times.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a));
}

function reportChanges(options: ControllerOptions, { failures, foreignWrites }: ArbiterChanges): void {
  reportBugs(options, failures);
  for (const { class: name } of foreignWrites) options.metrics.add('foreignStatusWrites', [name]);
}

/** One table as engines elsewhere get it. */
export interface EngineSource {
  /** Adds an engine that has taken updates up to `afterSequence`; returns what removes it again. */
  attach(engine: string, sink: TableSink, afterSequence: number): () => void;
  /** 'here', or the identity of whoever holds the claim; undefined when nobody is known to. */
  holder(): string | undefined;
}

function engineSource(held: HeldClaim): EngineSource {
  const { elector } = held;
  return {
    attach: (name, sink, afterSequence) => attachEngine(held, { name, sink, afterSequence }),
    holder: () => (elector.isHolder() ? 'here' : elector.holder === '' ? undefined : elector.holder),
  };
}

/** Sees who else claims what we do, tells of it and lets the electors look at once when their Lease changes. */
function watchOwnClaims(options: ControllerOptions, held: readonly HeldClaim[], { onChange, onKnown }: { onChange: () => void; onKnown: () => void }): ClaimWatch {
  const { api, identity, log, metrics } = options;
  const installation = installationOf(options);
  const standby = announceStandby({ api, identity, installation: installation.name, log });
  const watch = watchClaims({
    api, installation, identity, held, log, onKnown, onOwnLease: standby.take,
    onChange: (claims) => {
      for (const { class: name, conflicts } of claims) {
        for (const kind of conflictKinds) metrics.set('classConflicts', [name, kind], conflicts.filter((one) => one.kind === kind).length);
      }
      onChange();
    },
  });
  return {
    get claims() { return watch.claims; }, get watch() { return watch.watch; }, heartbeat: watch.heartbeat, isKnown: watch.isKnown, neighbours: watch.neighbours,
    async stop() { await Promise.all([standby.stop(), watch.stop()]); },
  };
}

function notReady(waitingFor: readonly string[], held: readonly HeldClaim[]): string | undefined {
  if (waitingFor.length > 0) return `waiting for the first list of ${waitingFor.join(', ')}`;
  const unheld = held.filter(({ elector }) => elector.holder === undefined || elector.holder === '');
  if (unheld.length > 0) return `waiting for somebody to hold ${unheld.map(({ claim }) => claim.class).join(', ')}`;
  const unserved = held.filter(({ elector, fanOut }) => elector.isHolder() && fanOut.engines().some(({ served }) => !served));
  return unserved.length === 0 ? undefined : `waiting for the engine to serve ${unserved.map(({ claim }) => claim.class).join(', ')}`;
}
