// Which of the last good tables a class begins with: the newest that is whole and that this engine takes, if need be without
// entries that it does not take. It says what is not served as it was; when nothing can be served, there is none.

import { withoutControls } from '../core/finding.js';
import type { TableUpdate } from '../route-table/types.js';
import type { UpdateRules } from './check-update.js';
import type { Log } from './nginx-run.js';
import { type FirstTable, repairTable } from './repair-table.js';

/** Entries named in one line of the log. */
const MOST_NAMED = 20;

/** `tables`: the newest first. */
export function chooseTable(className: string, tables: Iterable<TableUpdate>, { rules, log }: { rules: UpdateRules; log: Log }): FirstTable | undefined {
  for (const table of tables) {
    const which = `class ${className}: its last good table of epoch ${table.epoch}, sequence ${table.sequence}`;
    const chosen = repairTable(table, rules);
    if ('refusal' in chosen) log('error', `${which} is not served: ${chosen.refusal}; the one before it is tried`);
    else {
      if (chosen.refused.length > 0) log('error', `${which} has ${chosen.refused.length} entries that this engine does not take; they are closed or left out until a controller brings others: ${named(chosen)}`);
      return chosen;
    }
  }
  return undefined;
}

/** Keys come from a file that somebody may have written to. */
function named({ refused }: FirstTable): string {
  const some = refused.slice(0, MOST_NAMED).map(({ key, reason }) => `${withoutControls(key.slice(0, 300))} (${reason})`);
  return refused.length > some.length ? `${some.join(', ')} and ${refused.length - some.length} more` : some.join(', ');
}
