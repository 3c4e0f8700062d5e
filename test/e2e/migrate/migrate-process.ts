// `ingress-arbiter migrate` as a process with an account of its own, against the cluster of a hand-over rig; and a backend that
// answers 500 when it is asked through one listener.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ingress, service } from '../../fixtures/dev-rig.js';
import type { HandOverRig } from '../hand-over-rig.js';

const USER = 'migrator';

export interface Ended { code: number | string; out: string; err: string }

/** Runs the command; with `killAfter` it is killed when it has written so many Ingresses. */
export type Migrate = (args: readonly string[], killAfter?: number) => Promise<Ended>;

/** The command for one rig that runs. */
export function migrateOn(rig: HandOverRig): Migrate {
  writeFileSync(rig.file('migrator.kubeconfig'), rig.api.kubeconfig({ user: USER, token: rig.api.addUser(USER) }), { mode: 0o600 });
  const patches = (): number => rig.records.filter(({ user, verb, resource, code }) => user === USER && verb === 'patch' && resource === 'ingresses' && code < 300).length;
  return async (args, killAfter) => {
    const child = spawn(process.execPath, ['dist/src/cli/main.js', 'migrate', ...args, '--kubeconfig', rig.file('migrator.kubeconfig'), '--lease-namespace', 'arbiter'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => { ended.out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { ended.err += text; });
    const before = patches();
    const watch = killAfter === undefined ? undefined : setInterval(() => { if (patches() >= before + killAfter) child.kill('SIGKILL'); }, 1);
    const code = await new Promise<number | string>((resolve) => { child.once('exit', (status, signal) => resolve(status ?? signal!)); });
    clearInterval(watch);
    return { code, ...ended };
  };
}

export interface OddBackend {
  /** It answers 500 when it is asked through this port. */
  broken: number;
  close(): void;
}

/** Ingress, Service and server `odd`. */
export async function startOddBackend(rig: HandOverRig, className: string): Promise<OddBackend> {
  const odd: OddBackend = { broken: -1, close: () => server.close() };
  const server: Server = createServer((request, response) => {
    response.statusCode = Number(request.headers['x-forwarded-port']) === odd.broken ? 500 : 200;
    response.setHeader('x-backend', 'odd').end('odd\n');
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  rig.create(...service('odd', [(server.address() as AddressInfo).port]), ingress('odd', 'odd.test', 'odd', { class: className }));
  return odd;
}
