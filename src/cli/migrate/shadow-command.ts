// `ingress-arbiter migrate shadow`: the target class serves the Ingresses too, on its own listener, and nothing else changes. It
// waits until all engines have them.

import { Command, InvalidArgumentError } from 'commander';
import type { MoveWorld } from '../../migration/cut-over.js';
import { moveState } from '../../migration/move-state.js';
import { shadowStep } from '../../migration/move-steps.js';
import type { LeftIngress } from '../../migration/plan-migration.js';
import { type CommandOutput, guard } from '../explain/explain-command.js';
import { formatOption, withSelection } from './migrate-options.js';
import { type PlanOptions, readPlan, withPlanOptions } from './plan-command.js';
import { type StepOptions, runSteps } from './step-command.js';

interface Options extends PlanOptions, Pick<StepOptions, 'dryRun'> {
  wait: number;
}

/** The command. Exit code 1 when an Ingress is left, or not served in time. */
export function shadowCommand(output: CommandOutput): Command {
  return withPlanOptions(withSelection(new Command('shadow')))
    .description('let the target class serve the Ingresses too, on its own listener, without anything else changing')
    .option('--wait <seconds>', 'how long to wait until it serves them; 0: not at all', seconds, 120)
    .option('--dry-run', 'say what would be written, and write nothing')
    .addOption(formatOption())
    .action((options: Options) => guard(output, async () => {
      const { decided, plan } = await readPlan(options, output);
      for (const { ingress, why } of plan.left) output.warn(`left: ${ingress}: ${why}`);
      const startedAt = new Date().toISOString();
      const step = { keys: plan.moves.map(({ ingress }) => ingress), verb: 'put in shadow', make: (_: unknown, state: Parameters<typeof shadowStep>[0]) => shadowStep(state, options.to, startedAt) };
      return runSteps({ decided, plan: step, options }, output, ({ written, done }, world) => waitUntilServed([...written, ...done], options, world));
    }));
}

/** A whole number of seconds, 0 too. */
export function seconds(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('must be a whole number of seconds');
  return Number(text);
}

async function waitUntilServed(keys: readonly string[], { wait, to }: Options, world: MoveWorld): Promise<LeftIngress[]> {
  const deadline = world.now() + wait * 1000;
  let waiting = wait === 0 ? [] : [...keys];
  while (waiting.length > 0) {
    const served = await Promise.all(waiting.map(async (key) => {
      const ingress = await world.read(key);
      return ingress === undefined || moveState(ingress, world.ownerOf).record?.servedAt !== undefined || world.ownerOf(ingress) === to;
    }));
    waiting = waiting.filter((_, at) => !served[at]);
    if (waiting.length === 0 || world.now() >= deadline) break;
    world.say(`class ${to} serves ${keys.length - waiting.length} of ${keys.length}`);
    await world.sleep(1000);
  }
  const reasons = await world.reasons(waiting);
  return waiting.map((ingress) => ({ ingress, why: `class ${to} does not serve it after ${wait} s${reasons.has(ingress) ? `: ${reasons.get(ingress)}` : ''}` }));
}
