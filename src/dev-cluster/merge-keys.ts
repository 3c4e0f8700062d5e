// Says how each list and map of the served kinds is merged, as the Kubernetes API types declare it: by key, as a set, or as one value.
// Lists without a rule are atomic, maps without a rule are merged field by field. It merges nothing itself.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy

export type ListRule =
  | { kind: 'map'; /** Merge key of strategic merge patches. */ key: string; /** Key of server-side apply; at times more exact. */ keys: string[] }
  | { kind: 'set' };

const keyed = (...keys: string[]): ListRule => ({ kind: 'map', key: keys[0]!, keys });

const common: Record<string, ListRule> = {
  'metadata.ownerReferences': keyed('uid'),
  'metadata.finalizers': { kind: 'set' },
};

const container: Record<string, ListRule> = {
  '': keyed('name'),
  ports: keyed('containerPort', 'protocol'),
  env: keyed('name'),
  volumeMounts: keyed('mountPath'),
  volumeDevices: keyed('devicePath'),
};

const podSpec: Record<string, ListRule> = {
  ...under('containers', container),
  ...under('initContainers', container),
  volumes: keyed('name'),
  imagePullSecrets: keyed('name'),
  hostAliases: keyed('ip'),
  topologySpreadConstraints: keyed('topologyKey', 'whenUnsatisfiable'),
};

const withPods: Record<string, ListRule> = {
  'status.conditions': keyed('type'),
  ...under('spec.template.metadata', { ownerReferences: keyed('uid'), finalizers: { kind: 'set' } }),
  ...under('spec.template.spec', podSpec),
};

const byKind: Record<string, Record<string, ListRule>> = {
  Service: { 'spec.ports': keyed('port', 'protocol'), 'status.conditions': keyed('type') },
  Namespace: { 'status.conditions': keyed('type') },
  Deployment: withPods,
  DaemonSet: withPods,
  Job: withPods,
  ServiceAccount: { imagePullSecrets: keyed('name'), secrets: keyed('name') },
  ValidatingWebhookConfiguration: { webhooks: keyed('name') },
  PodDisruptionBudget: { 'status.conditions': keyed('type') },
};

const atomicMaps: Record<string, string[]> = {
  Service: ['spec.selector'],
  Ingress: ['spec.defaultBackend.resource', 'spec.defaultBackend.service.port'],
  ...Object.fromEntries(['Deployment', 'DaemonSet', 'Job'].map((kind) => [kind, ['spec.selector', 'spec.template.spec.nodeSelector']])),
  RoleBinding: ['roleRef'],
  ClusterRoleBinding: ['roleRef'],
  Event: ['involvedObject', 'related', 'regarding'],
};

/** A part of a composed key that the API defaults, and that a client may therefore leave out. */
const keyDefaults: Record<string, unknown> = { protocol: 'TCP' };

function under(prefix: string, rules: Record<string, ListRule>): Record<string, ListRule> {
  return Object.fromEntries(Object.entries(rules).map(([path, rule]) => [path === '' ? prefix : `${prefix}.${path}`, rule]));
}

/** The rule of the list at a dotted path in which list items do not show (`spec.template.spec.containers.env`). */
export function listRule(kind: string, path: string): ListRule | undefined {
  return common[path] ?? byKind[kind]?.[path];
}

export function isAtomicMap(kind: string, path: string): boolean {
  return atomicMaps[kind]?.includes(path) ?? false;
}

/** The key of one list item for server-side apply, defaults filled in. */
export function itemKey(keys: readonly string[], item: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, item[key] ?? keyDefaults[key]]).filter(([, value]) => value !== undefined));
}

/**
 * Brings merged list items into the order that the client asked for. Items it did not name keep their place before the
 * next item that stood behind them in the live list.
 */
export function orderItems<T>(merged: readonly T[], request: { idOf: (item: T) => string; wanted: readonly string[]; live: readonly string[] }): T[] {
  const { idOf, wanted, live } = request;
  const named = [...new Set(wanted)].flatMap((id) => merged.filter((item) => idOf(item) === id));
  const others = merged.filter((item) => !wanted.includes(idOf(item)));
  const result: T[] = [];
  for (const item of named) {
    const place = live.indexOf(idOf(item));
    while (others.length > 0 && place >= 0 && live.includes(idOf(others[0]!)) && live.indexOf(idOf(others[0]!)) < place) result.push(others.shift()!);
    result.push(item);
  }
  return [...result, ...others];
}
