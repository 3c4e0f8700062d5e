// `ingress-arbiter migrate plan`: what a migration would do, to whom, and in which order. It changes nothing.

import { Command, Option } from 'commander';
import type { Decided } from '../../core/explain/facts.js';
import { withoutControls } from '../../core/finding.js';
import type { Difference } from '../../migration/difference.js';
import { type MigrationPlan, type Move, planMigration } from '../../migration/plan-migration.js';
import type { NamingPlace } from '../../migration/retarget.js';
import { type CommandOutput, guard } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { readNeighbours } from '../sources/read-neighbours.js';
import { SourceProblem, exitCodes, readFacts } from '../sources/source-options.js';
import { type OutputFormat, type PeerOptions, type SelectionOptions, formatOption, peersOf, positive, selectionOf, withPeers, withSelection } from './migrate-options.js';
import { tellPatches } from './render-patches.js';

export interface PlanOptions extends SelectionOptions, PeerOptions {
  to: string;
  by: NamingPlace;
  batch: number;
  output: OutputFormat;
}

/** The command. Exit code 1 when an Ingress is left, or anything about it will be different. */
export function planCommand(output: CommandOutput): Command {
  return withPlanOptions(withSelection(new Command('plan')))
    .description('which Ingresses would move, what would be different, who else would take them, in which order')
    .addOption(formatOption())
    .action((options: PlanOptions) => guard(output, async () => {
      const { plan } = await readPlan(options, output);
      return tellPlan(plan, options.output, output);
    }));
}

/** Adds where to, how and in which batches. */
export function withPlanOptions(command: Command): Command {
  return withPeers(command)
    .requiredOption('--to <class>', 'the class that is to have them')
    .addOption(new Option('--by <place>', 'where the class is named: same as now, or in spec.ingressClassName').choices(['same', 'field']).default('same'))
    .option('--batch <number>', 'Ingresses in a batch; those that share a host stay together', positive, 20);
}

export interface ReadPlan {
  decided: Decided;
  plan: MigrationPlan;
}

/** Reads files or the cluster and plans; what could not be read is told. */
export async function readPlan(options: PlanOptions, { warn }: CommandOutput): Promise<ReadPlan> {
  const { decided, notes } = await readFacts(options);
  for (const note of notes) warn(note);
  const { to, by: place, batch: batchSize } = options;
  if (!decided.tables.has(to)) throw new SourceProblem(`class "${to}" is claimed by nobody here; claimed are ${[...decided.tables.keys()].join(', ')} (see --claim)`, exitCodes.usage);
  const { running, unknown } = peersOf(decided.snapshot, options);
  for (const controller of unknown) warn(`how controller "${controller}" chooses its Ingresses is not known: it is not reckoned with`);
  const objects = options.filename === undefined ? await readNeighbours(options, warn) : [];
  return { decided, plan: planMigration(decided, { selection: selectionOf(options), to, place, batchSize, running, objects }) };
}

function tellPlan(plan: MigrationPlan, format: OutputFormat, { print, warn }: CommandOutput): number {
  if (format === 'json') print(JSON.stringify(plan, undefined, 2));
  else if (format === 'yaml') tellPatches(plan.moves, plan.left, { print, warn });
  else for (const line of renderPlan(plan)) print(line);
  return plan.left.length + plan.affected.length > 0 || plan.moves.some(({ differences }) => differences.length > 0) ? exitCodes.problems : exitCodes.fine;
}

/** Lines for people: what differs first, then the rest. */
export function renderPlan({ to, moves, batches, left, affected, neighbours }: MigrationPlan): string[] {
  const different = moves.filter(({ differences }) => differences.length > 0);
  const lines = [
    `${count(moves.length, 'Ingress', 'Ingresses')} to class ${to} in ${count(batches.length, 'batch', 'batches')}, ${different.length} with differences, ${left.length} left`,
    ...batches.flatMap((batch, at) => [`batch ${at + 1}`, ...batch.flatMap((key) => moveLines(moves.find(({ ingress }) => ingress === key)!))]),
    ...section('left', left.map(({ ingress, why }) => `${ingress}: ${why}`)),
    ...section('stay, and are served otherwise then', affected.map(({ object, what }) => `${object}: ${what}`)),
    ...section('to know', neighbours.map(({ object, what }) => `${object}: ${what}`)),
  ];
  return lines.map(withoutControls);
}

function moveLines({ ingress, now, then, differences }: Move): string[] {
  return [`  ${ingress}  ${now.owner} [rule ${now.rule}] -> ${then.owner} [rule ${then.rule}]`, ...differences.map((one) => `    ${differenceWords(one)}`)];
}

function differenceWords({ about, of, what }: Difference): string {
  return `${about} ${of}: ${what}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}
