// Runs the real kubectl against a dev cluster of its own, with everything kubectl writes kept in a temporary folder.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startApiServer } from '../../../src/dev-cluster/api-server.js';

export interface Result { code: number; out: string; err: string }
export interface RunOptions { stdin?: string; env?: Record<string, string> }

export interface KubectlSession {
  /** Where test files may be put. */
  folder: string;
  server: Awaited<ReturnType<typeof startApiServer>>;
  /** What kubectl printed; rejects, showing all of it, when it fails. */
  kubectl(args: string, options?: RunOptions): Promise<string>;
  /** For calls that are to fail: what it printed to stderr; rejects when it succeeds. */
  failing(args: string, options?: RunOptions): Promise<string>;
  run(args: string, options?: RunOptions): Promise<Result>;
  /** A kubectl that goes on running; `until` resolves with all output as soon as it matches. */
  follow(args: string): { until(pattern: RegExp): Promise<string>; stop(): Promise<void> };
  close(): Promise<void>;
}

const program = process.env['KUBECTL'] ?? 'kubectl';
const HOW_TO_GET_IT = `these tests run the real kubectl, and "${program}" is not there: put kubectl (1.29 or newer) on PATH, or its path into KUBECTL`;
const PATIENCE = 8_000;

/** Arguments as in a shell: split at spaces, '…' kept together. */
const split = (args: string): string[] => (args.match(/(?:[^\s']|'[^']*')+/g) ?? []).map((part) => part.replaceAll("'", ''));

export async function startKubectlSession(options: Parameters<typeof startApiServer>[0] = {}): Promise<KubectlSession> {
  if (spawnSync(program, ['version', '--client'], { stdio: 'ignore', env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir() } }).error) throw new Error(HOW_TO_GET_IT);
  const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-session-'));
  const server = await startApiServer(options);
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, server.kubeconfig());
  const ownEnv = { PATH: process.env['PATH'] ?? '', HOME: folder, KUBECACHEDIR: path.join(folder, 'cache'), KUBECONFIG: kubeconfig, TMPDIR: folder };
  const children = new Set<ChildProcess>();

  const start = (args: string, env: Record<string, string> = {}): ChildProcess => {
    const child = spawn(program, split(args), { cwd: folder, env: { ...ownEnv, ...env } });
    children.add(child);
    child.once('close', () => children.delete(child));
    return child;
  };

  const run = (args: string, { stdin = '', env }: RunOptions = {}): Promise<Result> => new Promise((resolve, reject) => {
    const child = start(args, env);
    const result: Result = { code: -1, out: '', err: '' };
    child.stdout!.setEncoding('utf8').on('data', (text: string) => { result.out += text; });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { result.err += text; });
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...result, code: code ?? -1 }));
    child.stdin!.on('error', () => undefined).end(stdin);
  });

  const told = (args: string, result: Result): Error => new Error(`kubectl ${args} ended with ${result.code}\n${result.out}\n${result.err}`);

  return {
    folder, server, run,
    async kubectl(args, more) {
      const result = await run(args, more);
      if (result.code !== 0) throw told(args, result);
      return result.out;
    },
    async failing(args, more) {
      const result = await run(args, more);
      if (result.code === 0) throw told(args, result);
      return result.err;
    },
    follow: (args) => followChild(start(args), args),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function followChild(child: ChildProcess, args: string): ReturnType<KubectlSession['follow']> {
  let out = '';
  let look = (): void => undefined;
  const collect = (text: string): void => { out += text; look(); };
  child.stdout!.setEncoding('utf8').on('data', collect);
  child.stderr!.setEncoding('utf8').on('data', collect);
  const ended = new Promise<void>((resolve) => { child.once('close', () => resolve()); });
  return {
    until: (pattern) => new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`kubectl ${args} did not print ${pattern} in time, but:\n${out}`)), PATIENCE);
      look = () => {
        if (!pattern.test(out)) return;
        clearTimeout(late);
        resolve(out);
      };
      look();
    }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
