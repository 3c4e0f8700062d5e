// The columns of every served kind, as a real API server defines them for `kubectl get`; `wide` ones show with -o wide only.
// Cells read whatever is there: a malformed object prints gaps, it never throws.
import get from 'lodash/get.js';
import { printAge } from './age.js';
import type { KubeObject, ResourceType } from './resources.js';

export interface Column {
  name: string;
  description: string;
  type?: 'string' | 'integer';
  wide?: boolean;
  cell: (object: KubeObject, now: number) => string | number;
}

type Fields = Record<string, unknown>;

const NONE = '<none>';
const text = (object: unknown, path: string | string[], otherwise = ''): string => {
  const value: unknown = get(object, path);
  return value === undefined || value === null || value === '' ? otherwise : String(value);
};
const list = (object: unknown, path: string): Fields[] => {
  const value: unknown = get(object, path);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) as Fields[] : [];
};
const count = (object: unknown, path: string): number => {
  const value: unknown = get(object, path);
  return typeof value === 'number' ? value : 0;
};
const size = (object: unknown, path: string): number => Object.keys((get(object, path) as object | undefined) ?? {}).length;
const joined = (values: readonly string[], otherwise = NONE): string => (values.length === 0 ? otherwise : values.join(','));

/** Three values at most, the others counted. */
const shortened = (values: readonly string[], otherwise: string): string =>
  joined(values.slice(0, 3), otherwise) + (values.length > 3 ? ` + ${values.length - 3} more...` : '');

const labels = (value: unknown): string =>
  joined(Object.entries((value ?? {}) as Fields).map(([name, label]) => `${name}=${String(label)}`).sort());

const name: Column = { name: 'Name', description: 'Name, unique within its namespace.', cell: (object) => object.metadata.name };
const age: Column = { name: 'Age', description: 'Time since the object was created.', cell: (object, now) => printAge(object.metadata.creationTimestamp, now) };

const loadBalancerAddresses = (object: KubeObject): string[] =>
  list(object, 'status.loadBalancer.ingress').map((entry) => text(entry, 'ip', text(entry, 'hostname'))).filter((address) => address !== '');

function externalAddresses(service: KubeObject): string {
  const type = text(service, 'spec.type', 'ClusterIP');
  const external = (get(service, 'spec.externalIPs') as string[] | undefined) ?? [];
  if (type === 'ExternalName') return text(service, 'spec.externalName', NONE);
  if (type === 'LoadBalancer') return joined([...loadBalancerAddresses(service), ...external], '<pending>');
  return joined(external);
}

const servicePorts = (service: KubeObject): string => joined(list(service, 'spec.ports').map((port) => {
  const node = text(port, 'nodePort');
  return `${text(port, 'port')}${node === '' ? '' : `:${node}`}/${text(port, 'protocol', 'TCP')}`;
}));

function ingressHosts(ingress: KubeObject): string {
  return shortened(list(ingress, 'spec.rules').map((rule) => text(rule, 'host')).filter((host) => host !== ''), '*');
}

function classParameters(ingressClass: KubeObject): string {
  const parameters = get(ingressClass, 'spec.parameters') as Fields | undefined;
  if (!parameters) return NONE;
  const group = text(parameters, 'apiGroup');
  return `${text(parameters, 'kind')}${group === '' ? '' : `.${group}`}/${text(parameters, 'name')}`;
}

const eventTime = (event: KubeObject, first: boolean): string => {
  const paths = ['firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime', 'metadata.creationTimestamp'];
  if (!first) paths.unshift('series.lastObservedTime', 'lastTimestamp', 'deprecatedLastTimestamp');
  return paths.map((path) => text(event, path)).find((value) => value !== '') ?? '';
};

function eventObject(event: KubeObject): string {
  const about = event['involvedObject'] ?? event['regarding'];
  return `${text(about, 'kind').toLowerCase()}/${text(about, 'name')}`;
}

function eventSource(event: KubeObject): string {
  const component = text(event, 'source.component', text(event, 'deprecatedSource.component', text(event, 'reportingComponent', text(event, 'reportingController'))));
  const host = text(event, 'source.host', text(event, 'reportingInstance'));
  return host === '' ? component : `${component}, ${host}`;
}

const containers = (deployment: KubeObject, field: string): string =>
  joined(list(deployment, 'spec.template.spec.containers').map((container) => text(container, field)), '');

