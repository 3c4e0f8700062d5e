// TLS to backends in an engine that starts with nobody to ask, and with workers of another account: the ways are there with the
// tables that lead to them, and nobody else on the machine can take them.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { type EngineProgram, putTable, startEngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { freePorts } from '../../fixtures/free-ports.js';
import { selfSigned } from '../../fixtures/self-signed.js';

describe('e2e: TLS to backends from the disk of an engine', function () {
  this.timeout(60_000);
  let folder: string;
  let server: Server;
  let table: Map<string, string>;
  let nobody: number;
  const engines: EngineProgram[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-ways-'));
    chmodSync(folder, 0o711);
    mkdirSync(path.join(folder, 'tls'));
    await makeCertificates({ folder: path.join(folder, 'tls'), classes: ['red'], days: 2 });
    const { certificate, key } = await selfSigned('backend.internal');
    server = createServer({ cert: certificate, key }, (_request, response) => response.end('over TLS')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    [nobody] = await freePorts(1) as [number];
    const host = (name: string): string => JSON.stringify({
      routes: [{ match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/443', policy: 0 }],
      policies: [{ protocol: 'https', tls: { verify: { trusted: 'authority-1', depth: 1, name } } }],
    });
    table = new Map([
      ['host/right.test', host('backend.internal')], ['host/wrong.test', host('other.internal')], ['trusted/authority-1', JSON.stringify({ trusted: certificate })],
      ['service/shop/web/443', JSON.stringify({ endpoints: [{ address: '127.0.0.1', port: (server.address() as AddressInfo).port }] })],
    ]);
  });
  after(async () => {
    for (const engine of engines) await engine.kill();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (name: string, engine: object = {}): Promise<EngineProgram> => {
    putTable(path.join(folder, `work-${name}`), 'red', { epoch: 3, sequence: 7, entries: table });
    const program = await startEngineProgram({ folder, name, controllers: { red: [`https://127.0.0.1:${nobody}`] }, engine });
    engines.push(program);
    return program;
  };
  const expectServed = async (engine: EngineProgram): Promise<void> => {
    await eventually(() => engine.expectReady(), 20_000);
    expect((await engine.get('red', 'right.test')).text).to.equal('over TLS');
    expect((await engine.get('red', 'wrong.test')).status).to.equal(502);
  };

  it('is there from the first request on, and again after the agent was killed', async () => {
    const engine = await start('again');
    const first = await eventually(() => engine.get('red', 'right.test'), 20_000);
    expect([first.status, first.text]).to.deep.equal([200, 'over TLS']);
    await expectServed(engine);
    await engine.kill();
    const next = engine.again();
    engines.push(next);
    await expectServed(next);
  });

  /** Lua code that every account can read. */
  const readableLua = (): string => {
    const lua = path.join(folder, 'lua');
    cpSync('dist/lua', lua, { recursive: true });
    execFileSync('chmod', ['-R', 'a+rX', lua]);
    return lua;
  };
  const expectOwner = (engine: EngineProgram, account: string): void => {
    const directory = path.join(engine.workDirectory, 'hops');
    const { uid, mode } = statSync(directory);
    // The two ways to backends; and the relay of each nginx that runs.
    expect([uid, mode & 0o777, readdirSync(directory).filter((name) => !name.startsWith('relay-')).length]).to.deep.equal([Number(execFileSync('id', ['-u', account])), 0o700, 2]);
  };

  it('workers of another account get through, and no third one', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const engine = await start('account', { workerUser: 'www-data', luaDirectory: readableLua() });
    await expectServed(engine);
    expectOwner(engine, 'www-data');
  });

  it('workers that get another account with new settings get through', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const engine = await start('turns', { luaDirectory: readableLua() });
    await expectServed(engine);
    const settings = parse(readFileSync(engine.file, 'utf8')) as { engine: { workerUser?: string } };
    settings.engine.workerUser = 'www-data';
    writeFileSync(engine.file, stringify(settings));
    engine.child.kill('SIGHUP');
    await eventually(() => expect(engine.output()).to.include('a new nginx serves with the settings'), 20_000);
    await expectServed(engine);
    expectOwner(engine, 'www-data');
  });
});
