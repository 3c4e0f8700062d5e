// A request must not become much dearer without anybody noticing: its instructions in nginx, counted by valgrind, against those of a
// static nginx that does the same. Not by time, so a busy machine changes little. Without valgrind, or a C compiler, it is skipped.

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const LONGEST_MS = 300_000;

describe('e2e: instructions of a request', function () {
  this.timeout(LONGEST_MS);

  it('are no more than the bound of bench/scenarios/one-host.json', async function () {
    try {
      for (const program of ['valgrind', 'cc']) execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch {
      this.skip();
    }
    // It ends with 1 beyond the bound, and with a trace when anything else goes wrong.
    const { stdout } = await run(process.execPath, ['dist/bench/instructions.js', '--unwritten', '--requests', '500', 'one-host'], {
      env: { ...process.env, BENCH_WARM_UP: '2000' }, timeout: LONGEST_MS - 5000, // It ends before the test does, and takes what it has started with it.
    });
    expect(stdout).to.match(/^one-host: \d\.\d\d times the static nginx; at most \d\.\d: reached$/m);
  });
});
