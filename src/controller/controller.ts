// One controller instance: watches the cluster, holds the claims of its classes, lets the core decide, and carries out what
// is decided: tables to the engine, statuses to the API. It decides nothing itself and is safe to kill at any moment.

import { certificateInspector } from './inspect-certificate.js';
import { keepSnapshot, snapshotWatches } from './keep-snapshot.js';
import { type PublishOutcome, type TableSink, TablePublisher } from './publish-table.js';
import { workSoon } from './work-soon.js';
import type { Claim } from '../core/claim.js';
import { type Decision, decide } from '../core/decide.js';
import { renderFinding } from '../core/finding.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import { type LeaseElector, startLeaseElector } from '../kubernetes/lease.js';
import { startWatches } from '../kubernetes/start-watches.js';
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
  /** The last decision, for explain and tests. */
  decision(): Decision | undefined;
  /** Hands the claims back and ends everything. What the engine serves stays. */
  stop(): Promise<void>;
}

interface Held {
  claim: Claim;
  elector: LeaseElector;
  publisher: TablePublisher;
  served: boolean;
}

/** Starts a controller instance; it runs until stopped. */
export function startController(options: ControllerOptions): Controller {
  const { api, log } = options;
  const inspect = certificateInspector(() => Date.now());
  const shown = new Set<string>();
  /** Class in whose name the status of an Ingress is written, by key. */
  const writers = new Map<string, string>();
  let decision: Decision | undefined;

  const held = options.claims.map((claim) => holdClaim(options, claim, () => soon.ask()));
  const soon = workSoon(() => {
    if (!watches.isSynced) return;
    decision = decide(kept.snapshot, options.claims, inspect);
    publishTables(options.metrics, held, decision);
    for (const { ingress, class: className, addresses } of decision.statusWrites) {
      writers.set(ingress, className);
      statuses.want(watches.watches.ingresses.get(ingress)!, [...addresses]);
    }
    logFindings(log, shown, decision);
  });
  const kept = keepSnapshot(() => soon.ask());
  const watches = startWatches({
    api, watches: snapshotWatches, onChange: (name, change) => kept.take(name, change),
    onFault: (name, fault) => log('warn', `watch of ${name}: ${fault.error instanceof Error ? fault.error.message : String(fault.error)}`),
  });
  const statuses = startStatuses(options, held, writers);
  watches.synced.then(() => soon.ask(), () => undefined);
  return {
    synced: watches.synced,
    notReady: () => notReady(watches.waitingFor(), held),
    decision: () => decision,
    async stop() {
      soon.stop();
      await Promise.all([watches.stop(), statuses.stop(), ...held.map(({ elector }) => elector.release())]);
    },
  };
}

function holdClaim(options: ControllerOptions, claim: Claim, onAcquired: () => void): Held {
  const { log, metrics } = options;
  const elector = startLeaseElector({
    api: options.api, namespace: options.leaseNamespace, name: claim.class, identity: options.identity,
    onAcquired: (epoch) => {
      log('info', `class ${claim.class}: holds the claim (epoch ${epoch})`);
      metrics.set('claimHeld', [claim.class], 1);
      onAcquired();
    },
    onLost: (reason) => {
      log('warn', `class ${claim.class}: gives the claim up (${reason})`);
      metrics.set('claimHeld', [claim.class], 0);
    },
    onFault: (error) => log('warn', `class ${claim.class}: ${error.message}`),
  });
  const publisher = new TablePublisher({
    class: claim.class, sink: options.sink,
    epoch: () => (elector.isHolder() ? elector.epoch : undefined),
    pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
    onOutcome: (outcome) => {
      entry.served = outcome.applied;
      tellOutcome(options, claim, outcome);
    },
  });
  const entry: Held = { claim, elector, publisher, served: false };
  metrics.set('claimHeld', [claim.class], 0);
  return entry;
}

function tellOutcome({ log, metrics }: ControllerOptions, claim: Claim, outcome: PublishOutcome): void {
  metrics.add('tableUpdates', [claim.class, outcome.applied ? 'applied' : 'refused']);
  if (!outcome.applied) return log('error', `class ${claim.class}: the engine refuses the table: ${outcome.reason}`);
  metrics.set('tableEntries', [claim.class], outcome.entries);
  const { set, removed, entries, epoch, sequence } = outcome;
  log('info', `class ${claim.class}: ${set} set, ${removed} removed, ${entries} entries served (epoch ${epoch}, sequence ${sequence})`);
}

/** Statuses are written in the name of a class, and only while its claim is held. */
function startStatuses({ api, metrics, log }: ControllerOptions, held: readonly Held[], writers: ReadonlyMap<string, string>): StatusWriter {
  const electorOf = (key: string): LeaseElector | undefined => held.find(({ claim }) => claim.class === writers.get(key))?.elector;
  return startStatusWriter({
    api,
    mayWrite: ({ metadata }) => electorOf(`${metadata.namespace}/${metadata.name}`)?.isHolder() ?? false,
    remainingMs: ({ metadata }) => electorOf(`${metadata.namespace}/${metadata.name}`)?.remainingMs() ?? 0,
    onResult: ({ key, result, error }) => {
      metrics.add('statusWrites', [writers.get(key) ?? '', result]);
      if (result === 'failed') log('warn', `status of Ingress ${key}: ${error?.message ?? 'not written'}`);
    },
  });
}

function publishTables(metrics: Metrics, held: readonly Held[], decision: Decision): void {
  for (const { claim, publisher } of held) {
    void publisher.publish(decision.tables.get(claim.class)!);
    for (const rule of ['field', 'annotation', 'classless'] as const) {
      const count = [...decision.ownership.values()].filter((one) => one.owner === claim.class && one.rule === rule).length;
      metrics.set('ingresses', [claim.class, rule], count);
    }
  }
}

/** Findings of the Ingresses that are served here, each once while it lasts. */
function logFindings(log: Log, shown: Set<string>, { findings, ownership }: Decision): void {
  const current = new Set<string>();
  for (const one of findings) {
    const owner = ownership.get(one.object.replace(/^Ingress /, ''))?.owner;
    if (owner === undefined && one.object.startsWith('Ingress ')) continue;
    const line = renderFinding(one);
    current.add(line);
    if (!shown.has(line)) log(one.severity === 'error' ? 'warn' : 'info', line);
  }
  shown.clear();
  for (const line of current) shown.add(line);
}

function notReady(waitingFor: readonly string[], held: readonly Held[]): string | undefined {
  if (waitingFor.length > 0) return `waiting for the first list of ${waitingFor.join(', ')}`;
  const unknown = held.filter(({ elector }) => elector.holder === undefined);
  if (unknown.length > 0) return `waiting to see who holds ${unknown.map(({ claim }) => claim.class).join(', ')}`;
  const unserved = held.filter(({ elector, served }) => elector.isHolder() && !served);
  return unserved.length === 0 ? undefined : `waiting for the engine to serve ${unserved.map(({ claim }) => claim.class).join(', ')}`;
}
