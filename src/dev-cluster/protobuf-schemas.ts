// Field numbers of the Kubernetes messages that kubectl sends as protobuf, from the public k8s.io/api generated.proto files.
// Only what the typed sub-commands of kubectl can fill is listed; the reader skips the rest.

type Shape = 'string' | 'int' | 'bool' | 'time' | 'intOrString' | 'quantity' | 'map' | 'bytesMap' | 'message';

export interface Field {
  name: string;
  shape: Shape;
  of?: Schema;
  repeated?: boolean;
  /** A pointer in Go: present means set, also when zero. */
  optional?: boolean;
  /** Its fields appear in the object around it in JSON. */
  inline?: boolean;
}

export type Schema = Readonly<Record<number, Field>>;

const of = (shape: Shape) => (name: string): Field => ({ name, shape });
const string = of('string');
const int = of('int');
const bool = of('bool');
const time = of('time');
const map = of('map');
const bytesMap = of('bytesMap');
const intOrString = of('intOrString');
const message = (name: string, schema: Schema): Field => ({ name, shape: 'message', of: schema });
const repeated = (field: Field): Field => ({ ...field, repeated: true });
const optional = (field: Field): Field => ({ ...field, optional: true });

const ownerReference: Schema = {
  1: string('kind'), 3: string('name'), 4: string('uid'), 5: string('apiVersion'), 6: optional(bool('controller')), 7: optional(bool('blockOwnerDeletion')),
};

const objectMeta: Schema = {
  1: string('name'), 2: string('generateName'), 3: string('namespace'), 5: string('uid'), 6: string('resourceVersion'), 7: int('generation'),
  8: time('creationTimestamp'), 9: time('deletionTimestamp'), 10: optional(int('deletionGracePeriodSeconds')), 11: map('labels'), 12: map('annotations'),
  13: repeated(message('ownerReferences', ownerReference)), 14: repeated(string('finalizers')),
};

const withMetadata = (rest: Schema): Schema => ({ 1: message('metadata', objectMeta), ...rest });

const loadBalancer: Schema = { 1: repeated(message('ingress', { 1: string('ip'), 2: string('hostname') })) };

const servicePort: Schema = {
  1: string('name'), 2: string('protocol'), 3: int('port'), 4: intOrString('targetPort'), 5: int('nodePort'), 6: optional(string('appProtocol')),
};

const serviceSpec: Schema = {
  1: repeated(message('ports', servicePort)), 2: map('selector'), 3: string('clusterIP'), 4: string('type'), 5: repeated(string('externalIPs')),
  7: string('sessionAffinity'), 8: string('loadBalancerIP'), 9: repeated(string('loadBalancerSourceRanges')), 10: string('externalName'),
  11: string('externalTrafficPolicy'), 12: int('healthCheckNodePort'), 13: bool('publishNotReadyAddresses'), 17: optional(string('ipFamilyPolicy')),
  18: repeated(string('clusterIPs')), 19: repeated(string('ipFamilies')), 20: optional(bool('allocateLoadBalancerNodePorts')),
  21: optional(string('loadBalancerClass')), 22: optional(string('internalTrafficPolicy')), 23: optional(string('trafficDistribution')),
};

const ingressBackend: Schema = {
  3: message('resource', { 1: optional(string('apiGroup')), 2: string('kind'), 3: string('name') }),
  4: message('service', { 1: string('name'), 2: message('port', { 1: string('name'), 2: int('number') }) }),
};

const ingressPath: Schema = { 1: string('path'), 2: message('backend', ingressBackend), 3: optional(string('pathType')) };

const ingressRule: Schema = {
  1: string('host'),
  2: { ...message('http', { 1: message('http', { 1: repeated(message('paths', ingressPath)) }) }), inline: true },
};

const ingressSpec: Schema = {
  1: message('defaultBackend', ingressBackend),
  2: repeated(message('tls', { 1: repeated(string('hosts')), 2: string('secretName') })),
  3: repeated(message('rules', ingressRule)),
  4: optional(string('ingressClassName')),
};

