// Names of files and folders on the command line as a list of manifest files.

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file as it is, `-` for standard input, a folder's manifests at any depth, sorted. Throws when a name does not exist. */
export function manifestFiles(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (name === '-' || !statSync(name).isDirectory()) return [name];
    const files = readdirSync(name, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ya?ml|json)$/.test(file)).sort().map((file) => path.join(name, file)).filter((file) => !statSync(file).isDirectory());
    if (files.length === 0) throw new Error(`${name}: the folder has no .yaml, .yml or .json file; name the files, or another folder`);
    return files;
  });
}
