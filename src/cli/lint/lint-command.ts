// `ingress-arbiter lint`: says for every Ingress in files who would own it and by which rule, and what is wrong with it.

import { Command, Option } from 'commander';
import type { Claim } from '../../core/claim.js';
import { renderFinding, withoutControls } from '../../core/finding.js';
import { renderTable } from '../classes/render-table.js';
import { type CommandOutput, guard, outputOption } from '../explain/explain-command.js';
import { count } from '../explain/words.js';
import { defaultClaims } from '../sources/parse-claim.js';
import { renderPosition, type Position } from '../sources/read-manifests.js';
import { exitCodes, readFiles, SourceProblem, withFileOptions } from '../sources/source-options.js';
import { processStreams } from '../convert/convert-command.js';
import { type ConvertStreams, runConvert } from '../convert/run-convert.js';
import { fixManifests } from './fix-manifests.js';
import { type LintResult, type PlacedFinding, lintManifests } from './lint-files.js';
import { type AnnotationSummary, summarizeAnnotations } from './summarize-annotations.js';

export interface LintOptions {
  filename?: string[];
  claim?: Claim[];
  summary?: boolean;
  fix?: boolean;
  inPlace?: boolean;
  failOn: 'warning' | 'error';
  output: 'text' | 'json';
}

/** The command. Exit codes: 0 nothing wrong, 1 findings of the severity asked for, 2 a file cannot be used. */
export function lintCommand(output: CommandOutput, streams: ConvertStreams = processStreams): Command {
  return withFileOptions(new Command('lint'))
    .description('who would own each Ingress in files, by which rule, and what is wrong with it')
    .option('--summary', 'how many Ingresses are fully supported, and how often each annotation occurs')
    .option('--fix', 'print the manifests with snippets rewritten as annotations that say the same; all else stays byte for byte')
    .option('--in-place', 'with --fix: write the files instead of standard output')
    .addOption(new Option('--fail-on <severity>', 'the least severity that makes the exit code 1').choices(['warning', 'error']).default('error'))
    .addOption(outputOption())
    .action((options: LintOptions) => guard(output, async () => (options.fix || options.inPlace ? fix(options, streams) : lint(options, output))));
}

/** Rewrites snippets; returns the exit code: 1 when one is left. */
function fix({ filename, fix: isAsked, inPlace = false }: LintOptions, streams: ConvertStreams): Promise<number> {
  if (!isAsked) throw new SourceProblem('--in-place goes with --fix', exitCodes.usage);
  return runConvert({ files: filename ?? [], inPlace, rewriting: { name: 'fix', done: 'fixed', rewrite: fixManifests } }, streams);
}

/** Lints and prints; returns the exit code. */
export function lint(options: LintOptions, { print }: Pick<CommandOutput, 'print'>): number {
  if (options.filename === undefined) throw new SourceProblem('nothing to lint: name a file or a folder with -f', exitCodes.usage);
  const manifests = readFiles(options.filename);
  const now = Date.now();
  const result = lintManifests(manifests, options.claim ?? defaultClaims(manifests.snapshot), now);
  const summary = options.summary ? summarizeAnnotations(manifests.snapshot, now) : undefined;
  if (options.output === 'json') print(JSON.stringify({ ...result, ...(summary && { summary }) }, undefined, 2));
  else for (const line of summary === undefined ? renderResult(result) : [...result.problems.map(problemLine), ...renderSummary(summary)]) print(line);
  if (result.problems.length > 0) return exitCodes.usage;
  const failing = options.failOn === 'warning' ? ['warning', 'error'] : ['error'];
  return result.findings.some(({ severity }) => failing.includes(severity)) ? exitCodes.problems : exitCodes.fine;
}

function renderResult({ ingresses, findings, problems }: LintResult): string[] {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  const lines = [
    ...problems.map(problemLine),
    ...ingresses.map(({ ingress, owner, rule, ...place }) => `${renderPosition(place)}  ${ingress}: ${owner === undefined ? 'nobody' : `class ${owner}`} (rule ${rule})`),
    ...findings.map(findingLine),
    `${count(ingresses.length, 'Ingress', 'Ingresses')}, ${count(counts.error, 'error')}, ${count(counts.warning, 'warning')}`,
  ];
  return lines.map(withoutControls);
}

function problemLine({ message, ...place }: Position & { message: string }): string {
  return `${renderPosition(place)}  unusable  ${message}`;
}

function findingLine(finding: PlacedFinding): string {
  const { file, line, column, severity } = finding;
  const place = file === undefined ? '(not in the files)' : renderPosition({ file, line: line!, column: column! });
  return `${place}  ${severity.padEnd(7)}  ${renderFinding({ kind: 'unknown-class', ...finding })}`;
}

function renderSummary({ ingresses, fullySupported, annotations }: AnnotationSummary): string[] {
  const rows = annotations.map(({ annotation, ...one }) => [annotation, ...[one.ingresses, one.carriedOut, one.ignored, one.refused].map(String)]);
  const table = rows.length === 0 ? [] : renderTable(['ANNOTATION', 'INGRESSES', 'CARRIED OUT', 'IGNORED', 'REFUSED'], rows);
  return [`${count(ingresses, 'Ingress', 'Ingresses')}, ${fullySupported} fully supported`, ...table];
}
