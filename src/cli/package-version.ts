// The version of this package, as its package.json says.

import { readFileSync } from 'node:fs';
import path from 'node:path';

export function packageVersion(): string {
  const file = path.resolve(import.meta.dirname, '../../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
