// Reads the path of a request: which kind, namespace, object and subresource it is about. Undefined for anything not served.
import type { ResourceType } from './resources.js';
import { resourceTypes } from './resources.js';

export interface Target {
  type: ResourceType;
  namespace: string | undefined;
  /** Undefined for the collection. */
  name: string | undefined;
  subresource: '' | 'status' | 'scale';
}

export function targetFrom(path: string): Target | undefined {
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  if (parts.some((part) => part === undefined)) return undefined;
  const [root, ...rest] = parts as string[];
  if (root === 'api') return within('', rest);
  return root === 'apis' && rest.length > 0 ? within(rest[0]!, rest.slice(1)) : undefined;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function within(group: string, [version, ...rest]: string[]): Target | undefined {
  const find = (plural: string | undefined): ResourceType | undefined =>
    resourceTypes.find((type) => type.group === group && type.version === version && type.plural === plural);
  if (rest[0] === 'namespaces' && rest.length >= 3) {
    const type = find(rest[2]);
    if (type?.namespaced) return complete({ type, namespace: rest[1], rest: rest.slice(3) });
  }
  const type = find(rest[0]);
  if (type === undefined || (type.namespaced && rest.length > 1)) return undefined;
  return complete({ type, namespace: undefined, rest: rest.slice(1) });
}

function complete({ type, namespace, rest }: { type: ResourceType; namespace: string | undefined; rest: string[] }): Target | undefined {
  const [name, subresource = ''] = rest;
  const known = subresource === '' || (subresource === 'status' && type.hasStatus) || (subresource === 'scale' && type.kind === 'Deployment');
  if (rest.length > 2 || !known) return undefined;
  return { type, namespace, name, subresource: subresource as Target['subresource'] };
}
