// Writes the tables that the next nginx begins with, into the private directory: keys of certificates are among them. They
// are taken away when that nginx has read them.

import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { renderChanges, type Change } from './control-client.js';
import { engineFiles } from './nginx-conf.js';

/** Entries rendered between two turns of the event loop. */
const AT_ONCE = 500;

/** Writes the table of one class; the name is one of the engine's own settings. */
export async function writeFirstTable(workDirectory: string, className: string, entries: Iterable<Change>): Promise<void> {
  const name = path.join(engineFiles(workDirectory).firstTables, className);
  rmSync(name, { force: true });
  const file = await open(name, 'wx', 0o600);
  try {
    let some: Change[] = [];
    for (const entry of entries) {
      some.push(entry);
      if (some.length < AT_ONCE) continue;
      await file.writeFile(renderChanges(some));
      some = [];
    }
    await file.writeFile(renderChanges(some));
  } finally {
    await file.close();
  }
}

export function removeFirstTable(workDirectory: string, className: string): void {
  rmSync(path.join(engineFiles(workDirectory).firstTables, className), { force: true });
}
