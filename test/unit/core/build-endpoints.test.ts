import { expect } from 'chai';
import { buildEndpoints } from '../../../src/core/build-endpoints.js';
import { isPodAddress } from '../../../src/core/endpoint-address.js';
import type { EndpointSlice, ServicePort } from '../../../src/core/kubernetes-objects.js';

type Part = Partial<Omit<EndpointSlice, 'metadata'>>;
const slice = (part: Part): EndpointSlice => ({ metadata: { name: 's' }, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], ...part });
const http: ServicePort = { name: 'http', port: 80 };
const build = (slices: EndpointSlice[], port = http): string[] => buildEndpoints(slices, port).value.endpoints.map((one) => `${one.address} ${one.port}`);
const at = (address: string, conditions?: object): NonNullable<EndpointSlice['endpoints']>[number] => ({ addresses: [address], ...(conditions && { conditions }) });

interface Row { name: string; slices: Part[]; port?: ServicePort; expected: string[] }
const rows: Row[] = [
  { name: 'no slices', slices: [], expected: [] },
  { name: 'no conditions means ready', slices: [{ endpoints: [at('10.0.0.1')] }], expected: ['10.0.0.1 8080'] },
  { name: 'ready null means ready', slices: [{ endpoints: [at('10.0.0.1', { ready: null })] }], expected: ['10.0.0.1 8080'] },
  { name: 'not ready is left out', slices: [{ endpoints: [at('10.0.0.1', { ready: false }), at('10.0.0.2')] }], expected: ['10.0.0.2 8080'] },
  { name: 'not ready and not leaving is left out, even alone', slices: [{ endpoints: [at('10.0.0.1', { ready: false, serving: true })] }], expected: [] },
  { name: 'leaving ones only when nothing is ready', slices: [{ endpoints: [at('10.0.0.1', { ready: false, serving: true, terminating: true })] }, { endpoints: [at('10.0.0.2')] }], expected: ['10.0.0.2 8080'] },
  { name: 'leaving ones when nothing is ready', slices: [{ endpoints: [at('10.0.0.1', { ready: false, serving: true, terminating: true }), at('10.0.0.2', { ready: false, serving: false, terminating: true })] }], expected: ['10.0.0.1 8080'] },
  { name: 'sorted and once, over slices', slices: [{ endpoints: [at('10.0.0.2'), at('10.0.0.1')] }, { endpoints: [at('10.0.0.2')] }], expected: ['10.0.0.1 8080', '10.0.0.2 8080'] },
  { name: 'ready in one slice, not in the other', slices: [{ endpoints: [at('10.0.0.1', { ready: false })] }, { endpoints: [at('10.0.0.1')] }], expected: ['10.0.0.1 8080'] },
  { name: 'one address with two ports stays two', slices: [{ endpoints: [at('10.0.0.1')] }, { endpoints: [at('10.0.0.1')], ports: [{ name: 'http', port: 9090 }] }], expected: ['10.0.0.1 8080', '10.0.0.1 9090'] },
  { name: 'several addresses of an endpoint', slices: [{ endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }] }], expected: ['10.0.0.1 8080', '10.0.0.2 8080'] },
  { name: 'IPv6', slices: [{ addressType: 'IPv6', endpoints: [at('2001:db8::1')] }], expected: ['2001:db8::1 8080'] },
  { name: 'names are no addresses', slices: [{ addressType: 'FQDN', endpoints: [at('evil.test')] }], expected: [] },
  { name: 'a name in a slice of addresses', slices: [{ endpoints: [at('evil.test'), at('2130706433'), at('127.1'), at('010.0.0.1')] }], expected: [] },
  { name: 'no addressType', slices: [{ addressType: undefined as never, endpoints: [at('10.0.0.1')] }], expected: [] },
  { name: 'the port by its name', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: 'metrics', port: 1 }, { name: 'http', port: 2 }] }], expected: ['10.0.0.1 2'] },
  { name: 'a port of another name', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: 'metrics', port: 1 }] }], expected: [] },
  { name: 'a port without a name', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ port: 7 }] }], port: { port: 80 }, expected: ['10.0.0.1 7'] },
  { name: 'a port with an empty name', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: '', port: 7 }] }], port: { port: 80 }, expected: ['10.0.0.1 7'] },
  { name: 'the TCP port of two with one name', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: 'http', port: 1, protocol: 'UDP' }, { name: 'http', port: 2, protocol: 'TCP' }] }], expected: ['10.0.0.1 2'] },
  { name: 'SCTP', slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: 'http', port: 1, protocol: 'SCTP' }] }], expected: [] },
  { name: 'ports null', slices: [{ endpoints: [at('10.0.0.1')], ports: null as never }], expected: [] },
  { name: 'endpoints null', slices: [{ endpoints: null as never }], expected: [] },
  { name: 'addresses null', slices: [{ endpoints: [{ addresses: null as never }] }], expected: [] },
  ...[0, -1, 65536, 1.5, Number.NaN].map((port): Row => ({ name: `port ${port}`, slices: [{ endpoints: [at('10.0.0.1')], ports: [{ name: 'http', port }] }], expected: [] })),
];

describe('core: build-endpoints', () => {
  for (const { name, slices, port, expected } of rows) {
    it(name, () => {
      expect(build(slices.map(slice), port)).to.deep.equal(expected);
      expect(build([...slices].reverse().map(slice), port), 'whatever the order').to.deep.equal(expected);
    });
  }

  it('names each refused address once', () => {
    const endpoints = [at('169.254.169.254'), at('127.0.0.1'), at('127.0.0.1'), at('10.0.0.1')];
    expect(buildEndpoints([slice({ endpoints })], http).refused).to.deep.equal(['127.0.0.1', '169.254.169.254']);
    expect(buildEndpoints([slice({ endpoints })], http, { allowLoopback: true }).refused).to.deep.equal(['169.254.169.254']);
  });
});

describe('core: endpoint-address', () => {
  const good = ['10.0.0.1', '192.168.255.254', '100.64.0.1', '1.1.1.1', '169.253.1.1', '223.255.255.255', '2001:db8::1', 'fd00::1', 'fc00:0:0:0:0:0:0:1', '2001:DB8::', '1:2:3:4:5:6:7:8', '1::8', '2001:db8::10.0.0.1'];
  for (const address of good) it(`takes ${address}`, () => expect(isPodAddress(address, false)).to.equal(true));

  const bad = [
    '', '0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '10.0.0', '10.0.0.256', '10.0.0.01', '1.2.3.4.5', ' 10.0.0.1', '10.0.0.1\n', '0x7f.0.0.1',
    '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', 'fe80::1', 'FE80::1', 'febf::1', 'fec0::1', 'ff02::1', 'fe80::1%eth0', '2001:db8::1%1', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8:9', 'g::1', '12345::1', '[2001:db8::1]', ':1:2:3:4:5:6:7',
  ];
  for (const address of bad) {
    it(`refuses ${JSON.stringify(address)}`, () => {
      expect(isPodAddress(address, false)).to.equal(false);
      expect(isPodAddress(address, true), 'also with loopback allowed').to.equal(false);
    });
  }

  for (const address of ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '0000::0001']) {
    it(`takes ${address} only where loopback is allowed`, () => {
      expect(isPodAddress(address, false)).to.equal(false);
      expect(isPodAddress(address, true)).to.equal(true);
    });
  }
});
