// `ingress-arbiter lint`: says for every Ingress in files who would own it and by which rule, and what is wrong with it. It
// asks no cluster, so it does not complain of Services and Secrets that are not in the files.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { certificateInspector } from '../../controller/inspect-certificate.js';
import { type Claim, claimOf } from '../../core/claim.js';
import { decide } from '../../core/decide.js';
import { type Finding, type FindingKind, renderFinding, withoutControls } from '../../core/finding.js';
import { reason } from '../convert/read-text.js';
import { type ReadManifests, readManifests } from './read-manifests.js';

/** What only a cluster can tell. */
const needsCluster: ReadonlySet<FindingKind> = new Set([
  'service-missing', 'service-port-missing', 'secret-missing',
  'settings-missing', 'default-backend-missing', 'default-certificate-missing', 'publish-service-missing',
]);

export interface LintOptions {
  filename: string[];
  class: Claim[];
  claimClassless?: string;
}

/** The command; `finish` gets the exit code: 0 nothing wrong, 1 errors among the findings, 2 a file cannot be used. */
export function lintCommand(finish: (exitCode: number) => void, print: (line: string) => void): Command {
  return new Command('lint')
    .description('who would own each Ingress in files, by which rule, and what is wrong with it')
    .requiredOption('-f, --filename <file>', 'file or folder of manifests; may be repeated', (value, previous: string[] = []) => [...previous, value])
    .option('--class <class[=annotation,…]>', 'a class that is claimed, with annotation values that mean it; may be repeated',
      (value, previous: Claim[] = []) => [...previous, parseClaim(value)])
    .action((options: { filename: string[]; class?: Claim[] }) => {
      finish(lint({ filename: options.filename, class: options.class ?? defaultClaims }, print));
    });
}

/** What is claimed when nothing is said: the two classes of `dev`. */
const defaultClaims: Claim[] = [claimOf('nginx-internal'), claimOf('nginx-external', { annotationValues: ['nginx'] })];

function parseClaim(text: string): Claim {
  const [name = '', values = ''] = text.split('=', 2);
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) throw new InvalidArgumentError('write it as name or name=value,value');
  return claimOf(name, { annotationValues: values === '' ? [] : values.split(',') });
}

/** Lints and prints; returns the exit code. What the files hold is shown with its control bytes escaped. */
export function lint(options: LintOptions, printRaw: (line: string) => void): number {
  const print = (line: string): void => printRaw(withoutControls(line));
  let files: string[];
  try {
    files = options.filename.flatMap(manifestFiles);
    if (files.length === 0) throw new Error('the folder has no .yaml, .yml or .json file; name the files, or another folder');
  } catch (error) {
    print(`lint: ${reason(error)}`);
    return 2;
  }
  const manifests = readManifests(files);
  for (const { file, message } of manifests.problems) print(`${file}: ${message}`);
  const findings = printDecisions(manifests, options.class, print);
  if (manifests.problems.length > 0) return 2;
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

function manifestFiles(name: string): string[] {
  if (!statSync(name).isDirectory()) return [name];
  return readdirSync(name, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ya?ml|json)$/.test(file)).sort().map((file) => path.join(name, file))
    .filter((file) => !statSync(file).isDirectory());
}

function printDecisions(manifests: ReadManifests, claims: readonly Claim[], print: (line: string) => void): Finding[] {
  const decision = decide(manifests.snapshot, claims, certificateInspector(() => Date.now()));
  const findings = decision.findings.filter(({ kind }) => !needsCluster.has(kind));
  const counts = { error: 0, warning: 0, info: 0 };
  for (const [key, { owner, rule }] of decision.ownership) {
    print(`${manifests.files.get(key)}: Ingress ${key}: ${owner === undefined ? 'nobody' : `class ${owner}`} (rule ${rule})`);
    for (const one of findings.filter(({ object }) => object === `Ingress ${key}`)) print(`  ${one.severity} ${renderFinding(one)}`);
  }
  for (const one of findings.filter(({ object }) => !object.startsWith('Ingress '))) print(`${one.severity} ${renderFinding(one)}`);
  for (const { severity } of findings) counts[severity] += 1;
  print(`${decision.ownership.size} Ingresses, ${counts.error} errors, ${counts.warning} warnings`);
  return findings;
}
