// The cluster that `dev` starts with: the manifests of manifests/examples, old forms converted, as kubectl would apply them.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../dev-cluster/resources.js';
import { decodeText, readBounded, reason } from '../convert/read-text.js';
import { convertManifests } from '../convert/convert-manifests.js';

/** Where the package keeps its manifests. */
export const examplesFolder = path.resolve(import.meta.dirname, '../../../../manifests/examples');

/** Reads every manifest of a folder, in the order of the file names. Throws with file and reason when one is broken. */
export function readSampleObjects(folder: string): KubeObject[] {
  return saying(folder, () => readdirSync(folder)).filter((file) => /\.ya?ml$/.test(file)).sort().flatMap((file) => {
    const name = path.join(folder, file);
    const converted = saying(name, () => convertManifests(decodeText(readBounded(name)), name));
    const problem = converted.findings.find(({ severity }) => severity !== 'warning');
    if (problem !== undefined) throw new Error(`${name}:${problem.line}:${problem.column}: ${problem.message}`);
    const objects = saying(name, () => parseAllDocuments(converted.text).map((document) => document.toJS() as KubeObject | null));
    return objects.filter((object) => object !== null).map((object) => checked(name, object));
  });
}

function saying<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`samples ${name}: ${reason(error)}`, { cause: error });
  }
}

function checked(name: string, object: KubeObject): KubeObject {
  if (typeof object.apiVersion === 'string' && typeof object.kind === 'string' && typeof object.metadata === 'object') return object;
  throw new Error(`samples ${name}: a document is no Kubernetes object; give it apiVersion, kind and metadata`);
}
