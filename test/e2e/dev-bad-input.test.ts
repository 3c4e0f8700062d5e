// `dev` where it can not run, and its end: one clear line and an exit code that is not 0, nothing left running.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { nginxIn } from '../fixtures/process-figures.js';

const main = path.resolve(import.meta.dirname, '../../src/cli/main.js');

interface Run { child: ChildProcess; output: () => string; ended: Promise<[number | null, NodeJS.Signals | null]> }

describe('e2e: dev and bad input', function () {
  this.timeout(60_000);
  let folder: string;
  const running: ChildProcess[] = [];

  beforeEach(() => { folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'ia-'))); });
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (ports: number[], ...more: string[]): Run => {
    const [api, admin, a, b, c, d] = ports;
    const child = spawn(process.execPath, [main, 'dev', '--no-samples', '--work-directory', path.join(folder, 'work'),
      '--api-port', `${api}`, '--admin-port', `${admin}`, '--external-ports', `${a},${b}`, '--internal-ports', `${c},${d}`, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => { text += part; });
    return { child, output: () => text, ended: once(child, 'exit') as Run['ended'] };
  };
  const ready = (run: Run): Promise<unknown> => eventually(() => expect(run.output()).to.contain('Ctrl-C ends all of it'), 30_000);
  const nginx = (): number[] => nginxIn(path.join(folder, 'work/nginx'));
  const fails = async (run: Run, says: RegExp): Promise<void> => {
    expect((await run.ended)[0], run.output()).to.equal(1);
    expect(run.output()).to.match(says).and.not.match(/^\s+at /m);
    expect(nginx()).to.deep.equal([]);
  };

  for (const at of [0, 1, 5]) {
    it(`says which port is in use (number ${at})`, async () => {
      const ports = await freePorts(6);
      const other = createServer().listen(ports[at], '127.0.0.1');
      await once(other, 'listening');
      await fails(start(ports), new RegExp(`\\b${ports[at]}\\b.* in use`));
      other.close();
    });
  }

  const samples = (content: string): string => {
    mkdirSync(path.join(folder, 'samples'));
    writeFileSync(path.join(folder, 'samples/a.yaml'), content);
    return path.join(folder, 'samples');
  };
  for (const [name, content, says] of [
    ['broken YAML', 'foo: [', /a\.yaml:\d+:\d+: this is not valid YAML/], ['no object', 'foo: bar', /a\.yaml: a document is no Kubernetes object/],
    ['an alias bomb', `${Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${(n === 0 ? 'x,' : `*a${n - 1},`).repeat(10)}]`).join('\n')}\n`, /a\.yaml: .*alias/],
    ['a name that is none', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: X_}\n', /"X_" is invalid/],
  ] as const) {
    it(`names the sample that is ${name}`, async () => { await fails(start(await freePorts(6), '--samples', samples(content)), says); });
  }

  it('says that a folder can not be written to, and does not try for ever', async () => {
    for (const directory of ['/proc/none', path.join(folder, 'file')]) {
      writeFileSync(path.join(folder, 'file'), '');
      await fails(start(await freePorts(6), '--work-directory', directory), /choose another folder|set workDirectory/);
    }
  });

  it('leaves a dev that runs in the same folder alone', async () => {
    const first = start(await freePorts(6));
    await ready(first);
    const kubeconfig = readFileSync(path.join(folder, 'work/kubeconfig'), 'utf8');
    const second = start(await freePorts(6));
    expect((await second.ended)[0]).to.equal(1);
    expect(second.output()).to.match(/another engine runs in this work directory/);
    expect(readFileSync(path.join(folder, 'work/kubeconfig'), 'utf8')).to.equal(kubeconfig);
    first.child.kill('SIGTERM');
    expect(await first.ended).to.deep.equal([0, null]);
  });

  it('ends nginx at SIGTERM, at a second Ctrl-C, and when it is killed, and starts again over what that left', async () => {
    for (const signals of [['SIGTERM'], ['SIGINT', 'SIGINT'], ['SIGKILL']] as const) {
      const run = start(await freePorts(6));
      await ready(run);
      expect(nginx()).to.not.be.empty;
      for (const signal of signals) run.child.kill(signal);
      await run.ended;
      await eventually(() => expect(nginx()).to.deep.equal([]), 10_000);
    }
  });
});
