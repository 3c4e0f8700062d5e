// Which fields the served kinds have and of which type, as Go's decoder knows them. Values are judged by the validation.
// Parts that are kept as they come are 'any'. Fields that do not exist here are unknown, and never stored.

export type FieldType = 'string' | 'int' | 'bool' | 'bytes' | 'intOrString' | 'any' | ListType | MapType | StructType;
export interface ListType { list: FieldType }
export interface MapType { map: FieldType }
export interface StructType { fields: Record<string, FieldType> }

const list = (of: FieldType): ListType => ({ list: of });
const map = (of: FieldType): MapType => ({ map: of });
const struct = (fields: Record<string, FieldType>): StructType => ({ fields });
/** `strings('a b')` are two fields of type string. */
const of = (type: FieldType) => (names: string): Record<string, FieldType> => Object.fromEntries(names.split(' ').map((name) => [name, type]));
const strings = of('string');
const ints = of('int');
const bools = of('bool');

const reference = struct(strings('kind namespace name uid apiVersion resourceVersion fieldPath'));
const typedReference = struct(strings('apiGroup kind name'));
const condition = struct({ ...strings('type status lastTransitionTime lastUpdateTime reason message'), ...ints('observedGeneration') });

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
      selector: struct({ matchLabels: map('string'), matchExpressions: 'any' }), template: 'any', strategy: 'any',
    }),
    status: struct({
      ...ints('observedGeneration replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas collisionCount terminatingReplicas'),
      conditions: list(condition),
    }),
  },
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
