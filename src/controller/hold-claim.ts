// One class of a controller instance: its claim, and the table that goes to the engine while the claim is held.

import { type PublishOutcome, TablePublisher } from './publish-table.js';
import type { ControllerOptions } from './controller.js';
import type { Claim } from '../core/claim.js';
import { type LeaseElector, startLeaseElector } from '../kubernetes/lease.js';

export interface HeldClaim {
  claim: Claim;
  elector: LeaseElector;
  publisher: TablePublisher;
  /** Whether the engine has taken the last update. */
  served: boolean;
}

/** Starts to seek the claim. `onAcquired` is called whenever it is won. */
export function holdClaim(options: ControllerOptions, claim: Claim, onAcquired: () => void): HeldClaim {
  const { log, metrics } = options;
  const elector = startLeaseElector({
    api: options.api, namespace: options.leaseNamespace, name: claim.class, identity: options.identity,
    onAcquired: (epoch) => {
      log('info', `class ${claim.class}: holds the claim (epoch ${epoch})`);
      metrics.set('claimHeld', [claim.class], 1);
      metrics.set('claimEpoch', [claim.class], epoch);
      metrics.add('claimChanges', [claim.class, 'acquired']);
      onAcquired();
    },
    onLost: (reason) => {
      log('warn', `class ${claim.class}: gives the claim up (${reason})`);
      metrics.set('claimHeld', [claim.class], 0);
      metrics.add('claimChanges', [claim.class, reason]);
    },
    onFault: (error) => log('warn', `class ${claim.class}: ${error.message}`),
  });
  const publisher = new TablePublisher({
    class: claim.class, sink: options.sink,
    epoch: () => (elector.isHolder() ? elector.epoch : undefined),
    pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
    onOutcome: (outcome) => {
      held.served = outcome.applied;
      tellOutcome(options, claim, outcome);
    },
  });
  const held: HeldClaim = { claim, elector, publisher, served: false };
  metrics.set('claimHeld', [claim.class], 0);
  return held;
}

function tellOutcome({ log, metrics }: ControllerOptions, claim: Claim, outcome: PublishOutcome): void {
  metrics.add('tableUpdates', [claim.class, outcome.applied ? 'applied' : 'refused']);
  if (!outcome.applied) return log('error', `class ${claim.class}: the engine refuses the table: ${outcome.reason}`);
  metrics.set('tableEntries', [claim.class], outcome.entries);
  const { set, removed, entries, epoch, sequence, since } = outcome;
  metrics.set('tableSequence', [claim.class], sequence);
  if (since !== undefined) metrics.observe('changeToServed', [claim.class], (performance.now() - since) / 1000);
  log('info', `class ${claim.class}: ${set} set, ${removed} removed, ${entries} entries served (epoch ${epoch}, sequence ${sequence})`);
}
