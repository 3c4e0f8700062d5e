// Keeps the authority and the certificates of controllers and engines in a folder, for those who run the programs themselves.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Pair, issueEngine, issuePublisher, makeAuthority } from './issue-certificates.js';

export interface CertificateRequest {
  folder: string;
  /** Each gets a certificate that may publish it; with commas between them, several get one that may publish all of them. */
  classes: readonly string[];
  days: number;
}

/** Writes the files, an authority only when there is none yet, and returns their names. Keys get mode 0600. */
export async function makeCertificates({ folder, classes, days }: CertificateRequest): Promise<string[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const save = (name: string, { cert, private: key }: Pair): void => {
    for (const [ending, text, mode] of [['key', key, 0o600], ['crt', cert, 0o644]] as const) {
      const file = path.join(folder, `${name}.${ending}`);
      writeFileSync(`${file}.new`, text, { mode });
      renameSync(`${file}.new`, file);
      written.push(file);
    }
  };
  const authority = readAuthority(folder) ?? await makeAuthority();
  if (!existsSync(path.join(folder, 'ca.crt'))) save('ca', authority);
  save('engine', await issueEngine(authority, days));
  for (const names of classes) save(`class-${names.replaceAll(',', '+')}`, await issuePublisher(authority, names.split(','), days));
  return written;
}

function readAuthority(folder: string): Pair | undefined {
  const [certificate, key] = [path.join(folder, 'ca.crt'), path.join(folder, 'ca.key')];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { cert: readFileSync(certificate, 'utf8'), private: readFileSync(key, 'utf8') };
}
