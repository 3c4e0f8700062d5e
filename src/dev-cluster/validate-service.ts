// What a real API server demands of a Service, as far as Services of Ingress backends go.
import { isIP } from 'node:net';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import type { Fields } from './field-access.js';
import { fieldsAt, has, listAt, textAt } from './field-access.js';
import { duplicateValue, invalidFor, invalidValue, requiredValue, unsupportedValue } from './field-error.js';
import { dns1123Label, dns1123Subdomain, labelValue, portName, portNumber, qualifiedName } from './name-rules.js';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateService(service: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const spec = fieldsAt(service, 'spec');
  const type = textAt(spec, 'type');
  const selector = Object.entries(fieldsAt(spec, 'selector'));
  return [
    ...(TYPES.includes(type) ? [] : [unsupportedValue('spec.type', type, TYPES)]),
    ...(['ClientIP', 'None'].includes(textAt(spec, 'sessionAffinity')) ? [] : [unsupportedValue('spec.sessionAffinity', spec['sessionAffinity'], ['ClientIP', 'None'])]),
    ...selector.flatMap(([key, value]) => [
      ...invalidFor('spec.selector', key, qualifiedName(key)), ...invalidFor('spec.selector', value, labelValue(String(value))),
    ]),
    ...(type === 'ExternalName' ? validateExternalName(spec) : [...validateClusterIp(spec, live), ...validateNeedsPorts(spec)]),
    ...validatePorts(listAt(spec, 'ports')),
  ];
}

function validateExternalName(spec: Fields): FieldError[] {
  const given = textAt(spec, 'externalName');
  const name = given.endsWith('.') ? given.slice(0, -1) : given;
  if (name === '') return [requiredValue('spec.externalName')];
  return invalidFor('spec.externalName', given, dns1123Subdomain(name));
}

function validateClusterIp(spec: Fields, live: KubeObject | undefined): FieldError[] {
  const clusterIP = textAt(spec, 'clusterIP');
  const before = fieldsAt(live, 'spec');
  const changed = live !== undefined && before['type'] !== 'ExternalName' && has(before, 'clusterIP') && before['clusterIP'] !== clusterIP;
  return [
    ...(changed ? [invalidValue('spec.clusterIPs[0]', [clusterIP], 'may not change once set')] : []),
    ...(clusterIP !== 'None' && isIP(clusterIP) === 0 ? [invalidValue('spec.clusterIPs[0]', clusterIP, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : []),
  ];
}

/** A headless Service may go without ports. */
function validateNeedsPorts(spec: Fields): FieldError[] {
  return spec['clusterIP'] !== 'None' && listAt(spec, 'ports').length === 0 ? [requiredValue('spec.ports')] : [];
}

function validatePorts(ports: Fields[]): FieldError[] {
  const names = ports.map((port) => textAt(port, 'name'));
  const keys = ports.map((port) => `${textAt(port, 'protocol')}/${String(port['port'])}`);
  return ports.flatMap((port, index) => {
    const field = `spec.ports[${index}]`;
    const name = names[index]!;
    return [
      ...(name === '' && ports.length > 1 ? [requiredValue(`${field}.name`)] : []),
      ...(name === '' ? [] : invalidFor(`${field}.name`, name, dns1123Label(name))),
      ...(name !== '' && names.indexOf(name) < index ? [duplicateValue(`${field}.name`, name)] : []),
      ...(keys.indexOf(keys[index]!) < index ? [duplicateValue(field, { protocol: port['protocol'], port: port['port'] })] : []),
      ...validatePort(port, field),
    ];
  });
}

function validatePort(port: Fields, field: string): FieldError[] {
  const target = port['targetPort'];
  return [
    ...invalidFor(`${field}.port`, port['port'] ?? 0, portNumber(port['port'])),
    ...(PROTOCOLS.includes(textAt(port, 'protocol')) ? [] : [unsupportedValue(`${field}.protocol`, port['protocol'], PROTOCOLS)]),
    ...invalidFor(`${field}.targetPort`, target, typeof target === 'string' ? portName(target) : portNumber(target)),
    ...(has(port, 'nodePort') && port['nodePort'] !== 0 ? invalidFor(`${field}.nodePort`, port['nodePort'], portNumber(port['nodePort'])) : []),
    ...(has(port, 'appProtocol') ? invalidFor(`${field}.appProtocol`, port['appProtocol'], qualifiedName(textAt(port, 'appProtocol'))) : []),
  ];
}
