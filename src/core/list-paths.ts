// The paths that an Ingress names, by the key of the entry that they belong to. It resolves nothing: what a path or a backend
// means is decided elsewhere.

import { defaultKey, hostKey } from '../route-table/entry-keys.js';
import { type Finding, finding, quote } from './finding.js';
import { normalizeHost } from './host-name.js';
import { type Ingress, type IngressBackend, type IngressPath, type IngressRule, objectKey } from './kubernetes-objects.js';

export interface KeyedPath {
  /** From the default backend, not from a rule. */
  fallback: boolean;
  key: string;
  path: IngressPath;
  backend: IngressBackend | undefined;
  /** Where the root of the host is redirected to. */
  root?: string;
  /** Of a host that the Ingress has no rule for. */
  alias?: true;
}

/**
 * All paths. A default backend comes last on each host of its Ingress; without rules it is the class's. `root`: where the
 * root of each host is redirected to (annotation app-root); that comes first. `aliases`: hosts that have the paths of all named
 * hosts as well. A host that is none is a finding.
 */
export function listPaths(ingress: Ingress, findings: Finding[], { root, aliases = [] }: { root: string | undefined; aliases?: readonly string[] | undefined }): KeyedPath[] {
  const { rules = [], defaultBackend } = ingress.spec ?? {};
  const fallback = (key: string): KeyedPath[] =>
    defaultBackend === undefined ? [] : [{ key, path: { path: '/', pathType: 'Prefix' }, backend: defaultBackend, fallback: true }];
  if (rules.length === 0) return fallback(defaultKey);
  const listed = rules.flatMap((rule) => {
    const host = ruleHost(rule);
    if (host === undefined) {
      const message = `host ${quote(rule.host ?? '')} is no DNS name (a wildcard may only be the whole first label); the rule is not served`;
      findings.push(finding('invalid-host', `Ingress ${objectKey(ingress)}`, message));
      return [];
    }
    const paths = (rule.http?.paths ?? []).map((path) => ({ key: hostKey(host), path, backend: path.backend, fallback: false }));
    const roots = root === undefined ? [] : [{ key: hostKey(host), path: { path: '/', pathType: 'Exact' }, backend: undefined, fallback: false, root }];
    return [...roots, ...paths, ...fallback(hostKey(host))];
  });
  const named = listed.filter(({ key }) => key !== hostKey(''));
  return [...listed, ...aliases.flatMap((host) => named.map((one): KeyedPath => ({ ...one, key: hostKey(host), alias: true })))];
}

function ruleHost({ host = '' }: IngressRule): string | undefined {
  return host === '' ? '' : normalizeHost(host);
}
