// Mocha's own output, and at the end the totals: as one line for people, as JSON (.work/test-totals.json) for .ci/run.
// It counts what mocha counts; a hook that fails is a failure.
const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters, Runner } = require('mocha');

const Shown = process.env.CI ? reporters.Spec : reporters.Dot;

module.exports = class TotalsReporter extends Shown {
  constructor(runner, options) {
    super(runner, options);
    const file = path.resolve('.work/test-totals.json');
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
    });
  }

  // Called after the failures have been printed.
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`);
  }
};
