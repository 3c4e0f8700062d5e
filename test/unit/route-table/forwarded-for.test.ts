// Who the client is, of all that a list of proxies may say: the last one that is no proxy, and never what stands before it.
import { expect } from 'chai';
import { rangeOf } from '../../../src/core/annotations/addresses.js';
import { addressBytes } from '../../../src/route-table/address-bytes.js';
import { forwardedClient } from '../../../src/route-table/forwarded-for.js';
import { prepareRanges } from '../../../src/route-table/source-range.js';

const trusted = prepareRanges(['10.0.0.0/8', 'fd00::/8'].map((range) => rangeOf(range)!));

describe('route-table: forwarded-for', () => {
  for (const [list, client] of [
    ['203.0.113.7', '203.0.113.7'], ['6.6.6.6, 203.0.113.7', '203.0.113.7'], ['6.6.6.6, 203.0.113.7, 10.1.2.3', '203.0.113.7'], ['203.0.113.7,10.0.0.1,\tfd00::2 ,10.0.0.3', '203.0.113.7'],
    ['10.0.0.1, 10.0.0.2', '10.0.0.1'], ['2001:db8::1, 10.0.0.1', '2001:db8::1'], ['203.0.113.7:4711', '203.0.113.7'], ['[2001:db8::1]:443', '2001:db8::1'], ['::ffff:10.0.0.1', '::ffff:10.0.0.1'], ['1.2.3.4, ::ffff:10.0.0.1', '1.2.3.4'],
    ['', undefined], ['unknown', undefined], ['203.0.113.7, unknown', undefined], ['unknown, 10.0.0.1', '10.0.0.1'], ['203.0.113.7,', undefined], ['010.0.0.1', undefined], ['1.2.3', undefined], ['1.2.3.4.5', undefined], ['fe80::1%eth0', undefined], ['[::1', undefined],
    [`6.6.6.6, ${Array.from({ length: 40 }, () => '10.0.0.1').join(', ')}`, '10.0.0.1'],
  ] as const) it(JSON.stringify(list.slice(0, 60)), () => expect(forwardedClient(list, trusted)).to.equal(client));

  it('reads addresses as bytes', () => {
    const hex = (text: string): string | undefined => addressBytes(text)?.split('').map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
    expect([hex('1.2.3.255'), hex('::'), hex('1::'), hex('::1.2.3.4'), hex('1:2:3:4:5:6:7::'), hex('1:2:3:4:5:6:7:8')])
      .to.deep.equal(['010203ff', '00'.repeat(16), `0001${'00'.repeat(14)}`, `${'00'.repeat(12)}01020304`, '00010002000300040005000600070000', '00010002000300040005000600070008']);
    for (const text of [':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7', '::1:2:3:4:5:6:7:8', '1.2.3.4:', ':1', '1:', '1.2.3.4::', '12345::', '::g', '1..2.3', '256.1.1.1', '']) expect(hex(text), text).to.equal(undefined);
  });
});
