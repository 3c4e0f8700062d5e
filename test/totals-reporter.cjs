// Mocha's own output, and at the end the totals: as one line for people, as JSON (.work/test-totals.json) for .ci/run.
// It counts what mocha counts; a hook that fails is a failure.
const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters, Runner } = require('mocha');

/** How long after the last test the process may take to end by itself. */
const LEFT_OPEN_MS = 15_000;

const Shown = process.env.CI ? reporters.Spec : reporters.Dot;

module.exports = class TotalsReporter extends Shown {
  constructor(runner, options) {
    super(runner, options);
    const file = path.resolve('.work/test-totals.json');
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
      // A test that leaves a server or a timer behind would keep the process here for ever; unref: a clean run just ends.
      setTimeout(() => {
        process.stderr.write(`the tests left something open: ${process.getActiveResourcesInfo().join(', ')}\n`);
        process.exit(1);
      }, LEFT_OPEN_MS).unref();
    });
  }

  // Called after the failures have been printed.
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`);
  }
};
