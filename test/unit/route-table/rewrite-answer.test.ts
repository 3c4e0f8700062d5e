// Headers of backends' answers that are changed: nothing but the attribute that is meant.
import { expect } from 'chai';
import { replaceStart, rewriteCookie } from '../../../src/route-table/rewrite-answer.js';

const domain = { from: 'inner.test', to: 'outer.test' };
const path = { from: '/app', to: '/' };

describe('rewrite of answers', () => {
  for (const [cookie, expected] of [
    ['a=b; Domain=inner.test; Path=/app', 'a=b; Domain=outer.test; Path=/'], ['a=b;domain=.INNER.test;path=/app/x', 'a=b;domain=outer.test;path=//x'],
    ['domain=inner.test', 'domain=inner.test'], ['a=b; Domain=x.inner.test', 'a=b; Domain=x.inner.test'], ['a=b; Path=/other', 'a=b; Path=/other'], ['', ''], ['a', 'a'], [';', ';'], ['a=b;', 'a=b;'],
    ['a="x; Path=/app"', 'a="x; Path=/app"'.replace('/app', '/')], ['a=b; Path', 'a=b; Path'], ['a=b; xPath=/app', 'a=b; xPath=/app'],
  ] as const) it(JSON.stringify(cookie), () => expect(rewriteCookie(cookie, domain, path)).to.equal(expected));

  it('changes nothing that is not asked for', () => expect(rewriteCookie('a=b; Domain=inner.test; Path=/app', undefined, undefined)).to.equal('a=b; Domain=inner.test; Path=/app'));
  it('the start of a text', () => {
    expect([replaceStart('/app/x', path), replaceStart('/ap', path), replaceStart('x/app', path)]).to.deep.equal(['//x', '/ap', 'x/app']);
  });
});
