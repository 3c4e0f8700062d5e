// The ConfigMaps that annotations of Ingresses name, so that these are watched and no others. As each of them is a watch, there
// is a bound, and the oldest Ingresses come first; a ConfigMap beyond it is as if it did not exist.

import isEqual from 'lodash/isEqual.js';
import { usualPrefixes } from './annotations/annotation-name.js';
import type { Claim } from './claim.js';
import { type Ingress, objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';
import { ownKey } from './own-object.js';

/** In all, and of one namespace. */
export const mostConfigMaps = 256;
export const mostConfigMapsOfNamespace = 16;

/** Annotations that name one. */
const naming = ['custom-headers', 'auth-proxy-set-headers', 'fastcgi-params-configmap'];

export interface NamedConfigMaps {
  /** Takes an Ingress as it is now; undefined: it is gone. */
  set(key: string, ingress: Ingress | undefined): void;
  /** Keys of the ConfigMaps that are read. */
  keys(): readonly string[];
}

/** Of the claims only the prefixes count: whose an Ingress is may change without it. */
export function createNamedConfigMaps(claims: readonly Pick<Claim, 'annotationPrefixes'>[]): NamedConfigMaps {
  const names = [...new Set(claims.flatMap(({ annotationPrefixes = usualPrefixes }) => annotationPrefixes))].flatMap((prefix) => naming.map((name) => `${prefix}/${name}`));
  const namers = new Map<string, { ingress: Ingress; configMaps: string[] }>();
  let known: readonly string[] | undefined = [];
  return {
    set(key, ingress) {
      const configMaps = ingress === undefined ? [] : namedBy(ingress, names);
      const before = namers.get(key);
      if (configMaps.length === 0 && before === undefined) return;
      // Most changes of an Ingress are of other things, its status above all.
      const isSame = before !== undefined && ingress !== undefined && byAge(before.ingress, ingress) === 0 && isEqual(before.configMaps, configMaps);
      if (!isSame) known = undefined;
      if (configMaps.length === 0) namers.delete(key);
      else namers.set(key, { ingress: ingress!, configMaps });
    },
    keys: () => (known ??= oldest([...namers.values()])),
  };
}

function namedBy({ metadata }: Ingress, names: readonly string[]): string[] {
  const { annotations, namespace = '' } = metadata;
  if (annotations === undefined) return [];
  return names.flatMap((name) => (Object.hasOwn(annotations, name) ? ownKey(annotations[name]!, namespace) ?? [] : []));
}

function oldest(all: readonly { ingress: Ingress; configMaps: string[] }[]): string[] {
  const keys = new Set<string>();
  const ofNamespace = new Map<string, number>();
  for (const { ingress, configMaps } of [...all].sort((a, b) => byAge(a.ingress, b.ingress))) {
    const namespace = ingress.metadata.namespace ?? objectKey(ingress);
    for (const key of configMaps) {
      const before = ofNamespace.get(namespace) ?? 0;
      if (keys.has(key) || keys.size >= mostConfigMaps || before >= mostConfigMapsOfNamespace) continue;
      keys.add(key);
      ofNamespace.set(namespace, before + 1);
    }
  }
  return [...keys];
}