const eventColumns: Column[] = [
  { name: 'Last Seen', description: 'Time since it was last seen.', cell: (event, now) => printAge(eventTime(event, false), now) },
  { name: 'Type', description: 'Normal or Warning.', cell: (event) => text(event, 'type') },
  { name: 'Reason', description: 'Why it was reported, for machines.', cell: (event) => text(event, 'reason') },
  { name: 'Object', description: 'What it is about.', cell: eventObject },
  { name: 'Subobject', description: 'The part it is about.', wide: true, cell: (event) => text(event, 'involvedObject.fieldPath', text(event, 'regarding.fieldPath')) },
  { name: 'Source', description: 'Who reported it.', wide: true, cell: eventSource },
  { name: 'Message', description: 'What happened, for people.', cell: (event) => text(event, 'message', text(event, 'note')).trim() },
  { name: 'First Seen', description: 'Time since it was first seen.', wide: true, cell: (event, now) => printAge(eventTime(event, true), now) },
  { name: 'Count', description: 'How often it was seen.', wide: true, type: 'integer', cell: (event) => count(event, 'count') || count(event, 'series.count') || count(event, 'deprecatedCount') || 1 },
  { ...name, wide: true },
];

const byKind: Record<string, Column[]> = {
  Namespace: [name, { name: 'Status', description: 'Phase of its life.', cell: (object) => text(object, 'status.phase') }, age],
  Service: [
    name,
    { name: 'Type', description: 'How it is exposed.', cell: (service) => text(service, 'spec.type', 'ClusterIP') },
    { name: 'Cluster-IP', description: 'Address inside the cluster.', cell: (service) => text(service, 'spec.clusterIPs[0]', text(service, 'spec.clusterIP', NONE)) },
    { name: 'External-IP', description: 'Addresses from outside.', cell: externalAddresses },
    { name: 'Port(s)', description: 'Ports, with node ports.', cell: servicePorts },
    age,
    { name: 'Selector', description: 'Labels of its pods.', wide: true, cell: (service) => labels(get(service, 'spec.selector')) },
  ],
  Secret: [
    name,
    { name: 'Type', description: 'What the data means.', cell: (secret) => text(secret, 'type') },
    { name: 'Data', description: 'Number of entries.', cell: (secret) => size(secret, 'data') },
    age,
  ],
  ConfigMap: [name, { name: 'Data', description: 'Number of entries.', cell: (object) => size(object, 'data') + size(object, 'binaryData') }, age],
  Event: eventColumns,
  EndpointSlice: [
    name,
    { name: 'AddressType', description: 'Kind of addresses.', cell: (slice) => text(slice, 'addressType') },
    { name: 'Ports', description: 'Ports of the endpoints.', cell: (slice) => shortened(list(slice, 'ports').map((port) => text(port, 'port', '*')), '<unset>') },
    { name: 'Endpoints', description: 'Addresses of the endpoints.', cell: (slice) =>
      shortened(list(slice, 'endpoints').flatMap((endpoint) => (endpoint['addresses'] as string[] | undefined) ?? []), '<unset>') },
    age,
  ],
  Ingress: [
    name,
    { name: 'Class', description: 'The class asked for, by field or by annotation.', cell: (ingress) =>
      text(ingress, 'spec.ingressClassName', text(ingress, ['metadata', 'annotations', 'kubernetes.io/ingress.class'], NONE)) },
    { name: 'Hosts', description: 'Hosts of the rules.', cell: ingressHosts },
    { name: 'Address', description: 'Where its controller serves it.', cell: (ingress) => joined(loadBalancerAddresses(ingress), '') },
    { name: 'Ports', description: 'Usual ports: 443 too when it has TLS.', cell: (ingress) => (list(ingress, 'spec.tls').length > 0 ? '80, 443' : '80') },
    age,
  ],
  IngressClass: [
    name,
    { name: 'Controller', description: 'The controller that is to serve the class.', cell: (object) => text(object, 'spec.controller') },
    { name: 'Parameters', description: 'Where more settings are.', cell: classParameters },
    age,
  ],
  Lease: [name, { name: 'Holder', description: 'Who holds it.', cell: (lease) => text(lease, 'spec.holderIdentity') }, age],
  Deployment: [
    name,
    { name: 'Ready', description: 'Ready of wanted pods.', cell: (object) => `${count(object, 'status.readyReplicas')}/${text(object, 'spec.replicas', '1')}` },
    { name: 'Up-to-date', type: 'integer', description: 'Pods of the current template.', cell: (object) => count(object, 'status.updatedReplicas') },
    { name: 'Available', type: 'integer', description: 'Pods ready long enough.', cell: (object) => count(object, 'status.availableReplicas') },
    age,
    { name: 'Containers', description: 'Names of the containers.', wide: true, cell: (object) => containers(object, 'name') },
    { name: 'Images', description: 'Images of the containers.', wide: true, cell: (object) => containers(object, 'image') },
    { name: 'Selector', description: 'Labels of its pods.', wide: true, cell: (object) => labels(get(object, 'spec.selector.matchLabels')) },
  ],
};

export function columnsOf(type: ResourceType): readonly Column[] {
  return byKind[type.kind] ?? [name, age];
}
