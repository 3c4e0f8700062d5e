// Reads manifests, rewrites them and writes the result: to standard output, or back into the files. Everything is read
// and checked before anything is written. It returns an exit code and sets none.

import { readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withoutControls } from '../../core/finding.js';
import { convertManifests, type Converted } from './convert-manifests.js';
import type { Finding } from './manifest-walk.js';
import { decodeText, readBounded, reason } from './read-text.js';

export interface ConvertOptions {
  /** Files, folders (their .yaml, .yml and .json files, not deeper) or `-` for standard input. */
  files: string[];
  inPlace: boolean;
  /** What is done; convert unless it is said. */
  rewriting?: Rewriting;
}

export interface Rewriting {
  /** The command, for messages, and what it does to an object. */
  name: string;
  done: string;
  rewrite(text: string, fileName: string): Converted;
}

const converting: Rewriting = { name: 'convert', done: 'converted', rewrite: convertManifests };

/** Where text goes and comes from: the process's own streams, or a test's. */
export interface ConvertStreams {
  stdin: () => Promise<Uint8Array>;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

interface Source { name: string; old: string; result: Converted }

/** 0: fine; 1: an object could not be rewritten; 2: a file cannot be used, nothing is written. */
export async function runConvert(options: ConvertOptions, streams: ConvertStreams): Promise<0 | 1 | 2> {
  const { rewriting = converting } = options;
  const complain = (problem: string): 2 => {
    streams.stderr(`${rewriting.name}: ${problem}\n`);
    return 2;
  };
  const usage = usageProblem(options, rewriting);
  if (usage !== undefined) return complain(usage);
  const sources: Source[] = [];
  for (const name of options.files) {
    try {
      for (const file of expand(name)) sources.push(rewriteSource(rewriting, file, file === '-' ? await streams.stdin() : readBounded(file)));
    } catch (error) {
      return complain(`${name}: ${reason(error)}`);
    }
  }
  const findings = sources.flatMap((source) => source.result.findings);
  for (const finding of findings) streams.stderr(describe(finding) + '\n');
  if (findings.some((finding) => finding.severity === 'fatal')) return 2;
  if (!options.inPlace) streams.stdout(joined(sources.map((source) => source.result.text)));
  else {
    const problem = writeBack(sources, rewriting, streams);
    if (problem !== undefined) return complain(problem);
  }
  return findings.some((finding) => finding.severity === 'error') ? 1 : 0;
}

function usageProblem({ files, inPlace }: ConvertOptions, { name }: Rewriting): string | undefined {
  if (files.length === 0) return `nothing to ${name}: name a file, a folder or - with -f`;
  if (files.filter((file) => file === '-').length > 1) return '-f - can be given once only';
  if (inPlace && files.includes('-')) return '--in-place needs files: leave out -f -';
  return undefined;
}

function expand(name: string): string[] {
  if (name === '-' || !statSync(name).isDirectory()) return [name];
  const found = readdirSync(name).filter((file) => /\.(ya?ml|json)$/.test(file)).sort().map((file) => path.join(name, file))
    .filter((file) => statSync(file).isFile());
  if (found.length === 0) throw new Error('the folder has no .yaml, .yml or .json file; name the files, or another folder');
  return found;
}

function rewriteSource({ rewrite }: Rewriting, name: string, bytes: Uint8Array): Source {
  const old = decodeText(bytes);
  return { name, old, result: rewrite(old, name === '-' ? 'stdin' : name) };
}

export function describe(finding: Finding): string {
  return withoutControls(`${finding.file}:${finding.line}:${finding.column}  ${finding.severity === 'warning' ? 'warning' : 'error'}  ${finding.message}`);
}

/** Several files as one stream of documents; a single one byte for byte. */
function joined(texts: string[]): string {
  return texts.reduce((all, text) => {
    const ended = all === '' || all.endsWith('\n') ? all : all + '\n';
    if (ended === '' || /^---(\s|$)/.test(text)) return ended + text;
    return ended + (text.startsWith('%') ? '...\n' : '---\n') + text;
  }, '');
}

function writeBack(sources: Source[], { done }: Rewriting, streams: ConvertStreams): string | undefined {
  for (const { name, old, result } of sources) {
    if (result.text === old) continue;
    try {
      replaceFile(realpathSync(name), result.text);
    } catch (error) {
      return `${name}: cannot be written: ${reason(error)}`;
    }
    streams.stderr(`${name}: ${result.converted} ${done}\n`);
  }
  return undefined;
}

/** The file has its old or its new content at every moment, and keeps its mode. */
function replaceFile(file: string, text: string): void {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, text, { mode: statSync(file).mode, flag: 'wx' });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}
