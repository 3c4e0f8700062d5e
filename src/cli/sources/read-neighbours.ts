// Lists who else may depend on the classes of Ingresses: cert-manager's issuers and Deployments that run external-dns. What is
// not installed is no trouble; what may not be read is told.

import { connectToApi } from '../../kubernetes/api-connection.js';
import { createKubeApi } from '../../kubernetes/kube-api.js';
import type { KubeObject, Resource } from '../../kubernetes/kube-object.js';
import { listAll } from '../../kubernetes/list-all.js';
import { OperationalError, hasCode } from '../../kubernetes/operational-error.js';
import type { NeighbourObject } from '../../migration/name-neighbours.js';
import { kubeConfigOf } from '../migrate/with-writer.js';
import { SourceProblem, exitCodes, type SourceOptions } from './source-options.js';

const kinds: readonly Resource[] = [
  { group: 'cert-manager.io', version: 'v1', plural: 'clusterissuers', kind: 'ClusterIssuer' },
  { group: 'cert-manager.io', version: 'v1', plural: 'issuers', kind: 'Issuer' },
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' },
];

/** Issuers and Deployments with external-dns in them. */
export async function readNeighbours(options: SourceOptions, warn: (line: string) => void): Promise<NeighbourObject[]> {
  try {
    const connection = await connectToApi({ source: kubeConfigOf(options) });
    try {
      const api = createKubeApi({ connection });
      const lists = await Promise.all(kinds.map(async (resource) => {
        try {
          const { objects } = await listAll({ api, selection: { resource }, signal: new AbortController().signal, keep: (object) => object });
          return [...objects.values()];
        } catch (error) {
          if (hasCode(error, 'not-found')) return [];
          if (!hasCode(error, 'forbidden')) throw error;
          warn(`${resource.kind}s may not be read: what they ask for is not known`);
          return [];
        }
      }));
      return lists.flatMap((list, at) => list.map((object) => ({ ...object, kind: kinds[at]!.kind })).filter(isNeighbour)) as unknown as NeighbourObject[];
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    throw new SourceProblem(`the cluster cannot be read: ${error.message}`, exitCodes.unreachable);
  }
}

function isNeighbour({ kind, ...object }: KubeObject): boolean {
  return kind !== 'Deployment' || JSON.stringify(object['spec'] ?? {}).includes('external-dns');
}
