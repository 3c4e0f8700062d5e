// The log of requests: whose each was and what became of it, one line of JSON whatever a client writes, and none of an Ingress that
// wants none.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type DevSession, ingress, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { rawHttp } from '../../fixtures/raw-http.js';

describe('e2e: the log of requests', function () {
  this.timeout(60_000);
  let session: DevSession;
  let folder: string;
  let accessLog: string;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-log-'));
    accessLog = path.join(folder, 'requests.json');
    session = await startDevSession({ web: 1 }, { accessLog });
    await session.apply(ingress({ name: 'logged', host: 'logged.example.com', service: 'web' }) + ingress({ name: 'said', host: 'said.example.com', service: 'web', annotations: { 'enable-access-log': 'true' } }) +
      ingress({ name: 'silent', host: 'silent.example.com', service: 'web', annotations: { 'enable-access-log': 'false' } }) + ingress({ name: 'moved', host: 'moved.example.com', service: 'web', annotations: { 'permanent-redirect': 'https://new.test', 'enable-access-log': 'false' } }));
    await session.served('silent.example.com');
  });
  after(async () => {
    await session?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (): Record<string, unknown>[] => readFileSync(accessLog, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  const logged = (uri: string): Promise<Record<string, unknown>> => eventually(() => {
    const found = lines().filter((line) => line.uri === uri);
    expect(found, uri).to.have.length(1);
    return found[0]!;
  });

  it('whose it was, what was asked and what became of it', async () => {
    await session.ask('logged.example.com', '/a?b=c', { method: 'POST', body: 'hello', headers: { 'user-agent': 'test "1"', 'x-request-id': 'abc' } });
    const line = await logged('/a?b=c');
    expect(line).to.include({ class: 'nginx-external', ingress: 'default/logged', service: 'web', client: '127.0.0.1', scheme: 'http', host: 'logged.example.com', method: 'POST', status: 200, userAgent: 'test "1"', requestId: 'abc', endpointStatuses: '200' });
    expect([typeof line.seconds, typeof line.answerBytes, /^127\.[0-9.]+:[0-9]+$/.test(String(line.endpoints))]).to.deep.equal(['number', 'number', true]);
    await session.ask('said.example.com', '/said', { https: true });
    expect(await logged('/said')).to.include({ ingress: 'default/said', scheme: 'https' });
    await session.ask('nobody.example.com', '/nobody');
    expect(await logged('/nobody')).to.include({ ingress: '', service: '', status: 404, class: 'nginx-external' });
  });

  it('one line for each, whatever a client writes', async () => {
    const { http } = session.settings.ports.external;
    await rawHttp(http, 'GET /evil HTTP/1.1\r\nHost: logged.example.com\r\nUser-Agent: a\x01"\\ {"class":"x"}\xff\r\nConnection: close\r\n\r\n');
    expect((await logged('/evil')).class).to.equal('nginx-external');
    await rawHttp(http, 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n');
    await eventually(() => expect(lines().map(({ status }) => status)).to.include(400));
  });

  it('enable-access-log: false keeps its requests out, and those alone', async () => {
    for (const path of ['/silent-1', '/silent-2']) expect((await session.ask('silent.example.com', path)).status).to.equal(200);
    expect((await session.ask('moved.example.com', '/silent-3')).status).to.equal(301);
    await session.ask('logged.example.com', '/after');
    await logged('/after');
    // They are flushed in the order of the workers: both have written by then.
    await eventually(async () => {
      await session.ask('logged.example.com', '/later');
      expect(lines().filter(({ uri }) => uri === '/later').length).to.be.greaterThan(3);
    });
    expect(lines().filter(({ uri }) => String(uri).startsWith('/silent'))).to.deep.equal([]);
  });
});
