// When an engine looks at its TLS files: for each new stream and sign of life, not for each answer.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { connectToPublishers } from '../../../src/engine/tls-files.js';

describe('engine/tls-files', () => {
  let folder: string;
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'ia-tls-files-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('takes new files when it is asked for connections, and keeps what it took last where no look is taken', async () => {
    for (const name of ['old', 'new']) await makeCertificates({ folder: path.join(folder, name), classes: ['red'], days: 2 });
    const now = path.join(folder, 'now');
    cpSync(path.join(folder, 'old'), now, { recursive: true });
    const problems: string[] = [];
    const connections = connectToPublishers('red', { certificate: path.join(now, 'engine.crt'), key: path.join(now, 'engine.key'), authority: path.join(now, 'ca.crt') }, (message) => problems.push(message));
    const first = connections.dispatcher();
    expect([connections.latest(), connections.dispatcher()]).to.deep.equal([first, first]);
    cpSync(path.join(folder, 'new'), now, { recursive: true });
    expect(connections.latest(), 'without a look').to.equal(first);
    const second = connections.dispatcher();
    expect(second).to.not.equal(first);
    expect(connections.latest()).to.equal(second);
    rmSync(path.join(now, 'engine.key'));
    expect([connections.dispatcher(), connections.latest(), problems]).to.deep.equal([second, second, []]);
    await connections.close();
  });
});
