// Reads a settings file. What is in it is checked by whoever asked for it.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The content of a YAML file. Throws one error of one line that names the file and what to do. */
export function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new Error(`${file}: cannot be read as YAML: ${reason}; name a settings file (docs/running.md shows them)`, { cause: error });
  }
}
