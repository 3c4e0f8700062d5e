// An engine that can't be started leaves nothing behind that serves: whoever tries again begins with nothing of the first try.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startEngine } from '../../../src/engine/agent.js';
import { type FirstTable, repairTable } from '../../../src/engine/repair-table.js';
import { engineSettings } from '../../../src/engine/settings.js';
import { updateRules } from '../../../src/engine/update-rules.js';

describe('engine: a start that fails', function () {
  this.timeout(20_000);
  let folder: string;
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'ia-start-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('ends the ways to backends over TLS that it had opened', async () => {
    const settings = engineSettings({
      workDirectory: folder, nginxBinary: '/nowhere/nginx', allowLoopbackEndpoints: true, ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
      listeners: [{ name: 'red', address: '127.0.0.1', httpPort: 1, httpsPort: 2, classes: ['red'] }],
    });
    const backend = 'service/shop/web/443';
    const set = [
      { key: 'host/a.test', value: { routes: [{ match: 'prefix' as const, path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend, policy: 0 }], policies: [{ protocol: 'https' as const, tls: { serverName: 'a' } }] } },
      { key: backend, value: { endpoints: [{ address: '127.0.0.1', port: 443 }] } },
    ];
    const table = repairTable({ class: 'red', epoch: 1, sequence: 1, full: true, set, remove: [], count: set.length }, updateRules(settings)) as FirstTable;
    const problem = await startEngine(settings, { log: () => undefined, first: [table] }).then(() => 'started', (error: Error) => error.message);
    expect(problem).to.include('/nowhere/nginx');
    const directory = path.join(folder, 'hops');
    const [name] = readdirSync(directory);
    if (name === undefined) return;
    const client = connect(path.join(directory, name));
    expect(await new Promise((resolve) => { client.once('connect', () => resolve('connected')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code)); })).to.equal('ECONNREFUSED');
  });
});
