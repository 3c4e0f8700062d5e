// The tables from disk with which the classes of an engine begin, and what is not served of them as it was: until a controller
// brings a table, nothing else can tell.

import { chooseTable } from '../../engine/choose-table.js';
import type { LastGood } from '../../engine/last-good.js';
import type { Log } from '../../engine/nginx-process.js';
import type { FirstTable } from '../../engine/repair-table.js';
import type { EngineSettings } from '../../engine/settings.js';
import { updateRules } from '../../engine/update-rules.js';
import type { TableUpdate } from '../../route-table/types.js';

export interface FirstTables {
  /** One for each of these classes that has one. */
  choose(classes: readonly string[], settings: EngineSettings): FirstTable[];
  /** The engine serves it. */
  served(table: FirstTable): void;
  /** An update of a controller was taken. */
  took(update: TableUpdate): void;
  /** How many entries of its first table a class has closed or left out, as readings of metrics. */
  readings(classes: readonly string[]): { name: string; labels: string[]; values: number[] }[];
}

export function createFirstTables(lastGood: Pick<LastGood, 'tables'>, log: Log): FirstTables {
  const refused = new Map<string, number>();
  return {
    choose: (classes, settings) => classes.flatMap((name) => chooseTable(name, lastGood.tables(name), { rules: updateRules(settings, name), log }) ?? []),
    served({ update: { class: name, epoch, sequence, count }, refused: { length } }) {
      refused.set(name, length);
      log('info', `class ${name}: serves its last good table (epoch ${epoch}, sequence ${sequence}, ${count} entries)`);
    },
    took({ class: name, full }) {
      if (full) refused.delete(name);
    },
    readings: (classes) => classes.map((name) => ({ name: 'lastGoodRefused', labels: [name], values: [refused.get(name) ?? 0] })),
  };
}
