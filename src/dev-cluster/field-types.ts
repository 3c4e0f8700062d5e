// Which fields the served kinds have and of which type, as Go's decoder knows them. Values are judged by the validation.
// Parts that are kept as they come are 'any'. Fields that do not exist here are unknown, and never stored.

import { bools, condition, ints, labelSelector, list, map, of, reference, strings, struct } from './field-type.js';
import type { FieldType, StructType } from './field-type.js';
import { policyFields } from './policy-field-types.js';
import { podTemplate } from './pod-field-types.js';

export type { FieldType, ListType, MapType, StructType } from './field-type.js';

const typedReference = struct(strings('apiGroup kind name'));

const loadBalancer = struct({
  ingress: list(struct({ ...strings('ip hostname ipMode'), ports: list(struct({ ...strings('protocol error'), ...ints('port') })) })),
});

const ingressBackend = struct({
  service: struct({ name: 'string', port: struct({ name: 'string', number: 'int' }) }),
  resource: typedReference,
});

const ingress = {
  spec: struct({
    ingressClassName: 'string',
    defaultBackend: ingressBackend,
    rules: list(struct({ host: 'string', http: struct({ paths: list(struct({ ...strings('path pathType'), backend: ingressBackend })) }) })),
    tls: list(struct({ hosts: list('string'), secretName: 'string' })),
  }),
  status: struct({ loadBalancer }),
};

const service = {
  spec: struct({
    ports: list(struct({ ...strings('name protocol appProtocol'), ...ints('port nodePort'), targetPort: 'intOrString' })),
    selector: map('string'),
    ...strings('clusterIP type sessionAffinity loadBalancerIP externalName externalTrafficPolicy ipFamilyPolicy loadBalancerClass internalTrafficPolicy trafficDistribution'),
    ...of(list('string'))('clusterIPs externalIPs loadBalancerSourceRanges ipFamilies'),
    ...bools('publishNotReadyAddresses allocateLoadBalancerNodePorts'),
    ...ints('healthCheckNodePort'),
    sessionAffinityConfig: struct({ clientIP: struct(ints('timeoutSeconds')) }),
  }),
  status: struct({ loadBalancer, conditions: list(condition) }),
};

const endpointSlice = {
  addressType: 'string',
  endpoints: list(struct({
    addresses: list('string'),
    conditions: struct(bools('ready serving terminating')),
    ...strings('hostname nodeName zone'),
    targetRef: reference,
    deprecatedTopology: map('string'),
    hints: struct({ forZones: list(struct(strings('name'))), forNodes: list(struct(strings('name'))) }),
  })),
  ports: list(struct({ ...strings('name protocol appProtocol'), ...ints('port') })),
} as const;

const eventSeries = struct({ count: 'int', lastObservedTime: 'string' });
const eventSource = struct(strings('component host'));

const coreEvent = {
  involvedObject: reference, source: eventSource, series: eventSeries, related: reference, count: 'int',
  ...strings('reason message firstTimestamp lastTimestamp type eventTime action reportingComponent reportingInstance'),
} as const;

const newerEvent = {
  regarding: reference, deprecatedSource: eventSource, series: eventSeries, related: reference, deprecatedCount: 'int',
  ...strings('reason note deprecatedFirstTimestamp deprecatedLastTimestamp type eventTime action reportingController reportingInstance'),
} as const;

const jobSpec = struct({
      ...ints('parallelism completions activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes ttlSecondsAfterFinished'),
      ...bools('manualSelector suspend'), ...strings('completionMode podReplacementPolicy managedBy'),
      selector: labelSelector, template: podTemplate, podFailurePolicy: 'any', successPolicy: 'any',
    });

const ownFields: Record<string, Record<string, FieldType>> = {
  Namespace: { spec: struct({ finalizers: list('string') }), status: struct({ phase: 'string', conditions: list(condition) }) },
  Service: service,
  Secret: { data: map('bytes'), stringData: map('string'), type: 'string', immutable: 'bool' },
  ConfigMap: { data: map('string'), binaryData: map('bytes'), immutable: 'bool' },
  EndpointSlice: endpointSlice,
  Ingress: ingress,
  IngressClass: { spec: struct({ controller: 'string', parameters: struct(strings('apiGroup kind name scope namespace')) }) },
  Lease: {
    spec: struct({ ...strings('holderIdentity acquireTime renewTime strategy preferredHolder'), ...ints('leaseDurationSeconds leaseTransitions') }),
  },
  Deployment: {
    spec: struct({
      ...ints('replicas minReadySeconds revisionHistoryLimit progressDeadlineSeconds'), paused: 'bool',
      selector: labelSelector, template: podTemplate,
      strategy: struct({ type: 'string', rollingUpdate: struct(of('intOrString')('maxSurge maxUnavailable')) }),
    }),
    status: struct({
      ...ints('observedGeneration replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas collisionCount terminatingReplicas'),
      conditions: list(condition),
    }),
  },
  DaemonSet: {
    spec: struct({
      ...ints('minReadySeconds revisionHistoryLimit'), selector: labelSelector, template: podTemplate,
      updateStrategy: struct({ type: 'string', rollingUpdate: struct(of('intOrString')('maxSurge maxUnavailable')) }),
    }),
    status: struct({
      ...ints('observedGeneration currentNumberScheduled desiredNumberScheduled numberMisscheduled numberReady numberAvailable numberUnavailable updatedNumberScheduled collisionCount'),
      conditions: list(condition),
    }),
  },
  Job: {
    spec: jobSpec,
    status: struct({ ...ints('active ready succeeded failed terminating'), ...strings('startTime completionTime completedIndexes failedIndexes'), conditions: list(condition), uncountedTerminatedPods: 'any' }),
  },
  CronJob: {
    spec: struct({
      ...strings('schedule timeZone concurrencyPolicy'), ...ints('startingDeadlineSeconds successfulJobsHistoryLimit failedJobsHistoryLimit'), suspend: 'bool',
      jobTemplate: struct({ metadata: struct({ labels: map('string'), annotations: map('string') }), spec: jobSpec }),
    }),
    status: struct({ active: list(reference), ...strings('lastScheduleTime lastSuccessfulTime') }),
  },
  ...policyFields,
};

const metadata = struct({
  ...strings('name generateName namespace uid resourceVersion selfLink creationTimestamp deletionTimestamp'),
  ...ints('generation deletionGracePeriodSeconds'),
  ...of(map('string'))('labels annotations'),
  finalizers: list('string'),
  ownerReferences: list(struct({ ...strings('apiVersion kind name uid'), ...bools('controller blockOwnerDeletion') })),
  managedFields: list('any'),
});

const wholeTypes = new Map<string, StructType>();

/** All of an object of this kind. */
export function fieldTypesOf({ kind, group }: { kind: string; group: string }): StructType {
  const key = `${group}/${kind}`;
  let whole = wholeTypes.get(key);
  if (whole === undefined) {
    const own = kind !== 'Event' ? ownFields[kind] : group === '' ? coreEvent : newerEvent;
    whole = struct({ ...strings('apiVersion kind'), metadata, ...own });
    wholeTypes.set(key, whole);
  }
  return whole;
}
