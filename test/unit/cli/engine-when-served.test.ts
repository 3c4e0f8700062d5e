// The engine of the program, when it can't serve what is on its disk. Its engine is a stand-in: what nginx does is e2e.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createEngineWhenServed } from '../../../src/cli/engine/engine-when-served.js';
import type { Engine } from '../../../src/engine/agent.js';
import { engineSettings } from '../../../src/engine/settings.js';
import type { TableUpdate } from '../../../src/route-table/types.js';
import { putTable } from '../../fixtures/engine-program.js';

describe('cli: the engine of the program', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'ia-served-')); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('says of a class that comes later when its last good table is refused, and does not say that it is served', async () => {
    const lines: string[] = [];
    const settings = engineSettings({ workDirectory: folder, listeners: [{ name: 'all', httpPort: 1, httpsPort: 2, classes: ['red', 'blue'] }] });
    for (const name of ['red', 'blue']) putTable(folder, name, { epoch: 3, sequence: 7, entries: new Map([['host/a.test', '{"routes":[]}']]) });
    const classes = ['red', 'blue'];
    const stub: Partial<Engine> = {
      apply: (update: TableUpdate) => Promise.resolve({ applied: false, reason: `full: no room for ${update.class}` }),
      table: () => undefined, readings: () => Promise.resolve([]), stop: () => Promise.resolve(),
    };
    const served = createEngineWhenServed({ settings: () => settings, classes, awaitTablesMs: () => 0, log: (level, message) => { lines.push(`${level} ${message}`); }, start: () => Promise.resolve(stub as Engine) });
    await served.begin(['red'], settings);
    await served.begin(['blue'], settings);
    expect(lines).to.deep.equal([
      'info class red: serves its last good table (epoch 3, sequence 7, 1 entries)',
      'error class blue: its last good table is not served: full: no room for blue; a controller has to bring one',
    ]);
    await served.stop();
  });
});
