// Mocha's own output, and at the end the totals: as one line for people, as JSON (.work/test-totals.json) for .ci/run.
// It counts what mocha counts; a hook that fails is a failure. A run whose process does not end by itself fails too.
const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters, Runner } = require('mocha');

/** How long after the last test the process may take to end by itself. */
const LEFT_OPEN_MS = 15_000;

const Shown = process.env.CI ? reporters.Spec : reporters.Dot;

function endByForce() {
  const open = process.getActiveResourcesInfo().filter((name) => name !== 'TTYWrap' && name !== 'PipeWrap');
  process.stderr.write(`\nthe tests are over and left something open (${open.join(', ')}): close it in an after hook\n`);
  // Mocha sets the exit code to the number of failures in a listener of its own; this one comes after it.
  process.on('exit', () => { process.exitCode ||= 1; });
  process.exit();
}

module.exports = class TotalsReporter extends Shown {
  constructor(runner, options) {
    super(runner, options);
    const file = path.resolve('.work/test-totals.json');
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
      // Fires only if something else keeps the process alive.
      setTimeout(endByForce, LEFT_OPEN_MS).unref();
    });
  }

  // Called after the failures have been printed.
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`);
  }
};
