// A real `ingress-arbiter run` in a process of its own, with an nginx of its own, under a user of its own at the dev cluster,
// so that the cluster's request log tells who did what.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { ApiServer } from '../../src/dev-cluster/api-server.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { type Answer, httpGet } from '../fixtures/http-get.js';
import { nginxIn } from '../fixtures/process-figures.js';
import { mainScript, startProgram } from '../fixtures/program.js';
import type { ShippedAccess } from '../fixtures/shipped-access.js';

export interface RunOptions {
  api: ApiServer;
  /** Where it may write. */
  folder: string;
  user: string;
  class: string;
  /** Gives it the rights that are shipped; its cluster has to ask them. Without it, it may do what the cluster lets everybody do. */
  access?: ShippedAccess;
  settings?: object;
  /** Added to the settings of the engine. */
  engine?: object;
  flags?: string[];
}

export interface RunProcess {
  user: string;
  child: ChildProcess;
  httpPort: number;
  httpsPort: number;
  adminPort: number;
  /** What it has logged. */
  messages(): string[];
  /** What /readyz says; undefined while nobody answers. */
  readiness(): Promise<string | undefined>;
  get(host: string, at?: string): Promise<Answer>;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  /** Ends it and its nginx, however they are. */
  end(): Promise<void>;
}

/** Starts one; it runs, but is not ready yet. */
export async function startRun({ api, access, folder, user, class: className, settings = {}, engine = {}, flags = [] }: RunOptions): Promise<RunProcess> {
  const home = path.join(folder, user);
  mkdirSync(home);
  access?.admit(user, { namespace: 'arbiter', leases: [className] });
  const [httpPort, httpsPort, adminPort] = await freePorts(3) as [number, number, number];
  writeFileSync(path.join(home, 'kubeconfig'), api.kubeconfig({ user, token: api.addUser(user) }));
  writeFileSync(path.join(home, 'run.yaml'), stringify({
    claims: [{ class: className, addresses: [{ hostname: `${className}.test` }] }],
    leaseNamespace: 'arbiter', unreadySeconds: 0, kubeconfig: './kubeconfig', admin: { port: adminPort },
    engine: {
      workDirectory: './nginx', workers: 1, allowLoopbackEndpoints: true,
      ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
      listeners: [{ name: 'web', address: '127.0.0.1', httpPort, httpsPort, classes: [className] }], ...engine,
    },
    ...settings,
  }));
  const { child, ended, output, kill } = startProgram([mainScript, 'run', '--config', path.join(home, 'run.yaml'), ...flags]);
  return {
    user, child, httpPort, httpsPort, adminPort, ended,
    messages: () => output().split('\n').filter((line) => line !== '').map(messageOf),
    readiness: () => httpGet({ port: adminPort, host: 'localhost', path: '/readyz' }).then((answer) => answer.text.trim(), () => undefined),
    get: (host, at = '/') => httpGet({ port: httpPort, host, path: at }),
    async end() {
      await kill();
      await endNginx(path.join(realpathSync(home), 'nginx'));
    },
  };
}

function messageOf(line: string): string {
  try {
    return (JSON.parse(line) as { msg: string }).msg;
  } catch {
    return line;
  }
}

/** What an agent that was killed may have left behind. A master that still lives starts new workers, so all are looked for again. */
async function endNginx(folder: string): Promise<void> {
  await eventually(() => {
    const left = nginxIn(folder);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    if (left.length > 0) throw new Error(`nginx still runs in ${folder}: ${left.join(' ')}`);
  });
}
