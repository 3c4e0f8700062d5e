// Every metric, in one place: name, type, labels, help. Whoever records or shows a metric takes it from here.
// Labels never repeat what a Prometheus scrape adds itself (namespace, pod, service, instance, job).

export interface MetricDescription {
  name: `ingress_arbiter_${string}`;
  type: 'counter' | 'gauge';
  labels: readonly string[];
  help: string;
}

export const catalogue = {
  requests: {
    name: 'ingress_arbiter_requests_total',
    type: 'counter',
    labels: ['ingress_class', 'ingress_namespace', 'ingress_name', 'backend_service', 'method', 'code'],
    help: 'Requests answered, by class and Ingress. Empty Ingress labels: no route of the listener took the request.',
  },
  requestsUncounted: {
    name: 'ingress_arbiter_requests_uncounted_total',
    type: 'counter',
    labels: [],
    help: 'Requests that no series could be begun for because the zone of the counters is full.',
  },
  ingresses: {
    name: 'ingress_arbiter_ingresses',
    type: 'gauge',
    labels: ['ingress_class', 'rule'],
    help: 'Ingresses owned by the class, by the rule that gave them to it.',
  },
  tableEntries: {
    name: 'ingress_arbiter_table_entries',
    type: 'gauge',
    labels: ['ingress_class'],
    help: 'Entries of the class table that the engine serves.',
  },
  tableUpdates: {
    name: 'ingress_arbiter_table_updates_total',
    type: 'counter',
    labels: ['ingress_class', 'result'],
    help: 'Updates of the class table, by what the engine said: applied or refused.',
  },
  statusWrites: {
    name: 'ingress_arbiter_status_writes_total',
    type: 'counter',
    labels: ['ingress_class', 'result'],
    help: 'Writes of Ingress statuses, by result.',
  },
  foreignStatusWrites: {
    name: 'ingress_arbiter_foreign_status_writes_total',
    type: 'counter',
    labels: ['ingress_class'],
    help: 'Times that somebody else has overwritten the address in the status of an Ingress of the class.',
  },
  claimHeld: {
    name: 'ingress_arbiter_claim_held',
    type: 'gauge',
    labels: ['ingress_class'],
    help: '1 while this controller holds the claim of the class, else 0.',
  },
  classConflicts: {
    name: 'ingress_arbiter_class_conflicts',
    type: 'gauge',
    labels: ['ingress_class', 'kind'],
    help: 'Claims of other installations that take the same as this class, by what it is: class, annotation-value, controller; shard: other members.',
  },
} as const satisfies Record<string, MetricDescription>;

export type MetricName = keyof typeof catalogue;
