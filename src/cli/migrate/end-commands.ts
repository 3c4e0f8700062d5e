// `ingress-arbiter migrate status`, `rollback` and `finish`: how far each Ingress is, the way back, and the end.

import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Decided } from '../../core/explain/facts.js';
import { withoutControls } from '../../core/finding.js';
import type { Ingress } from '../../core/kubernetes-objects.js';
import { type MoveState, movesUnderWay } from '../../migration/move-state.js';
import { type Step, finishStep, rollbackStep } from '../../migration/move-steps.js';
import { type TrafficSource, readTraffic } from '../../migration/read-traffic.js';
import { isSelected } from '../../migration/select-ingresses.js';
import { between, totalOf } from '../../migration/traffic-sample.js';
import { renderTable } from '../classes/render-table.js';
import { type CommandOutput, guard, outputOption } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { exitCodes, readFacts } from '../sources/source-options.js';
import { trafficSource, withTraffic } from './cutover-command.js';
import { type SelectionOptions, formatOption, positive, selectionOf, withSelection } from './migrate-options.js';
import { waitingReasons } from './move-world.js';
import { type StepOptions, runSteps } from './step-command.js';
import { withWriter } from './with-writer.js';

/** Moves that meet the selection; `--from` is the class that they come from, whoever has them now. */
function selectedMoves(decided: Decided, options: SelectionOptions & { to?: string }): MoveState[] {
  const { from, ...selection } = selectionOf(options);
  return movesUnderWay(decided).filter((move) => (from === undefined || sourcesOf(move).includes(from))
    && (options.to === undefined || targetOf(move) === options.to) && isSelected(move.ingress, decided.plans.get(move.ingress)!, selection));
}

/** Classes that it comes from: names, as far as they are known. */
function sourcesOf({ owner, record, formerOwner }: MoveState): readonly string[] {
  const names = record === undefined ? [formerOwner] : record.to === owner ? record.from : [owner];
  return names.filter((name) => name !== undefined);
}

function targetOf({ record, owner }: MoveState): string | undefined {
  return record?.to ?? owner;
}

async function readMoves(options: SelectionOptions & { to?: string }, { warn }: CommandOutput): Promise<{ decided: Decided; moves: MoveState[] }> {
  const { decided, notes } = await readFacts(options);
  for (const note of notes) warn(note);
  return { decided, moves: selectedMoves(decided, options) };
}

const toOption = ['--to <class>', 'only what goes to this class, or has gone there'] as const;

/** The command. Exit code 1 when one of them waits for something. */
export function statusCommand(output: CommandOutput): Command {
  return withSelection(new Command('status'))
    .description('how far the move of each Ingress is, and why one waits')
    .option(...toOption)
    .addOption(outputOption())
    .action((options: SelectionOptions & { to?: string; output: 'text' | 'json' }) => guard(output, async () => {
      const { moves } = await readMoves(options, output);
      const waiting = moves.filter(({ phase, record, problem }) => problem !== undefined || phase === 'starting' || phase === 'moving' || (phase === 'shadow' && record?.servedAt === undefined));
      const reasons = options.filename !== undefined || waiting.length === 0 ? new Map<string, string>()
        : await withWriter(options, ({ api }) => waitingReasons(api, waiting.map(({ ingress }) => ingress)));
      for (const { ingress, problem } of moves) if (problem !== undefined) reasons.set(ingress, `its hand-over record ${problem}`);
      if (options.output === 'json') output.print(JSON.stringify(moves.map((move) => ({ ...move, ...(reasons.has(move.ingress) && { waitsFor: reasons.get(move.ingress) }) })), undefined, 2));
      else for (const line of renderStatus(moves, reasons)) output.print(line);
      return reasons.size > 0 ? exitCodes.problems : exitCodes.fine;
    }));
}

