// `ingress-arbiter migrate cutover`: gives the Ingresses to the target class, batch by batch, watches that class, and takes a batch
// back when it has got worse. Killed and started again it goes on.

import { Command, InvalidArgumentError } from 'commander';
import type { Decided } from '../../core/explain/facts.js';
import { withoutControls } from '../../core/finding.js';
import { type CutOverOptions, type CutOverResult, cutOver } from '../../migration/cut-over.js';
import { movesUnderWay, ownersIn } from '../../migration/move-state.js';
import { cutoverStep } from '../../migration/move-steps.js';
import type { TrafficSource } from '../../migration/read-traffic.js';
import { isSelected } from '../../migration/select-ingresses.js';
import { type CommandOutput, guard } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { SourceProblem, collect, exitCodes } from '../sources/source-options.js';
import { formatOption, mayWrite, positive, selectionOf, withSelection } from './migrate-options.js';
import { moveWorld } from './move-world.js';
import { type PlanOptions, readPlan, withPlanOptions } from './plan-command.js';
import { progressOf } from './progress.js';
import { seconds } from './shadow-command.js';
import { type StepOptions, runSteps } from './step-command.js';
import { withWriter } from './with-writer.js';

interface Options extends PlanOptions, Pick<StepOptions, 'dryRun'> {
  metrics?: string[];
  prometheus?: string;
  unwatched?: boolean;
  baseline: number;
  pause: number;
  interval: number;
  moveTimeout: number;
  leastRequests: number;
  maxErrors: number;
  maxSlowness: number;
}

/** The command. Exit code 1 when it stopped, took something back or left something. */
export function cutoverCommand(output: CommandOutput): Command {
  return withTraffic(withPlanOptions(withSelection(new Command('cutover'))))
    .description('give the Ingresses to the target class in batches, watch it, and take a batch back when it gets worse')
    .option('--unwatched', 'measure nothing: no batch is taken back by itself')
    .option('--baseline <seconds>', 'how long traffic is measured before the first batch', positive, 30)
    .option('--pause <seconds>', 'how long each batch is watched before the next', seconds, 60)
    .option('--interval <seconds>', 'how often it is measured', positive, 5)
    .option('--move-timeout <seconds>', 'how long the controllers may take to hand a batch over', positive, 120)
    .option('--least-requests <number>', 'requests below which nothing is concluded', positive, 20)
    .option('--max-errors <percent>', 'by how much the share of 5xx answers may grow', percent, 2)
    .option('--max-slowness <times>', 'how many times as long answers may take', percent, 2)
    .option('--dry-run', 'say what would be written, and write nothing')
    .addOption(formatOption())
    .action((options: Options) => guard(output, () => run(options, output)));
}

/** Adds where traffic is measured. */
export function withTraffic(command: Command): Command {
  return command
    .option('--metrics <url>', 'address of an engine\'s metrics (http://10.0.0.3:10254); name every engine; may be repeated', collect)
    .option('--prometheus <url>', 'in place of --metrics: a Prometheus that scrapes all engines');
}

/** Undefined when none is given. */
export function trafficSource({ metrics, prometheus }: Pick<Options, 'metrics' | 'prometheus'>): TrafficSource | undefined {
  if (metrics !== undefined && prometheus !== undefined) throw new SourceProblem('--metrics and --prometheus exclude each other; leave out one of them', exitCodes.usage);
  for (const url of [...metrics ?? [], ...(prometheus === undefined ? [] : [prometheus])]) {
    if (!/^https?:\/\/[^/?#]+/.test(url) || !URL.canParse(url)) throw new SourceProblem(`"${url}" is no address of metrics; write http://address:port`, exitCodes.usage);
  }
  return metrics === undefined && prometheus === undefined ? undefined : { engines: metrics ?? [], ...(prometheus !== undefined && { prometheus }) };
}

function percent(text: string): number {
  if (!/^[0-9]{1,4}(?:\.[0-9]{1,3})?$/.test(text)) throw new InvalidArgumentError('must be a number');
  return Number(text);
}

async function run(options: Options, output: CommandOutput): Promise<number> {
  const source = trafficSource(options);
  if (source === undefined && options.unwatched !== true && mayWrite(options)) {
    throw new SourceProblem('say where the traffic is measured, with --metrics for each engine or --prometheus; or --unwatched', exitCodes.usage);
  }
  const { decided, plan } = await readPlan(options, output);
  for (const { ingress, why } of plan.left) output.warn(withoutControls(`left: ${ingress}: ${why}`));
  if (!mayWrite(options)) {
    const facts = { to: options.to, place: options.by };
    return runSteps({ decided, plan: { keys: plan.batches.flat(), verb: 'cut over', make: (ingress, state) => cutoverStep(ingress, state, facts) }, options }, output);
  }
  const unfinished = unfinishedOf(decided, options);
  const progress = progressOf(output, 'handed over', unfinished.length + plan.moves.length);
  const result = await withWriter(options, (writer) => cutOver(plan.batches, unfinished, cutOverOptions(options),
    moveWorld(writer, { ownerOf: ownersIn(decided), source, say: output.warn, step: (key) => { progress.step(key); } })));
  progress.end();
  return tell(result, options, output);
}

/** What an earlier run has named the class for, and the controllers have not handed over yet. */
function unfinishedOf(decided: Decided, options: Options): string[] {
  const { from, ...selection } = selectionOf(options);
  return movesUnderWay(decided).filter(({ ingress, owner, phase, record }) => owner === options.to && (phase === 'starting' || phase === 'moving')
    && (from === undefined || record!.from.includes(from)) && isSelected(ingress, decided.plans.get(ingress)!, selection)).map(({ ingress }) => ingress);
}

function cutOverOptions({ from, to, by: place, baseline, pause, interval, moveTimeout, leastRequests, maxErrors, maxSlowness, unwatched }: Options): CutOverOptions {
  return {
    from, to, place, limits: { leastRequests, errorShare: maxErrors / 100, slowness: maxSlowness }, baselineMs: baseline * 1000, watchMs: pause * 1000,
    intervalMs: interval * 1000, moveMs: moveTimeout * 1000, unwatched: unwatched === true,
  };
}

function tell(result: CutOverResult, { output: format, to }: Options, { print }: CommandOutput): number {
  const { moved, returned, refused, stopped } = result;
  if (format === 'json') print(JSON.stringify(result, undefined, 2));
  else {
    for (const { ingress, why } of refused) print(withoutControls(`left: ${ingress}: ${why}`));
    for (const ingress of returned) print(withoutControls(`taken back: ${ingress}`));
    if (stopped !== undefined) print(withoutControls(`stopped: ${stopped}`));
    print(`${count(moved.length, 'Ingress', 'Ingresses')} moved to class ${to}, ${returned.length} taken back, ${refused.length} left`);
  }
  return stopped !== undefined || refused.length > 0 ? exitCodes.problems : exitCodes.fine;
}
