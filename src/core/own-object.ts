// How annotations name a Secret or a ConfigMap: by its name, the Ingress's own namespace allowed before it and no other one.

/** As ingress-nginx without `allow-cross-namespace-resources`. */
export const ownName = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\/)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;

/** Of a namespace, a slash and a name. */
export const longestOwnName = 317;

/** Key (`namespace/name`) of the object that an Ingress of `namespace` means; undefined when it is none of that namespace. */
export function ownKey(reference: string, namespace: string): string | undefined {
  const text = reference.trim();
  if (namespace === '' || text.length > longestOwnName || !ownName.test(text)) return undefined;
  const [name, inNamespace = namespace] = text.split('/').reverse() as [string, string?];
  return inNamespace === namespace && name.length <= 253 ? `${namespace}/${name}` : undefined;
}
