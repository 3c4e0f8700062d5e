// The options that the steps of a migration share: which Ingresses, and how the answer is printed.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type LabelRequirement, parseLabelSelector } from '../../core/label-selector.js';
import { type RunningPeer, parsePeer, peers } from '../../core/peers/peers.js';
import { presentPeers, type PresentPeers } from '../../core/peers/present-peers.js';
import type { Snapshot } from '../../core/snapshot.js';
import type { Selection } from '../../migration/select-ingresses.js';
import { collect, type SourceOptions, withSourceOptions } from '../sources/source-options.js';

export interface SelectionOptions extends SourceOptions {
  from?: string;
  annotation?: string;
  namespace?: string[];
  selector?: LabelRequirement[];
  ingress?: string[];
}

export interface PeerOptions {
  as?: RunningPeer[];
}

/** `yaml`: the changes as patches, for a repository of manifests, and nothing is written. */
export type OutputFormat = 'text' | 'json' | 'yaml';

/** Adds the selection and where to read. */
export function withSelection(command: Command): Command {
  return withSourceOptions(command)
    .option('--from <class>', 'Ingresses that this class has')
    .option('--annotation <value>', 'Ingresses with this value of kubernetes.io/ingress.class')
    .option('-n, --namespace <namespace>', 'Ingresses of this namespace; may be repeated', collect)
    .option('-l, --selector <labels>', 'Ingresses with these labels, as kubectl reads them', labelArgument)
    .option('--ingress <namespace/name>', 'this Ingress; may be repeated', collect);
}

/** Adds the controllers that are to be reckoned with beside those that IngressClasses show. */
export function withPeers(command: Command): Command {
  return command.option('--as <controller[:flag=value,…]>', `another controller that runs in the cluster: ${peers.map(({ name }) => name).join(', ')}; those that IngressClasses show are known; may be repeated`,
    (text, earlier: RunningPeer[] = []) => [...earlier, peerArgument(text)]);
}

export function formatOption(): Option {
  return new Option('-o, --output <format>', 'text for people, json for programs, yaml: the changes as patches, nothing is written').choices(['text', 'json', 'yaml']).default('text');
}

export function selectionOf({ from, annotation, namespace, selector, ingress }: SelectionOptions): Selection {
  return {
    ...(from !== undefined && { from }), ...(annotation !== undefined && { annotation }), ...(namespace !== undefined && { namespaces: namespace }),
    ...(selector !== undefined && { labels: selector }), ...(ingress !== undefined && { names: ingress }),
  };
}

/** The controllers that are reckoned with: those that the cluster shows and those that are named. */
export function peersOf({ ingressClasses }: Pick<Snapshot, 'ingressClasses'>, { as = [] }: PeerOptions): PresentPeers {
  const { running, unknown } = presentPeers(ingressClasses);
  const named = new Set(as.map(({ label }) => label));
  return { running: [...running.filter(({ label }) => !named.has(label)), ...as], unknown };
}

/** Whether a step writes: not to files, not when it was asked what it would do. */
export function mayWrite({ dryRun, filename, output }: Pick<SelectionOptions, 'filename'> & { dryRun?: boolean; output: OutputFormat }): boolean {
  return dryRun !== true && filename === undefined && output !== 'yaml';
}

/** A whole number from 1. */
export function positive(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1');
  return Number(text);
}

function labelArgument(text: string): LabelRequirement[] {
  const labels = parseLabelSelector(text);
  if (labels === undefined) throw new InvalidArgumentError(`"${text}" is no selector of labels, such as team=web,tier in (a, b)`);
  return labels;
}

function peerArgument(text: string): RunningPeer {
  const peer = parsePeer(text);
  if (typeof peer === 'string') throw new InvalidArgumentError(peer);
  return peer;
}
