// The PROXY protocol: both versions read, in any pieces, and nothing else taken for it.

import { expect } from 'chai';
import fc from 'fast-check';
import { type Ends, readProxyHeader, renderProxyHeader } from '../../../src/engine/proxy-header.js';

const v4: Ends = { address: '203.0.113.9', port: 5555, ownAddress: '192.0.2.1', ownPort: 443 };
const v6: Ends = { address: '2001:db8::9', port: 1, ownAddress: '::1', ownPort: 65_535 };
const magic = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const binary = (command: number, family: number, rest: Buffer): Buffer => Buffer.concat([magic, Buffer.from([command, family, rest.length >> 8, rest.length & 255]), rest]);
const fourBytes = Buffer.from([203, 0, 113, 9, 192, 0, 2, 1, 0x15, 0xb3, 0x01, 0xbb]);

describe('the PROXY protocol', () => {
  it('reads what it writes, and asks for more for every part of it', () => {
    for (const ends of [v4, v6]) {
      const header = Buffer.from(renderProxyHeader(ends));
      expect(readProxyHeader(Buffer.concat([header, Buffer.from('rest')]))).to.deep.equal({ length: header.length, ends });
      for (let length = 0; length < header.length; length++) expect(readProxyHeader(header.subarray(0, length)), String(length)).to.equal(undefined);
    }
    expect(renderProxyHeader({ ...v4, address: '::1' })).to.equal('PROXY UNKNOWN\r\n');
    expect(renderProxyHeader({ ...v6, address: 'fe80::1%eth0' })).to.match(/^PROXY TCP6 fe80::1 /);
  });

  it('reads the binary one, with whatever a proxy adds', () => {
    const header = binary(0x21, 0x11, Buffer.concat([fourBytes, Buffer.from('04000100', 'hex')]));
    expect(readProxyHeader(header)).to.deep.equal({ length: header.length, ends: v4 });
    for (let length = 0; length < header.length; length++) expect(readProxyHeader(header.subarray(0, length)), String(length)).to.equal(undefined);
    const six = binary(0x21, 0x21, Buffer.concat([Buffer.alloc(15), Buffer.from([1]), Buffer.alloc(15), Buffer.from([2]), Buffer.from([0, 1, 0, 2])]));
    expect(readProxyHeader(six)).to.deep.equal({ length: six.length, ends: { address: '0:0:0:0:0:0:0:1', ownAddress: '0:0:0:0:0:0:0:2', port: 1, ownPort: 2 } });
  });

  it('tells of nobody where the proxy speaks for itself, or of something else', () => {
    for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), Buffer.from('PROXY UNKNOWN ffff::1 a b\r\n'), binary(0x20, 0x11, fourBytes), binary(0x21, 0x31, Buffer.alloc(216)), binary(0x21, 0, Buffer.alloc(0))]) {
      expect(readProxyHeader(header)).to.deep.equal({ length: header.length });
    }
  });

  it('takes nothing else for one', () => {
    const none = ['PROXX', 'GET / HTTP/1.1\r\n', '\x16\x03\x01', 'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', 'PROXY TCP4 1.2.3.4 ::1 1 2\r\n', 'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n', 'PROXY TCP6 fe80::1%a fe80::1 1 2\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', 'PROXY constructor a b 1 2\r\n', `PROXY TCP4 ${'1'.repeat(107)}`];
    for (const text of none) expect(readProxyHeader(Buffer.from(text, 'latin1')), text).to.equal('none');
    for (const bytes of [binary(0x31, 0x11, fourBytes), binary(0x22, 0x11, fourBytes), binary(0x21, 0x11, fourBytes.subarray(1)), binary(0x21, 0x11, Buffer.alloc(5000))]) expect(readProxyHeader(bytes)).to.equal('none');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => { readProxyHeader(Buffer.concat([magic, Buffer.from(bytes)])); }));
  });
});
