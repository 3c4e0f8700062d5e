// What verify compares: the Ingresses, the class that has them, the class that is to have them, and what the plan says of both.

import type { Decided } from '../../core/explain/facts.js';
import type { AnswerContext } from '../../migration/explain-answer.js';
import { decideWith, planMigration } from '../../migration/plan-migration.js';
import { selectIngresses } from '../../migration/select-ingresses.js';
import type { CommandOutput } from '../explain/explain-command.js';
import { SourceProblem, exitCodes, readFacts } from '../sources/source-options.js';
import { selectionOf } from './migrate-options.js';
import type { VerifyOptions } from './verify-command.js';

export interface VerifySides {
  now: Decided;
  /** Ingresses whose requests are put. */
  keys: string[];
  /** For one request: the sides as its Ingress has them. Undefined: nobody has the Ingress. */
  contextOf(ingress: string): AnswerContext | undefined;
  /** The other side is no class of ours. */
  foreign: boolean;
}

/** Reads and decides. */
export async function readSides(options: VerifyOptions, { warn }: CommandOutput): Promise<VerifySides> {
  const { decided: now, notes } = await readFacts(options);
  for (const note of notes) warn(note);
  const selection = selectionOf(options);
  const keys = selectIngresses(now.plans, selection).filter((key) => now.plans.get(key)!.ownership.owner !== undefined);
  if (keys.length === 0) throw new SourceProblem('no Ingress that a class here has is selected, so there is nothing to ask (see --from, --claim)', exitCodes.usage);
  const { to } = options;
  const foreign = options.against !== undefined;
  if (to === undefined || foreign) {
    if (to === undefined && !foreign) throw new SourceProblem('name the class that is to have them: --to', exitCodes.usage);
    return { now, keys, foreign, contextOf: (ingress) => ownContext(now, ingress) };
  }
  if (!now.tables.has(to)) throw new SourceProblem(`class "${to}" is claimed by nobody here; claimed are ${[...now.tables.keys()].join(', ')} (see --claim)`, exitCodes.usage);
  const plan = planMigration(now, { selection, to, place: 'same', batchSize: 1, running: [], objects: [] });
  const then = decideWith(now, new Map(plan.moves.map(({ ingress, patch }) => [ingress, patch])));
  const planned = new Map(plan.moves.map(({ ingress, differences }) => [ingress, differences]));
  return {
    now, keys, foreign,
    contextOf(ingress) {
      const owner = now.plans.get(ingress)?.ownership.owner ?? options.from;
      return owner === undefined ? undefined : { from: { decided: now, class: owner }, to: { decided: then, class: to }, planned };
    },
  };
}

function ownContext(now: Decided, ingress: string): AnswerContext | undefined {
  // A request of a log belongs to no Ingress: it is looked for in the class that has most of them, which mostly is the only one.
  const owner = now.plans.get(ingress)?.ownership.owner ?? (now.tables.size === 1 ? [...now.tables.keys()][0] : undefined);
  return owner === undefined ? undefined : { from: undefined, to: { decided: now, class: owner }, planned: new Map() };
}
