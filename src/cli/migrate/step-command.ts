// What the writing steps of a migration have in common: which Ingresses they are about, saying what would be written, writing one
// after the other, and telling what came of it.

import type { Decided } from '../../core/explain/facts.js';
import { withoutControls } from '../../core/finding.js';
import type { Ingress } from '../../core/kubernetes-objects.js';
import type { MoveWorld } from '../../migration/cut-over.js';
import { type MoveState, moveState, ownersIn } from '../../migration/move-state.js';
import type { Step } from '../../migration/move-steps.js';
import type { LeftIngress } from '../../migration/plan-migration.js';
import type { ClassPatch } from '../../migration/retarget.js';
import type { CommandOutput } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { exitCodes } from '../sources/source-options.js';
import { type OutputFormat, type SelectionOptions, mayWrite } from './migrate-options.js';
import { moveWorld } from './move-world.js';
import { progressOf } from './progress.js';
import { tellPatches } from './render-patches.js';
import { withWriter } from './with-writer.js';

export interface StepOptions extends SelectionOptions {
  output: OutputFormat;
  dryRun?: boolean;
}

export interface StepResult {
  written: string[];
  /** Had it already. */
  done: string[];
  left: LeftIngress[];
}

export interface StepPlan {
  keys: readonly string[];
  /** Of one Ingress as it is. */
  make(ingress: Ingress, state: MoveState): Step;
  /** What happens to each: `put in shadow`. */
  verb: string;
}

/** Steps as they would be made now. */
export function previewSteps({ snapshot, claims }: Decided, { keys, make }: StepPlan): { patches: { ingress: string; patch: ClassPatch }[]; done: string[]; left: LeftIngress[] } {
  const ownerOf = ownersIn({ snapshot, claims });
  const patches: { ingress: string; patch: ClassPatch }[] = [];
  const done: string[] = [];
  const left: LeftIngress[] = [];
  for (const key of keys) {
    const ingress = snapshot.ingresses.get(key)!;
    const step = make(ingress, moveState(ingress, ownerOf));
    if (step === 'done') done.push(key);
    else if ('refused' in step) left.push({ ingress: key, why: step.refused });
    else patches.push({ ingress: key, patch: step.patch });
  }
  return { patches, done, left };
}

/** Says what would be written, or writes it; `after` goes on with what was written. Returns the exit code. */
export async function runSteps(
  { decided, plan, options }: { decided: Decided; plan: StepPlan; options: StepOptions }, output: CommandOutput,
  after: (result: StepResult, world: MoveWorld) => Promise<LeftIngress[]> = () => Promise.resolve([]),
): Promise<number> {
  if (!mayWrite(options)) return tellPreview(previewSteps(decided, plan), plan, options, output);
  return withWriter(options, async (writer) => {
    const progress = progressOf(output, plan.verb, plan.keys.length);
    const world = moveWorld(writer, { ownerOf: ownersIn(decided), source: undefined, say: output.warn, step: (key) => { progress.step(key); } });
    const result: StepResult = { written: [], done: [], left: [] };
    for (const key of plan.keys) {
      const outcome = await world.change(key, (now) => plan.make(now, moveState(now, world.ownerOf)));
      if (typeof outcome === 'object') result.left.push({ ingress: key, why: outcome.refused });
      else result[outcome === 'written' ? 'written' : 'done'].push(key);
      world.step(key);
    }
    progress.end();
    result.left.push(...await after(result, world));
    return tellResult(result, plan, options, output);
  });
}

function tellPreview({ patches, done, left }: ReturnType<typeof previewSteps>, { verb }: StepPlan, { output: format }: StepOptions, output: CommandOutput): number {
  if (format === 'json') output.print(JSON.stringify({ patches, done, left, written: false }, undefined, 2));
  else if (format === 'yaml') tellPatches(patches, left, output);
  else {
    for (const { ingress } of patches) output.print(withoutControls(`${ingress}: would be ${verb}`));
    for (const { ingress, why } of left) output.print(withoutControls(`left: ${ingress}: ${why}`));
    output.print(`${count(patches.length, 'Ingress', 'Ingresses')} would be ${verb}, ${done.length} already, ${left.length} left`);
  }
  return left.length > 0 ? exitCodes.problems : exitCodes.fine;
}

function tellResult(result: StepResult, { verb }: StepPlan, { output: format }: StepOptions, { print }: CommandOutput): number {
  const { written, done, left } = result;
  if (format === 'json') print(JSON.stringify({ ...result, wrote: true }, undefined, 2));
  else {
    for (const { ingress, why } of left) print(withoutControls(`left: ${ingress}: ${why}`));
    print(`${count(written.length, 'Ingress', 'Ingresses')} ${verb}, ${done.length} already, ${left.length} left`);
  }
  return left.length > 0 ? exitCodes.problems : exitCodes.fine;
}
