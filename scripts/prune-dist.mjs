// Removes compiled files whose source is gone: tsc leaves them, and mocha would go on running deleted tests.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
for (const folder of ['src', 'test', 'bench', 'dashboards']) {
  const compiled = path.join(root, 'dist', folder);
  if (!existsSync(compiled)) continue;
  for (const file of readdirSync(compiled, { recursive: true, encoding: 'utf8' })) {
    const source = /^(.*)\.js(\.map)?$/.exec(file)?.[1];
    if (source !== undefined && !existsSync(path.join(root, folder, `${source}.ts`))) rmSync(path.join(compiled, file));
  }
}