const classParameters: Schema = {
  1: optional(string('apiGroup')), 2: string('kind'), 3: string('name'), 4: optional(string('scope')), 5: optional(string('namespace')),
};

const labelSelector: Schema = {
  1: map('matchLabels'),
  2: repeated(message('matchExpressions', { 1: string('key'), 2: string('operator'), 3: repeated(string('values')) })),
};

const containerPort: Schema = { 1: string('name'), 2: int('hostPort'), 3: int('containerPort'), 4: string('protocol'), 5: string('hostIP') };

const container: Schema = {
  1: string('name'), 2: string('image'), 3: repeated(string('command')), 4: repeated(string('args')), 5: string('workingDir'),
  6: repeated(message('ports', containerPort)), 7: repeated(message('env', { 1: string('name'), 2: string('value') })), 14: string('imagePullPolicy'),
};

const podSpec: Schema = {
  2: repeated(message('containers', container)), 3: string('restartPolicy'), 4: optional(int('terminationGracePeriodSeconds')),
  6: string('dnsPolicy'), 7: map('nodeSelector'), 8: string('serviceAccountName'), 20: repeated(message('initContainers', container)),
};

const strategy: Schema = {
  1: string('type'),
  2: message('rollingUpdate', { 1: optional(intOrString('maxUnavailable')), 2: optional(intOrString('maxSurge')) }),
};

const deploymentSpec: Schema = {
  1: optional(int('replicas')), 2: message('selector', labelSelector),
  3: message('template', withMetadata({ 2: message('spec', podSpec) })), 4: message('strategy', strategy), 5: int('minReadySeconds'),
  6: optional(int('revisionHistoryLimit')), 7: bool('paused'), 9: optional(int('progressDeadlineSeconds')),
};

const accessReviewSpec: Schema = {
  1: message('resourceAttributes', {
    1: string('namespace'), 2: string('verb'), 3: string('group'), 4: string('version'), 5: string('resource'), 6: string('subresource'), 7: string('name'),
  }),
  2: message('nonResourceAttributes', { 1: string('path'), 2: string('verb') }),
};

const deleteOptions: Schema = {
  1: optional(int('gracePeriodSeconds')), 2: message('preconditions', { 1: optional(string('uid')), 2: optional(string('resourceVersion')) }),
  3: optional(bool('orphanDependents')), 4: optional(string('propagationPolicy')), 5: repeated(string('dryRun')),
};

const schemas: Record<string, Schema> = {
  'v1/Namespace': withMetadata({ 2: message('spec', { 1: repeated(string('finalizers')) }), 3: message('status', { 1: string('phase') }) }),
  'v1/Secret': withMetadata({ 2: bytesMap('data'), 3: string('type'), 4: map('stringData'), 5: optional(bool('immutable')) }),
  'v1/ConfigMap': withMetadata({ 2: map('data'), 3: bytesMap('binaryData'), 4: optional(bool('immutable')) }),
  'v1/Service': withMetadata({ 2: message('spec', serviceSpec), 3: message('status', { 1: message('loadBalancer', loadBalancer) }) }),
  'networking.k8s.io/v1/Ingress': withMetadata({ 2: message('spec', ingressSpec), 3: message('status', { 1: message('loadBalancer', loadBalancer) }) }),
  'networking.k8s.io/v1/IngressClass': withMetadata({ 2: message('spec', { 1: string('controller'), 2: message('parameters', classParameters) }) }),
  'apps/v1/Deployment': withMetadata({ 2: message('spec', deploymentSpec) }),
  'autoscaling/v1/Scale': withMetadata({ 2: message('spec', { 1: optional(int('replicas')) }) }),
  'authorization.k8s.io/v1/SelfSubjectAccessReview': withMetadata({ 2: message('spec', accessReviewSpec) }),
};

export function schemaFor(apiVersion: string, kind: string): Schema | undefined {
  return kind === 'DeleteOptions' ? deleteOptions : schemas[`${apiVersion}/${kind}`];
}