function renderStatus(moves: readonly MoveState[], reasons: ReadonlyMap<string, string>): string[] {
  const rows = moves.map((move) => [
    move.ingress, move.phase, sourcesOf(move).join(',') || '-', targetOf(move) ?? '-', move.record?.startedAt ?? '-', move.shown.join(',') || '-', reasons.get(move.ingress) ?? '',
  ]);
  const phases = new Map<string, number>();
  for (const { phase } of moves) phases.set(phase, (phases.get(phase) ?? 0) + 1);
  const sums = [...phases].map(([phase, number]) => `${number} ${phase}`).join(', ');
  return [
    ...(rows.length === 0 ? [] : renderTable(['INGRESS', 'PHASE', 'FROM', 'TO', 'SINCE', 'SHOWS', 'WAITS FOR'], rows)),
    withoutControls(`${count(moves.length, 'Ingress', 'Ingresses')} under way or not finished${sums === '' ? '' : `: ${sums}`}`),
  ];
}

/** The command: back to where each Ingress was, from whatever step. */
export function rollbackCommand(output: CommandOutput): Command {
  return withSelection(new Command('rollback'))
    .description('take Ingresses back to the class that they came from, from every step')
    .option(...toOption)
    .option('--dry-run', 'say what would be written, and write nothing')
    .addOption(formatOption())
    .action((options: StepOptions & { to?: string }) => guard(output, async () => {
      const { decided, moves } = await readMoves(options, output);
      const make = options.to === undefined && options.from === undefined ? backUnnamed : rollbackStep;
      return runSteps({ decided, options, plan: { keys: moves.map(({ ingress }) => ingress), verb: 'taken back', make } }, output);
    }));
}

/**
 * A hand-over that a controller began may be the way back of an earlier rollback: which way is back has to be said then, or the same
 * command would send it forward again.
 */
function backUnnamed(ingress: Ingress, state: MoveState): Step {
  const { former, record, problem } = state;
  if (former !== undefined || problem !== undefined || record?.by === undefined || record.to !== state.owner) return rollbackStep(ingress, state);
  return { refused: `a controller began its hand-over to class ${record.to}: --to ${record.to} takes it back from there` };
}

interface FinishOptions extends StepOptions {
  to?: string;
  metrics?: string[];
  prometheus?: string;
  watch: number;
  force?: boolean;
}

/** The command: takes away what is left of moves that have arrived. */
export function finishCommand(output: CommandOutput): Command {
  return withTraffic(withSelection(new Command('finish')))
    .description('take away the notes of moves that have arrived; refuses while the old class is still asked')
    .option(...toOption)
    .option('--watch <seconds>', 'how long the requests of the old class are counted', positive, 10)
    .option('--force', 'end the draining of the old class now, whether it is asked or not')
    .option('--dry-run', 'say what would be written, and write nothing')
    .addOption(formatOption())
    .action((options: FinishOptions) => guard(output, async () => {
      const source = trafficSource(options);
      const { decided, moves } = await readMoves(options, output);
      const old = await oldRequests(moves, source, options.watch, output);
      const make = (_: unknown, state: MoveState): ReturnType<typeof finishStep> => finishStep(state, { oldRequests: old.get(state.ingress), forced: options.force === true });
      return runSteps({ decided, options, plan: { keys: moves.map(({ ingress }) => ingress), verb: 'finished', make } }, output);
    }));
}

/** Requests that the old classes have of each Ingress that is draining; none for what is not known. */
async function oldRequests(moves: readonly MoveState[], source: TrafficSource | undefined, watchSeconds: number, { warn }: CommandOutput): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const draining = moves.filter(({ phase }) => phase === 'draining');
  if (source === undefined || draining.length === 0) return found;
  const classes = [...new Set(draining.flatMap(({ record }) => record!.from))];
  const before = await Promise.all(classes.map((name) => readTraffic(source, name)));
  await sleep(watchSeconds * 1000);
  const after = await Promise.all(classes.map((name) => readTraffic(source, name)));
  for (const { ingress, record } of draining) {
    const counts = record!.from.map((name) => {
      const at = classes.indexOf(name);
      const [then, now] = [before[at]!, after[at]!];
      return 'unknown' in then || 'unknown' in now ? undefined : totalOf(between(then, now), [ingress]).requests;
    });
    if (!counts.includes(undefined)) found.set(ingress, (counts as number[]).reduce((sum, one) => sum + one, 0));
  }
  const unknown = [...before, ...after].find((one) => 'unknown' in one);
  if (unknown !== undefined) warn(`traffic is not known: ${(unknown as { unknown: string }).unknown}`);
  return found;
}
