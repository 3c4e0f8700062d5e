// The DefaultIngressClass admission of a real API server: on create only, and only where neither field nor annotation is set.
import type { KubeObject } from './resources.js';
import { resourceTypes } from './resources.js';
import type { ObjectStore } from './object-store.js';

const DEFAULT_MARK = 'ingressclass.kubernetes.io/is-default-class';
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const classType = resourceTypes.find((type) => type.kind === 'IngressClass')!;

export function admitDefaultClass(store: ObjectStore, ingress: KubeObject): KubeObject {
  const spec = ingress.spec as { ingressClassName?: string } | undefined;
  if (spec?.ingressClassName != null || Object.hasOwn(ingress.metadata.annotations ?? {}, CLASS_ANNOTATION)) return ingress;
  const stored = store.list(classType);
  const marked = stored.keys.map((key) => stored.at(key)!).filter((each) => each.metadata.annotations?.[DEFAULT_MARK] === 'true');
  const chosen = marked.sort(newestThenLowestName)[0];
  return chosen === undefined ? ingress : { ...ingress, spec: { ...spec, ingressClassName: chosen.metadata.name } };
}

function newestThenLowestName(left: KubeObject, right: KubeObject): number {
  const age = (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? '');
  return age !== 0 ? age : left.metadata.name < right.metadata.name ? -1 : 1;
}
