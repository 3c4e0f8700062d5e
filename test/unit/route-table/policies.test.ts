// The small decisions of policies, as tables.
import { expect } from 'chai';
import { rangeOf } from '../../../src/core/annotations/addresses.js';
import { allowedOrigin } from '../../../src/route-table/cors-origin.js';
import { hashText, pickSticky } from '../../../src/route-table/pick-sticky.js';
import { httpsLocation, redirectLocation } from '../../../src/route-table/redirect-location.js';
import { inRanges, prepareRanges } from '../../../src/route-table/source-range.js';

const bytes = (...list: number[]): string => String.fromCharCode(...list);
const v6 = (head: number[], tail: number[]): string => bytes(...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail);

describe('route-table: policies', () => {
  const inside: [range: string, address: string, expected: boolean][] = [
    ['10.0.0.0/8', bytes(10, 255, 0, 1), true], ['10.0.0.0/8', bytes(11, 0, 0, 1), false], ['10.1.2.3', bytes(10, 1, 2, 3), true], ['10.1.2.3', bytes(10, 1, 2, 4), false],
    ['192.0.2.128/25', bytes(192, 0, 2, 128), true], ['192.0.2.128/25', bytes(192, 0, 2, 127), false], ['0.0.0.0/0', bytes(1, 2, 3, 4), true], ['0.0.0.0/0', v6([0xfd], [1]), false],
    ['::/0', v6([0xfd], [1]), true], ['::/0', bytes(1, 2, 3, 4), false], ['fd00::/9', v6([0xfd, 0x7f], [1]), true], ['fd00::/9', v6([0xfd, 0x80], [1]), false],
    ['10.0.0.0/8', v6([], [255, 255, 10, 0, 0, 1]), true], ['::ffff:10.0.0.0/104', v6([], [255, 255, 10, 0, 0, 1]), true], ['10.0.0.0/8', '', false],
  ];
  for (const [range, address, expected] of inside) {
    it(`${range} ${expected ? 'has' : 'has not'} ${Buffer.from(address, 'latin1').toString('hex')}`, () => expect(inRanges(prepareRanges([rangeOf(range)!]), address)).to.equal(expected));
  }
  it('no ranges have nobody', () => expect(inRanges([], bytes(1, 2, 3, 4))).to.equal(false));

  it('allowedOrigin', () => {
    expect(allowedOrigin(['*'], undefined)).to.equal('*');
    for (const [origin, expected] of [['https://a.test', true], ['https://x.b.test', true], ['https://x.y.b.test', false], ['https://.b.test', false], ['https://b.test', false], ['http://a.test', false], ['https://a.test.evil', false], ['https://x/.b.test', false]] as const) {
      expect(allowedOrigin(['https://a.test', 'https://*.b.test'], origin), origin).to.equal(expected ? origin : undefined);
    }
  });

  it('locations', () => {
    const request = { scheme: 'http', host: 'a.test', namedHost: 'a.test:8080', path: '/b/', query: undefined as string | undefined };
    expect(httpsLocation(request, false)).to.equal('https://a.test/b');
    expect(httpsLocation(request, true)).to.equal('https://a.test/b/');
    expect(httpsLocation({ ...request, path: '/' }, false)).to.equal('https://a.test');
    expect(httpsLocation({ ...request, query: 'x=/' }, false)).to.equal('https://a.test/b/?x=/');
    expect(redirectLocation({ code: 302, location: '/app' }, request)).to.equal('http://a.test:8080/app');
    expect(redirectLocation({ code: 301, location: '$scheme://$host$uri$is_args$args' }, { ...request, query: 'q' })).to.equal('http://a.test/b/?q');
    const strips = { code: 308, location: '$scheme://b.test$request_uri', stripSlash: true } as const;
    expect(redirectLocation(strips, request)).to.equal('http://b.test/b');
    expect(redirectLocation(strips, { ...request, query: 'x=/' })).to.equal('http://b.test/b/?x=/');
    expect(redirectLocation({ code: 301, location: 'https://n.test$request_uri#$' }, request)).to.equal('https://n.test/b/#$');
  });

  it('pickSticky spreads keys evenly, and moves few when an endpoint comes or goes', () => {
    const endpoints = Array.from({ length: 10 }, (_, at) => ({ hash: hashText(`10.0.0.${at} 8080`) }));
    const keys = Array.from({ length: 10_000 }, (_, at) => hashText(`${at * 7919}.${at}`));
    const shares = Array<number>(10).fill(0);
    let moved = 0;
    let lost = 0;
    for (const key of keys) {
      const at = pickSticky(endpoints, key);
      shares[at]! += 1;
      if (pickSticky([...endpoints, { hash: hashText('10.0.0.10 8080') }], key) !== at) moved += 1;
      if (at !== 0 && endpoints[at] !== endpoints.slice(1)[pickSticky(endpoints.slice(1), key)]) lost += 1;
    }
    for (const share of shares) expect(share).to.be.within(800, 1200);
    expect(moved).to.be.within(700, 1150);
    expect(lost).to.equal(0);
    expect(pickSticky([], 7)).to.equal(0);
  });
});
