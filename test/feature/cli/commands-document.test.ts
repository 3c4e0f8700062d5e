// docs/commands.md and docs/migrate.md: every example is run and compared with what the document shows. UPDATE_GOLDEN=1 writes the output into the
// document; read what it wrote before you keep it.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { peers } from '../../../src/core/peers/peers.js';
import { type ExplainedCluster, startExplainedCluster } from '../../fixtures/explained-cluster.js';
import { runCommand } from '../../fixtures/run-command.js';

const text = readFileSync('docs/commands.md', 'utf8');
const block = /```console\n\$ ingress-arbiter (.*)\n([\s\S]*?)```\n/g;
const examples = ['docs/commands.md', 'docs/migrate.md'].flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(block)].map(([whole, command, output]) => ({ file, whole: whole!, command: command!, output: output! })));

/** The certificate is made anew each time. */
const withoutDates = (output: string): string => output.replace(/valid until \d{4}-\d\d-\d\d/g, 'valid until 2027-11-25');

describe('docs/commands.md and docs/migrate.md', function () {
  this.timeout(20_000);
  let cluster: ExplainedCluster;
  before(async () => { cluster = await startExplainedCluster(); });
  after(() => cluster?.close());

  it('has its examples', () => expect(examples.length).to.be.at.least(12));

  for (const { file, whole, command, output } of examples) {
    it(command, async () => {
      const args = command.split(' ');
      const { out, err } = await runCommand(args.includes('-f') ? args : [...args, '--kubeconfig', cluster.kubeconfig]);
      const now = withoutDates(err + out);
      if (process.env['UPDATE_GOLDEN'] === '1') {
        writeFileSync(file, readFileSync(file, 'utf8').replace(whole, () => `\`\`\`console\n$ ingress-arbiter ${command}\n${now}\`\`\`\n`));
      } else expect(now).to.equal(output);
    });
  }

  it('lists every controller with all its flags', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    for (const { name, defaults } of peers) {
      const row = rows.find((line) => line.split('|')[1]!.split(',').map((one) => one.trim()).includes(name));
      expect(row?.split('|')[2]!.trim(), name).to.equal(Object.keys(defaults).join(', '));
    }
  });
});
