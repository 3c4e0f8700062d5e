// One class of a controller instance: its claim, and the table that goes to the engines while the claim is held.

import { type EnginePresence, createEnginePresence } from './engine-presence.js';
import { type EngineTraffic, createEngineTraffic } from './engine-traffic.js';
import type { PublishOutcome, TableSink } from './publish-table.js';
import { TableFanOut } from './table-fan-out.js';
import type { ControllerOptions } from './controller.js';
import { type Claim, claimName } from '../core/claim.js';
import { type Installation, claimMarks, termsOf } from '../core/claim-record.js';
import { handOverStepNames } from '../core/hand-over/next-record.js';
import type { EngineRefusal } from '../core/refusal-findings.js';
import { type LeaseElector, startLeaseElector } from '../kubernetes/lease.js';

export interface HeldClaim {
  claim: Claim;
  elector: LeaseElector;
  fanOut: TableFanOut;
  traffic: EngineTraffic;
  presence: EnginePresence;
}

/**
 * How far beyond ours an engine's epoch is believed. Epochs come to an end (int32): an engine in foreign hands must not bring
 * a class there.
 */
const MOST_EPOCHS_AHEAD = 100_000;

function isPlausible({ epoch, newerEpoch }: PublishOutcome & { applied: false }): boolean {
  return newerEpoch !== undefined && newerEpoch - epoch <= MOST_EPOCHS_AHEAD;
}

/** Name of the engine in the same process. */
const ownEngine = 'here';

export interface ClaimHooks {
  /** The claim is won. */
  onAcquired: () => void;
  /** Some engine refuses other entries than before. */
  onQuarantine: () => void;
  /** An engine has come or gone, has answered, or has told of requests. */
  onEngine: () => void;
  /** The clock of the decisions. */
  now: () => number;
}

/** Starts to seek the claim. */
export function holdClaim(options: ControllerOptions, claim: Claim, { onAcquired, onQuarantine, onEngine, now }: ClaimHooks): HeldClaim {
  const { log, metrics } = options;
  const presence = createEnginePresence({ now, awaits: options.sink === undefined });
  const traffic = createEngineTraffic({ class: claimName(claim), now, onReport: onEngine });
  const elector = startLeaseElector({
    api: options.api, namespace: options.leaseNamespace, name: claimName(claim), identity: options.identity,
    marks: claimMarks(installationOf(options), termsOf(claim, options.listenersOf?.(claim.class))),
    onAcquired: (epoch) => {
      log('info', `class ${claim.class}: holds the claim (epoch ${epoch})`);
      metrics.set('claimHeld', [claim.class], 1);
      metrics.set('claimEpoch', [claim.class], epoch);
      metrics.add('claimChanges', [claim.class, 'acquired']);
      presence.begin();
      onAcquired();
    },
    onLost: (reason) => {
      log(reason === 'released' ? 'info' : 'warn', `class ${claim.class}: gives the claim up (${reason})`);
      metrics.set('claimHeld', [claim.class], 0);
      metrics.add('claimChanges', [claim.class, reason]);
      if (reason !== 'epoch-raised') fanOut.release();
    },
    onFault: (error) => log('warn', `class ${claim.class}: ${error.message}`),
  });
  let quarantined = 0;
  const fanOut = new TableFanOut({
    class: claimName(claim),
    epoch: () => (elector.isHolder() ? elector.epoch : undefined),
    pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
    onServed: (since) => metrics.observe('changeToServed', [claim.class], (performance.now() - since) / 1000),
    onOutcome: (engine, outcome) => {
      // Our Lease was made anew and counts from its beginning again; the engine remembers the one before it.
      if (!outcome.applied && isPlausible(outcome)) elector.raiseEpoch(outcome.newerEpoch!);
      tellOutcome(options, claim, { engine, outcome });
      const before = quarantined;
      quarantined = fanOut.quarantined();
      if (before !== quarantined || (!outcome.applied && outcome.refused !== undefined)) onQuarantine();
      onEngine();
    },
  });
  const held = { claim, elector, fanOut, traffic, presence };
  if (options.sink !== undefined) attachEngine(held, { name: ownEngine, sink: options.sink, afterSequence: 0 });
  beginAtZero(options, claim.class);
  return held;
}

/** Adds an engine to a claim; returns what takes it away. */
export function attachEngine({ fanOut, traffic, presence }: HeldClaim, { name, sink, afterSequence }: { name: string; sink: TableSink; afterSequence: number }): () => void {
  traffic.attach(name, sink);
  presence.come(name);
  const detach = fanOut.attach(name, sink, afterSequence);
  return () => {
    detach();
    traffic.detach(name, sink);
    if (!fanOut.engines().some(({ engine }) => engine === name)) presence.go(name);
  };
}

/** A counter that appears with its first event has not grown, for whoever watches it. */
function beginAtZero({ metrics }: ControllerOptions, name: string): void {
  metrics.set('claimHeld', [name], 0);
  metrics.add('claimChanges', [name, 'acquired'], 0);
  metrics.add('foreignStatusWrites', [name], 0);
  for (const result of ['applied', 'refused', 'without-entries']) metrics.add('tableUpdates', [name, result], 0);
  for (const result of ['written', 'failed']) metrics.add('statusWrites', [name, result], 0);
  for (const step of handOverStepNames) metrics.add('handOverSteps', [name, step, 'written'], 0);
}

/** What engines refuse of the tables that are held here. */
export function refusalsOf(held: readonly HeldClaim[]): EngineRefusal[] {
  return held.filter(({ elector, fanOut }) => elector.isHolder() && fanOut.quarantined() > 0).flatMap(({ claim, fanOut }) =>
    fanOut.states().flatMap(({ engine, quarantined }) => quarantined.map((entry) => ({ class: claim.class, engine, ...entry }))));
}

/** The installation that a controller belongs to. */
export function installationOf({ installation = 'default', leaseNamespace }: Pick<ControllerOptions, 'installation' | 'leaseNamespace'>): Installation {
  return { name: installation, namespace: leaseNamespace };
}

function tellOutcome({ log, metrics }: ControllerOptions, claim: Claim, { engine, outcome }: { engine: string; outcome: PublishOutcome }): void {
  const who = engine === ownEngine ? 'the engine' : `engine ${engine}`;
  metrics.add('tableUpdates', [claim.class, outcome.applied ? 'applied' : outcome.refused === undefined ? 'refused' : 'without-entries']);
  if (!outcome.applied) {
    if (outcome.refused === undefined) return log('error', `class ${claim.class}: ${who} does not take the table: ${outcome.reason}`);
    return log('warn', `class ${claim.class}: ${who} gets the table without ${outcome.refused.length} entries that it refuses: ${outcome.reason}`);
  }
  metrics.set('tableEntries', [claim.class], outcome.entries);
  const { set, removed, entries, epoch, sequence } = outcome;
  metrics.set('tableSequence', [claim.class], sequence);
  log('info', `class ${claim.class}: ${set} set, ${removed} removed, ${entries} entries served${engine === ownEngine ? '' : ` by ${engine}`} (epoch ${epoch}, sequence ${sequence})`);
}
