// The API for the commands that write Ingresses: each write is a merge patch against the version that was read, so nobody
// else's change is lost. What went wrong with one Ingress is a text; a cluster that cannot be reached ends the command.

import type { Ingress } from '../../core/kubernetes-objects.js';
import { connectToApi } from '../../kubernetes/api-connection.js';
import { type KubeApi, createKubeApi } from '../../kubernetes/kube-api.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';
import { OperationalError, hasCode } from '../../kubernetes/operational-error.js';
import { ingresses } from '../../kubernetes/resources.js';
import { SourceProblem, exitCodes, type SourceOptions } from '../sources/source-options.js';

export interface IngressWriter {
  api: KubeApi;
  /** The Ingress as it is; undefined: it is gone. */
  read(key: string): Promise<Ingress | undefined>;
  /**
   * Patches with what `make` makes of the Ingress as it is now; anything but a patch is the answer. Makes it anew when somebody
   * else was faster.
   */
  patchOnce<Answer extends string>(key: string, make: (now: Ingress) => object | Answer): Promise<'written' | Answer | { refused: string }>;
  /**
   * Patches when `isSame` says of the Ingress as it is now that the patch is still right. Returns why it was not written. Tries
   * again when somebody else was faster.
   */
  patchIfSame(key: string, patch: object, isSame: (now: Ingress) => boolean): Promise<string | undefined>;
}

const attempts = 10;

/** Where the options say the cluster is. */
export function kubeConfigOf({ kubeconfig, context }: Pick<SourceOptions, 'kubeconfig' | 'context'>): KubeConfigSource {
  const named = context === undefined ? {} : { context };
  return kubeconfig === undefined ? { kind: 'default', ...named } : { kind: 'path', path: kubeconfig, ...named };
}

/** Connects, works and closes. Throws a SourceProblem when the cluster cannot be reached or does not let us. */
export async function withWriter<Result>(options: SourceOptions, work: (writer: IngressWriter) => Promise<Result>): Promise<Result> {
  try {
    const connection = await connectToApi({ source: kubeConfigOf(options) });
    try {
      return await work(writerOf(createKubeApi({ connection })));
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    throw new SourceProblem(`the cluster cannot be written: ${error.message}`, exitCodes.unreachable);
  }
}

function writerOf(api: KubeApi): IngressWriter {
  const refOf = (key: string): { resource: typeof ingresses; namespace: string; name: string } => {
    const [namespace, name] = key.split('/') as [string, string];
    return { resource: ingresses, namespace, name };
  };
  const read = async (key: string): Promise<Ingress | undefined> => {
    try {
      return await api.get(refOf(key)) as unknown as Ingress;
    } catch (error) {
      if (hasCode(error, 'not-found')) return undefined;
      throw error;
    }
  };
  const patchOnce: IngressWriter['patchOnce'] = async (key, make) => {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const now = await read(key);
      if (now === undefined) return { refused: 'it is gone' };
      const patch = make(now);
      if (typeof patch === 'string') return patch;
      if ('refused' in patch) return patch as { refused: string };
      const { uid, resourceVersion } = now.metadata;
      const { metadata, ...rest } = patch as { metadata?: object };
      try {
        await api.patch(refOf(key), { ...rest, metadata: { ...metadata, uid, resourceVersion } });
        return 'written';
      } catch (error) {
        if (hasCode(error, 'invalid')) return { refused: error.message };
        if (!hasCode(error, 'conflict')) throw error;
      }
    }
    return { refused: `somebody else has changed it ${attempts} times meanwhile` };
  };
  return {
    api, read, patchOnce,
    async patchIfSame(key, patch, isSame) {
      const outcome = await patchOnce<never>(key, (now) => (isSame(now) ? patch : { refused: 'it has been changed since; run the command again' }));
      return typeof outcome === 'string' ? undefined : outcome.refused;
    },
  };
}
