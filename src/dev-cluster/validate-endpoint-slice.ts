// What a real API server demands of an EndpointSlice. Loopback is refused unless the server was started to allow it.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import type { Fields } from './field-access.js';
import type { ValidationContext } from './validate-kind.js';
import { fieldsAt, has, listAt, stringsAt, textAt } from './field-access.js';
import { duplicateValue, immutable, invalidFor, invalidValue, requiredValue, tooMany, unsupportedValue } from './field-error.js';
import { dns1123Label, fullyQualifiedDomainName, labelValue, qualifiedName } from './name-rules.js';

const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 100;
const MAX_ADDRESSES = 100;

export function validateEndpointSlice(slice: KubeObject, context: ValidationContext): FieldError[] {
  const addressType = textAt(slice, 'addressType');
  return [
    ...validateAddressType(addressType),
    ...(context.live !== undefined && context.live['addressType'] !== slice['addressType'] ? [immutable('addressType', addressType)] : []),
    ...validateEndpoints(slice, { addressType, allowLoopback: context.allowLoopbackEndpoints }),
    ...validatePorts(listAt(slice, 'ports')),
  ];
}

function validateAddressType(addressType: string): FieldError[] {
  if (addressType === '') return [requiredValue('addressType')];
  const supported = ['FQDN', 'IPv4', 'IPv6'];
  return supported.includes(addressType) ? [] : [unsupportedValue('addressType', addressType, supported)];
}

interface AddressRule { addressType: string; allowLoopback: boolean }

function validateEndpoints(slice: KubeObject, rule: AddressRule): FieldError[] {
  const endpoints = listAt(slice, 'endpoints');
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, { ...rule, field: `endpoints[${index}]` }));
}

function validateEndpoint(endpoint: Fields, { field, ...rule }: AddressRule & { field: string }): FieldError[] {
  const addresses = stringsAt(endpoint, 'addresses');
  const topology = Object.entries(fieldsAt(endpoint, 'deprecatedTopology'));
  const hostname = textAt(endpoint, 'hostname');
  return [
    ...(addresses.length === 0 ? [requiredValue(`${field}.addresses`, 'must contain at least 1 address')] : []),
    ...(addresses.length > MAX_ADDRESSES ? [tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES)] : []),
    ...addresses.flatMap((address, index) => validateAddress(address, { ...rule, field: `${field}.addresses[${index}]` })),
    ...topology.flatMap(([key, value]) => [
      ...invalidFor(`${field}.deprecatedTopology`, key, qualifiedName(key)),
      ...invalidFor(`${field}.deprecatedTopology`, value, labelValue(String(value))),
    ]),
    ...(has(endpoint, 'hostname') ? invalidFor(`${field}.hostname`, hostname, dns1123Label(hostname)) : []),
  ];
}

function validateAddress(address: string, { field, addressType, allowLoopback }: AddressRule & { field: string }): FieldError[] {
  switch (addressType) {
    case 'IPv4':
      return isIPv4(address) ? validateNonSpecial(address, { field, allowLoopback }) : [invalidValue(field, address, 'must be a valid IPv4 address')];
    case 'IPv6':
      return isIPv6(address) && !address.includes('%')
        ? validateNonSpecial(address, { field, allowLoopback }) : [invalidValue(field, address, 'must be a valid IPv6 address')];
    case 'FQDN': return invalidFor(field, address, fullyQualifiedDomainName(address));
    default: return [];
  }
}

const ranges = (...subnets: [string, number, 'ipv4' | 'ipv6'][]): BlockList => {
  const list = new BlockList();
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family);
  return list;
};

/** Go looks at the address behind a v4-mapped one; so does BlockList. */
const specialRanges: { list: BlockList; detail: string; loopback?: boolean }[] = [
  { list: ranges(['0.0.0.0', 32, 'ipv4'], ['::', 128, 'ipv6']), detail: 'may not be unspecified (0.0.0.0 or ::)' },
  { list: ranges(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6']), detail: 'may not be in the loopback range (127.0.0.0/8, ::1/128)', loopback: true },
  { list: ranges(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']), detail: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)' },
  { list: ranges(['224.0.0.0', 24, 'ipv4'], ['ff02::', 16, 'ipv6']), detail: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)' },
];

function validateNonSpecial(address: string, { field, allowLoopback }: { field: string; allowLoopback: boolean }): FieldError[] {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  return specialRanges.filter(({ list, loopback }) => list.check(address, family) && !(loopback && allowLoopback))
    .map(({ detail }) => invalidValue(field, address, detail));
}

function validatePorts(ports: Fields[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const names = ports.map((port) => textAt(port, 'name'));
  return ports.flatMap((port, index) => {
    const field = `ports[${index}]`;
    const name = names[index]!;
    const protocol = textAt(port, 'protocol');
    const appProtocol = textAt(port, 'appProtocol');
    return [
      ...(name === '' ? [] : invalidFor(`${field}.name`, name, dns1123Label(name))),
      ...(names.indexOf(name) < index ? [duplicateValue(`${field}.name`, name)] : []),
      ...(['TCP', 'UDP', 'SCTP'].includes(protocol) ? [] : [unsupportedValue(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP'])]),
      ...(has(port, 'appProtocol') ? invalidFor(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)) : []),
    ];
  });
}
