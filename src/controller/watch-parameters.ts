// Watches the ConfigMaps that IngressClasses of ours name as their parameters, and those that annotations name, one watch for
// each: a cluster has many more and larger ones, which nobody here has to read or keep.

import type { Arbiter } from '../core/arbiter.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import { type ListWatch, startListWatch } from '../kubernetes/list-watch.js';
import { hasCode } from '../kubernetes/operational-error.js';
import { configMaps } from '../kubernetes/resources.js';
import type { Log } from './controller.js';

export interface ParameterWatches {
  /**
   * Watches what is named now. Returns what of it has not been seen yet: nothing may be decided without it. For what only
   * annotations name this ends after a while, for it is not to hold up all others.
   */
  follow(): string[];
  /** Ends the watches of what is named no more; after a decision, so that this is not taken for a deletion. */
  prune(): void;
  stop(): Promise<void>;
}

interface Open {
  watch: ListWatch;
  /** Not to be read: then there is nothing to wait for, and the core treats it as missing. */
  forbidden: boolean;
  /** When it was begun. */
  since: number;
}

/** For how long a ConfigMap that only annotations name is waited for, and at the start, when all are read at once. */
const PATIENCE_MS = 2_000;
const PATIENCE_AT_START_MS = 30_000;

/** `onChange` is called after each change that the arbiter has taken, and when there is nothing more to wait for. */
export function watchParameters(arbiter: Arbiter, { api, log, onChange }: { api: KubeApi; log: Log; onChange: () => void }): ParameterWatches {
  const open = new Map<string, Open>();
  let patience = PATIENCE_AT_START_MS;
  const start = (key: string): void => {
    const [namespace, name] = key.split('/') as [string, string];
    const watch = startListWatch({
      api, resource: configMaps, namespace, fieldSelector: `metadata.name=${name}`,
      onChange: ({ type, object }) => {
        arbiter.take('configMaps', key, type === 'set' ? object : undefined);
        onChange();
      },
      onFault: ({ error }) => {
        const entry = open.get(key);
        // Said once: in most namespaces nothing else is to be expected.
        if (entry?.forbidden === true && hasCode(error, 'forbidden')) return;
        log('warn', `watch of ConfigMap ${key}: ${error instanceof Error ? error.message : String(error)}`);
        if (entry === undefined || entry.forbidden || !hasCode(error, 'forbidden')) return;
        entry.forbidden = true;
        onChange();
      },
    });
    open.set(key, { watch, forbidden: false, since: performance.now() });
    watch.synced.then(onChange, () => undefined);
    setTimeout(onChange, patience + 1).unref();
  };
  return {
    follow() {
      const needed = arbiter.parameters();
      const named = arbiter.namedConfigMaps();
      // While something is waited for nothing is decided and nothing pruned: what was never read can go before that.
      const wanted = new Set([...needed, ...named]);
      for (const [key, { watch }] of open) {
        if (wanted.has(key) || watch.isSynced) continue;
        open.delete(key);
        void watch.stop();
      }
      for (const key of wanted) if (!open.has(key)) start(key);
      const isOut = (key: string): boolean => !open.get(key)!.watch.isSynced && !open.get(key)!.forbidden;
      const out = [...needed.filter(isOut), ...named.filter((key) => isOut(key) && performance.now() - open.get(key)!.since < patience)];
      if (out.length === 0) patience = PATIENCE_MS;
      return out;
    },
    prune() {
      const named = new Set([...arbiter.parameters(), ...arbiter.namedConfigMaps()]);
      for (const [key, { watch }] of open) {
        if (named.has(key)) continue;
        open.delete(key);
        void watch.stop();
        arbiter.take('configMaps', key, undefined);
      }
    },
    async stop() { await Promise.all([...open.values()].map(({ watch }) => watch.stop())); },
  };
}
