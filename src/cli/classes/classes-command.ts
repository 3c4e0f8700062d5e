// `ingress-arbiter classes`: every class, whose it is, who holds it and what it has; with --as, which other controllers would
// take which Ingress. It reads files or lists a cluster once; it changes nothing.

import { Command, InvalidArgumentError } from 'commander';
import { type ClassRow, type ClassesDescription, type UnservedIngress, describeClasses } from '../../core/explain/describe-classes.js';
import { quote, withoutControls } from '../../core/finding.js';
import { type ClaimedIngress, compareClaims } from '../../core/peers/compare-claims.js';
import { type RunningPeer, parsePeer, peers } from '../../core/peers/peers.js';
import { type CommandOutput, guard, outputOption } from '../explain/explain-command.js';
import { count, referenceWords, ruleWords } from '../explain/words.js';
import { type SourceOptions, exitCodes, readFacts, withSourceOptions } from '../sources/source-options.js';
import { renderTable } from './render-table.js';

interface Options extends SourceOptions {
  as?: (RunningPeer | 'all')[];
  output: 'text' | 'json';
}

/** The command. Exit code 1 when a class is in conflict, nobody serves an Ingress, or with --as two controllers take one. */
export function classesCommand(output: CommandOutput): Command {
  return withSourceOptions(new Command('classes'))
    .description('every class: whose it is, who holds it, how many Ingresses it has, and the Ingresses that nobody serves')
    .option('--as [controller[:flag=value,…]]', `which Ingresses other controllers would take, with their flags; may be repeated; without a name all of: ${peers.map(({ name }) => name).join(', ')}`,
      (text, earlier: Options['as'] = []) => [...earlier, peerArgument(text)])
    .addOption(outputOption())
    .action(async (options: Options & { as?: Options['as'] | true }) => {
      await guard(output, async () => {
        const { decided, notes } = await readFacts(options);
        for (const note of notes) output.warn(note);
        if (options.as === undefined) return tellClasses(describeClasses(decided), options, output);
        const ownership = new Map([...decided.plans].map(([key, plan]) => [key, plan.ownership]));
        return tellClaims(compareClaims(decided.snapshot, ownership, runningPeers(options.as)), options, output);
      });
    });
}

function peerArgument(text: string): RunningPeer | 'all' {
  if (text === 'all') return 'all';
  const peer = parsePeer(text);
  if (typeof peer === 'string') throw new InvalidArgumentError(peer);
  return peer;
}

function runningPeers(given: Options['as'] | true): RunningPeer[] {
  const all = (): RunningPeer[] => peers.map((peer) => ({ peer, settings: peer.defaults, label: peer.name }));
  return given === true || given === undefined ? all() : given.flatMap((one) => (one === 'all' ? all() : [one]));
}

function tellClasses(description: ClassesDescription, { output }: Options, { print }: CommandOutput): number {
  const { classes, unserved } = description;
  if (output === 'json') print(JSON.stringify(description, undefined, 2));
  else for (const line of [...classTable(classes), ...classes.flatMap(conflictLines), ...unserved.map(unservedLine)]) print(line);
  return unserved.length > 0 || classes.some(({ state }) => state === 'conflict') ? exitCodes.problems : exitCodes.fine;
}

function classTable(classes: readonly ClassRow[]): string[] {
  return renderTable(['CLASS', 'CONTROLLER', 'HOLDER', 'INGRESSES', 'FIELD/ANN/DEF', 'DEFAULT', 'STATE'], classes.map((row) => {
    const { field, annotation, default: byDefault } = row.ingresses;
    return [row.class, row.controller ?? '-', holderCell(row), String(field + annotation + byDefault), `${field}/${annotation}/${byDefault}`, row.isDefault ? 'yes' : 'no', row.state];
  }));
}

function holderCell({ holder, state }: ClassRow): string {
  if (state === 'foreign') return '-';
  if (holder.state === 'unknown') return '?';
  if (holder.state === 'nobody') return 'nobody';
  return holder.state === 'silent' ? `${holder.by} (silent)` : holder.by;
}

function conflictLines({ class: name, conflicts }: ClassRow): string[] {
  return conflicts.map((conflict) => withoutControls(`! class ${name}: ${conflict}`));
}

function unservedLine({ ingress, rule, reference, suggestion }: UnservedIngress): string {
  const asked = reference.by === 'nothing' ? '' : ` asks for ${referenceWords(reference)};`;
  return withoutControls(`! nobody serves ${ingress}:${asked} ${ruleWords(rule)}${suggestion === undefined ? '' : `; did you mean ${quote(suggestion)}?`}`);
}

function tellClaims(claims: readonly ClaimedIngress[], { output }: Options, { print }: CommandOutput): number {
  const doubles = claims.filter(({ double }) => double);
  if (output === 'json') print(JSON.stringify(claims, undefined, 2));
  else {
    const rows = claims.map((one) => [one.ingress, one.owner ?? '-', takersCell(one), one.double ? 'DOUBLE' : '']);
    for (const line of renderTable(['INGRESS', 'OUR CLASS', 'TAKEN BY', ''], rows)) print(line);
    print(`${count(claims.length, 'Ingress', 'Ingresses')}, ${doubles.length} taken by more than one controller`);
  }
  return doubles.length > 0 ? exitCodes.problems : exitCodes.fine;
}

function takersCell({ takers, perhaps }: ClaimedIngress): string {
  const certain = takers.map(({ peer, why, uncertain }) => `${peer} (${why}${uncertain === undefined ? '' : `, perhaps: ${uncertain}`})`);
  return [...certain, ...perhaps.map(({ peer, uncertain }) => `perhaps ${peer} (${uncertain})`)].join(', ') || '-';
}
