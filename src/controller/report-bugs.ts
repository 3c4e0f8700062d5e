// Tells of bugs of ours that planning has met: counted, and in the log with what whoever mends it needs. Texts that may quote
// what a user wrote, a key even, stay out.

import type { ControllerOptions } from './controller.js';
import { withoutControls } from '../core/finding.js';
import type { Failure } from '../core/plan-safely.js';

/** Errors of the engine that runs us: they name our own code and no values. */
const quotesNothing = [TypeError, RangeError, ReferenceError];

/** Counts and logs what planning met this time; called without any, it says that there was none. */
export function reportBugs({ log, metrics, claims }: Pick<ControllerOptions, 'log' | 'metrics' | 'claims'>, failures: readonly Failure[]): void {
  metrics.add('planningFailures', [claims.map((claim) => claim.class).sort().join(',')], failures.length);
  for (const failure of failures) log('error', render(failure));
}

function render({ object, error }: Failure): string {
  const name = error instanceof Error ? error.name : typeof error;
  const what = quotesNothing.some((kind) => error instanceof kind) ? `${name}: ${(error as Error).message}` : name;
  const where = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line)).map((line) => line.trim()).join(' ') : '';
  return withoutControls(`${object}: a bug of ingress-arbiter stands in the way of planning it; please report: ${what} ${where}`);
}
