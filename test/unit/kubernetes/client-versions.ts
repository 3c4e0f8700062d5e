// Which versions of the API client's packages are pinned, and what the manifests say of them.
import { readFileSync } from 'node:fs';

/** What the rows were last run with. */
export const versions = { '@kubernetes/client-node': '1.4.0', undici: '7.30.2' };

export interface Manifest {
  version: string;
  engines: { node?: string };
  dependencies: Record<string, string>;
  packages: Record<string, { version: string; dependencies: Record<string, string> }>;
}

/** A package.json, or the lock file, by its path. */
export const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest;
