// Tables that nginx begins with: read in the master before the workers exist, so that not one request finds less than was
// served before. The files are written by the engine's agent in its private directory.

import { type Lines, writeTable } from './write-table.js';

/** Brings the table of a class in, if there is one. When it can't be taken, nothing of it is there, and it says why. */
export function takeFirstTable(className: string): string | undefined {
  const [file] = io.open(ngx.config.prefix() + 'private/tables/' + className, 'r');
  if (file === undefined) return undefined;
  const outcome = writeTable(className, 0, (file as unknown as { lines(): Lines }).lines());
  file.close();
  if (outcome.status === 507) return 'no room for the table of class ' + className + ' in zone ' + outcome.body.zone;
  return outcome.status === 200 ? undefined : 'the table of class ' + className + ' can not be read';
}
