// The log of requests is rotated as logrotate does it, by moving the file away and SIGUSR1: under load, while an nginx that was
// replaced finishes what is under way, and in the middle of a replacement. Every request is one line of one file.

import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { startApiServer } from '../../../src/dev-cluster/api-server.js';
import { type EngineProgram, putTable, startEngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { startRun } from '../run-process.js';

describe('e2e: rotation of the log of requests', function () {
  this.timeout(90_000);
  let folder: string;
  let backend: Server;
  let engine: EngineProgram;
  const slow: ServerResponse[] = [];
  const sent: string[] = [];
  let rotations = 0;
  const current = (): string => path.join(folder, 'requests.json');
  const moved = (round: number): string => path.join(folder, `requests.json.${round}`);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-rotate-'));
    mkdirSync(path.join(folder, 'tls'));
    await makeCertificates({ folder: path.join(folder, 'tls'), classes: ['red'], days: 2 });
    backend = createServer((request, response) => {
      if (request.url!.startsWith('/slow')) slow.push(response);
      else response.end('fine');
    }).listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const [nobody] = await freePorts(1) as [number];
    const entries = new Map([
      ['host/a.test', JSON.stringify({ routes: [{ match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80' }] })],
      ['service/shop/web/80', JSON.stringify({ endpoints: [{ address: '127.0.0.1', port: (backend.address() as AddressInfo).port }] })],
    ]);
    putTable(path.join(folder, 'work-one'), 'red', { epoch: 3, sequence: 7, entries });
    engine = await startEngineProgram({ folder, name: 'one', controllers: { red: [`https://127.0.0.1:${nobody}`] }, engine: { workers: 2, accessLog: current(), limits: { drainSeconds: 20 } } });
    await eventually(() => engine.expectReady(), 20_000);
  });
  after(async () => {
    await engine?.kill();
    backend?.closeAllConnections();
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = async (uri: string): Promise<void> => {
    sent.push(uri);
    expect((await engine.get('red', 'a.test', uri)).text).to.equal('fine');
  };
  const uris = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { uri: string }).uri);
  const children = (pid: number): number[] => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((one) => one !== '').map(Number);
    } catch {
      return [];
    }
  };
  const opens = (pid: number, file: string): boolean => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === file);
    } catch {
      return false;
    }
  };
  const masters = (): number[] => children(engine.child.pid!);
  /** It has read its configuration, and is no `nginx -t`. */
  const isMaster = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('master process');
    } catch {
      return false;
    }
  };
  /** Workers of nginx that have a file open. */
  const writers = (file: string): number[] => masters().flatMap(children).filter((pid) => opens(pid, file));
  const rotate = (): string => {
    const file = moved(rotations += 1);
    renameSync(current(), file);
    engine.child.kill('SIGUSR1');
    return file;
  };
  const expectRotated = (file: string): Promise<unknown> => eventually(() => {
    expect(existsSync(current())).to.equal(true);
    expect(writers(file)).to.deep.equal([]);
  });
  const replaced = (): number => engine.output().split('a new nginx serves with the settings').length - 1;

  it('loses no line under load', async () => {
    let over = false;
    const clients = Array.from({ length: 4 }, async (_, client) => {
      for (let at = 0; !over; at++) await get(`/load-${client}-${at}`);
    });
    for (let round = 0; round < 5; round++) {
      await sleep(100);
      await expectRotated(rotate());
    }
    over = true;
    await Promise.all(clients);
    await get('/after');
    await eventually(() => expect(uris(current())).to.include('/after'));
  });

  it('an nginx that finishes what is under way writes to the new file, too', async () => {
    sent.push('/slow');
    const late = engine.get('red', 'a.test', '/slow');
    await eventually(() => expect(slow).to.have.length(1));
    engine.child.kill('SIGHUP');
    await eventually(() => expect(replaced()).to.equal(1), 20_000);
    expect(masters()).to.have.length(2);
    const file = rotate();
    await expectRotated(file);
    slow[0]!.end('at last');
    expect((await late).text).to.equal('at last');
    await eventually(() => expect(uris(current())).to.include('/slow'));
    expect(uris(file)).to.not.include('/slow');
    await eventually(() => expect(masters()).to.have.length(1));
  });

  it('an nginx that is being started opens the new file', async () => {
    const [before] = masters();
    engine.child.kill('SIGHUP');
    const fresh = await eventually(() => {
      const found = masters().find((one) => one !== before && isMaster(one));
      expect(found).to.be.a('number');
      return found!;
    }, 20_000);
    const file = rotate();
    await eventually(() => expect(replaced()).to.equal(2), 20_000);
    await expectRotated(file);
    expect(masters()).to.include(fresh);
    await get('/fresh');
    await eventually(() => expect(uris(current())).to.include('/fresh'));
  });

  it('`run` opens it anew, too', async () => {
    const api = await startApiServer({ allowLoopbackEndpoints: true });
    api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } });
    const log = path.join(folder, 'run.json');
    const run = await startRun({ api, folder, user: 'alone', class: 'red', engine: { accessLog: log } });
    try {
      const ask = (uri: string): Promise<unknown> => eventually(async () => expect((await run.get('nobody.test', uri)).status).to.equal(404), 20_000);
      await ask('/first');
      await eventually(() => expect(run.messages().join('\n')).to.match(/serves red when ready/), 20_000);
      renameSync(log, `${log}.1`);
      run.child.kill('SIGUSR1');
      await eventually(() => expect(existsSync(log)).to.equal(true));
      expect(uris(`${log}.1`)).to.include('/first');
      await eventually(async () => {
        await ask('/second');
        expect(uris(log)).to.include('/second');
      });
      expect(run.messages().join('\n')).to.not.match(/Debugger listening/);
    } finally {
      await run.end();
      await api.close();
    }
  });

  it('every request is one line of one file', async () => {
    const files = [current(), ...Array.from({ length: rotations }, (_, at) => moved(at + 1))];
    await eventually(() => expect(files.flatMap(uris).sort()).to.deep.equal([...sent].sort()));
    expect(engine.output()).to.not.match(/Debugger listening/);
  });
});
