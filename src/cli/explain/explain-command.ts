// `ingress-arbiter explain`: why an Ingress is served as it is, or where a request goes and why. It reads files or lists a
// cluster once; it changes nothing.

import { Command, Option } from 'commander';
import { type IngressExplanation, type MissingIngress, explainIngress } from '../../core/explain/explain-ingress.js';
import { type RequestExplanation, explainRequest } from '../../core/explain/explain-request.js';
import type { Decided } from '../../core/explain/facts.js';
import { readRequestUrl } from '../../core/explain/request-url.js';
import { type SourceOptions, SourceProblem, collect, exitCodes, readFacts, withSourceOptions } from '../sources/source-options.js';
import { renderPosition } from '../sources/read-manifests.js';
import { renderIngress, renderMissing } from './render-ingress.js';
import { renderRequest } from './render-request.js';
import { referenceWords, ruleWords } from './words.js';

export interface CommandOutput {
  /** Gets the exit code. */
  finish(exitCode: number): void;
  print(line: string): void;
  /** Standard error. */
  warn(line: string): void;
}

interface Options extends SourceOptions {
  class?: string[];
  output: 'text' | 'json';
}

/** The command. Exit codes: 0 it is served, 1 it is not, 2 wrong usage, 3 the cluster cannot be reached. */
export function explainCommand(output: CommandOutput): Command {
  return withSourceOptions(new Command('explain'))
    .description('why an Ingress is served or not, or where a request goes: namespace/name, or https://host/path')
    .argument('<what>', 'namespace/name of an Ingress, or a URL')
    .option('--class <class,…>', 'for a URL: the classes of the listener in their order; may be repeated for other listeners', collect)
    .addOption(outputOption())
    .action(async (what: string, options: Options) => {
      await guard(output, async () => {
        const { decided, positions, notes } = await readFacts(options);
        for (const note of notes) output.warn(note);
        if (what.includes('://')) return explainUrl(what, options, decided, output);
        const origin = positions.get(`Ingress ${what}`);
        return explainNamed(what, options, { decided, origin: origin && renderPosition(origin) }, output);
      });
    });
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'text for people, json for programs').choices(['text', 'json']).default('text');
}

/** Runs a command; a source that cannot be used ends it with its exit code and one line. */
export async function guard({ finish, warn }: CommandOutput, run: () => Promise<number>): Promise<void> {
  try {
    finish(await run());
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    warn(error.message);
    finish(error.exitCode);
  }
}

function explainNamed(what: string, { output: format }: Options, { decided, origin }: { decided: Decided; origin: string | undefined }, { print }: CommandOutput): number {
  if (!/^[^/]+\/[^/]+$/.test(what)) throw new SourceProblem(`"${what}" is neither namespace/name of an Ingress nor a URL with ://`, exitCodes.usage);
  const explanation: IngressExplanation | MissingIngress = explainIngress(decided, what);
  if ('missing' in explanation) {
    print(format === 'json' ? JSON.stringify(explanation, undefined, 2) : renderMissing(explanation).join('\n'));
    return exitCodes.problems;
  }
  const placed = origin === undefined ? explanation : { ...explanation, origin };
  print(format === 'json' ? JSON.stringify(placed, undefined, 2) : renderIngress(placed).join('\n'));
  return isServed(explanation) ? exitCodes.fine : exitCodes.problems;
}

function isServed({ owner, routes, findings }: IngressExplanation): boolean {
  return owner !== undefined && routes.every(({ state }) => state === 'served') && !findings.some(({ severity }) => severity === 'error');
}

function explainUrl(url: string, { class: given, output: format }: Options, decided: Decided, { print }: CommandOutput): number {
  const request = readRequestUrl(url);
  if (typeof request === 'string') throw new SourceProblem(request, exitCodes.usage);
  const listeners = given?.map((list) => list.split(',')) ?? decided.claims.map((claim) => [claim.class]);
  const unknown = listeners.flat().find((name) => !decided.tables.has(name));
  if (unknown !== undefined) throw new SourceProblem(`class "${unknown}" is claimed by nobody here; claimed are ${[...decided.tables.keys()].join(', ')} (see --claim)`, exitCodes.usage);
  const explanations = listeners.map((listener) => explainRequest(decided, request, listener));
  if (format === 'json') print(JSON.stringify(explanations, undefined, 2));
  else print(explanations.map((one) => shown(one, explanations, decided)).join('\n\n'));
  return explanations.some(({ taken, status }) => taken !== undefined && status === undefined) ? exitCodes.fine : exitCodes.problems;
}

/** Beside a listener that has the request, one that has not is a line; when none has it, every step counts. */
function shown(explanation: RequestExplanation, all: readonly RequestExplanation[], decided: Decided): string {
  const lines = renderRequest(explanation, claimWords(explanation, decided));
  return explanation.taken === undefined && all.some(({ taken }) => taken !== undefined) ? lines[0]! : lines.join('\n');
}

function claimWords({ taken }: RequestExplanation, { plans }: Decided): string {
  const ownership = taken === undefined ? undefined : plans.get(taken.ingress)?.ownership;
  return ownership === undefined ? '' : `Ingress ${taken!.ingress} asks for ${referenceWords(ownership.reference)}; ${ruleWords(ownership.rule)} [rule ${ownership.rule}]`;
}
