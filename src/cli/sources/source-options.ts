// The options by which commands are told where to read from and what is claimed, and the facts that come of them.

import { type Command, InvalidArgumentError } from 'commander';
import { certificateInspector } from '../../controller/inspect-certificate.js';
import { usualPrefixes } from '../../core/annotations/annotation-name.js';
import type { Claim } from '../../core/claim.js';
import { type Decided, decideFacts } from '../../core/explain/facts.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import { OperationalError } from '../../kubernetes/operational-error.js';
import { leaseNamespace } from '../dev/dev-settings.js';
import { reason } from '../convert/read-text.js';
import { manifestFiles } from './manifest-files.js';
import { claimSyntax, defaultClaims, parseClaim } from './parse-claim.js';
import { readCluster } from './read-cluster.js';
import { type Position, type ReadManifests, readManifests } from './read-manifests.js';

export interface SourceOptions {
  filename?: string[];
  kubeconfig?: string;
  context?: string;
  leaseNamespace: string;
  claim?: Claim[];
}

/** Exit codes of every command that reads. */
export const exitCodes = { fine: 0, problems: 1, usage: 2, unreachable: 3 } as const;
export const exitCodesHelp = '\nExit codes: 0 fine, 1 problems in what was read, 2 wrong usage or an unusable file, 3 the cluster cannot be reached.';

/** Ends a command with an exit code; the message is for standard error. */
export class SourceProblem extends Error {
  constructor(message: string, readonly exitCode: number) { super(message); }
}

/** Adds `-f` and `--claim`. */
export function withFileOptions(command: Command): Command {
  return command
    .option('-f, --filename <file>', 'file or folder of manifests, - for standard input; may be repeated', collect)
    .option(`--claim <${claimSyntax}>`, 'a class that is claimed, with annotations=, controllers=, classPrecedence=, claimClassless, namespaces=, sslPassthrough=; may be repeated',
      (text, earlier: Claim[] = []) => [...earlier, claimArgument(text)])
    .addHelpText('after', exitCodesHelp);
}

/** Adds those and the ones of a cluster. */
export function withSourceOptions(command: Command): Command {
  return withFileOptions(command)
    .option('--kubeconfig <file>', 'kubeconfig of the cluster to ask; without it and -f: $KUBECONFIG, ~/.kube/config, the pod\'s own')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--lease-namespace <namespace>', 'where the Leases of the claims are', leaseNamespace);
}

export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

function claimArgument(text: string): Claim {
  const claim = parseClaim(text);
  if (typeof claim === 'string') throw new InvalidArgumentError(claim);
  return claim;
}

export interface ReadFacts {
  decided: Decided;
  /** Where objects are written, by kind and key; empty for a cluster. */
  positions: ReadonlyMap<string, Position>;
  /** For standard error. */
  notes: string[];
}

/** Reads files, whichever they are; throws a SourceProblem when a name does not exist. */
export function readFiles(names: readonly string[]): ReadManifests {
  try {
    return readManifests(manifestFiles(names));
  } catch (error) {
    throw new SourceProblem(reason(error), exitCodes.usage);
  }
}

/** Facts of the files or of the cluster that the options name, and the decision that follows from them. */
export async function readFacts(options: SourceOptions): Promise<ReadFacts> {
  const now = Date.now();
  const inspect = certificateInspector(() => now);
  if (options.filename !== undefined) {
    if (options.kubeconfig !== undefined || options.context !== undefined) throw new SourceProblem('-f and a cluster exclude each other; leave out one of them', exitCodes.usage);
    const { snapshot, positions, problems, repetitions } = readFiles(options.filename);
    const notes = [...problems.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}`), ...repetitions.map(({ object }) => `${object} is defined more than once; the last one counts`)];
    const claims = (options.claim ?? defaultClaims(snapshot)).map((claim) => ({ parametersNamespace: options.leaseNamespace, ...claim }));
    return { decided: decideFacts({ snapshot, claims, inspect, now, leases: undefined, fromFiles: true, secretsKnown: false }), positions, notes };
  }
  const { snapshot, leases, notes, secretsKnown } = await askCluster(options, now);
  const claims = (options.claim ?? defaultClaims(snapshot)).map((claim) => ({ parametersNamespace: options.leaseNamespace, ...claim }));
  return { decided: decideFacts({ snapshot, claims, inspect, now, leases, fromFiles: false, secretsKnown }), positions: new Map(), notes };
}

async function askCluster({ kubeconfig, context, leaseNamespace: namespace, claim: claims = [] }: SourceOptions, now: number): ReturnType<typeof readCluster> {
  const named = context === undefined ? {} : { context };
  const kubeConfig: KubeConfigSource = kubeconfig === undefined ? { kind: 'default', ...named } : { kind: 'path', path: kubeconfig, ...named };
  try {
    return await readCluster({ kubeConfig, leaseNamespace: namespace, annotationPrefixes: [...usualPrefixes, ...claims.flatMap(({ annotationPrefixes }) => annotationPrefixes ?? [])], now });
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    throw new SourceProblem(`the cluster cannot be read: ${error.message}`, exitCodes.unreachable);
  }
}
