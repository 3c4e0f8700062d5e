// `ingress-arbiter migrate annotation-to-field`: rewrites the old class annotation as spec.ingressClassName, where it is proven
// that nobody loses or gets an Ingress by it. With --dry-run, -f or -o yaml it writes nothing.

import { Command } from 'commander';
import { withoutControls } from '../../core/finding.js';
import { type AnnotationPlan, planAnnotationToField } from '../../migration/annotation-to-field.js';
import { type CommandOutput, guard } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { exitCodes, readFacts } from '../sources/source-options.js';
import { type OutputFormat, type PeerOptions, type SelectionOptions, formatOption, mayWrite, peersOf, selectionOf, withPeers, withSelection } from './migrate-options.js';
import { progressOf } from './progress.js';
import { tellPatches } from './render-patches.js';
import { withWriter } from './with-writer.js';

interface Options extends SelectionOptions, PeerOptions {
  output: OutputFormat;
  dryRun?: boolean;
}

/** The command. Exit code 1 when an Ingress is left, or could not be written. */
export function annotationToFieldCommand(output: CommandOutput): Command {
  return withPeers(withSelection(new Command('annotation-to-field')))
    .description('rewrite kubernetes.io/ingress.class as spec.ingressClassName where no Ingress changes its owner by it')
    .option('--dry-run', 'say what would be written, and write nothing')
    .addOption(formatOption())
    .action((options: Options) => guard(output, () => rewrite(options, output)));
}

async function rewrite(options: Options, output: CommandOutput): Promise<number> {
  const { print, warn } = output;
  const { decided, notes } = await readFacts(options);
  const { running, unknown } = peersOf(decided.snapshot, options);
  for (const note of notes) warn(note);
  for (const controller of unknown) warn(`how controller "${controller}" chooses its Ingresses is not known: the proof does not speak of it`);
  const plan = planAnnotationToField(decided, selectionOf(options), { running, unknown });
  const writes = mayWrite(options);
  if (options.output === 'yaml') tellPatches(plan.rewrites, plan.left, output);
  else if (options.output === 'text') for (const line of renderPlan(plan, writes)) print(line);
  const failed = writes ? await write(plan, options, output) : [];
  if (options.output === 'json') print(JSON.stringify({ ...plan, written: writes, failed }, undefined, 2));
  return plan.left.length + failed.length > 0 ? exitCodes.problems : exitCodes.fine;
}

function renderPlan({ rewrites, left, proofFor }: AnnotationPlan, writes: boolean): string[] {
  return [
    ...rewrites.map(({ ingress, annotation, field, owner, takers }) => `${ingress}: annotation "${annotation}" -> spec.ingressClassName "${field}" (stays with ${[...(owner === undefined ? [] : [`class ${owner}`]), ...takers].join(', ')})`),
    ...left.map(({ ingress, why }) => `left: ${ingress}: ${why}`),
    `${count(rewrites.length, 'Ingress', 'Ingresses')} ${writes ? 'to rewrite' : 'could be rewritten'}, ${left.length} left; proven for ${proofFor.join(', ')}`,
  ].map(withoutControls);
}

/** Ingresses that could not be written; each against the version that the proof was made for. */
function write(plan: AnnotationPlan, options: Options, output: CommandOutput): Promise<string[]> {
  return withWriter(options, async ({ patchIfSame }) => {
    const progress = progressOf(output, 'rewritten', plan.rewrites.length);
    const failed: string[] = [];
    for (const { ingress, annotation, patch } of plan.rewrites) {
      const problem = await patchIfSame(ingress, patch, (now) => now.metadata.annotations?.['kubernetes.io/ingress.class'] === annotation);
      if (problem !== undefined) {
        failed.push(ingress);
        output.warn(withoutControls(`${ingress}: not written: ${problem}`));
      }
      progress.step(ingress);
    }
    progress.end();
    return failed;
  });
}
