// Headers of backends' answers that are changed: nothing but the attribute that is meant.
import { expect } from 'chai';
import { type SearchPattern, replaceStart, rewriteCookie } from '../../../src/route-table/rewrite-answer.js';

const domain = { from: 'inner.test', to: 'outer.test' };
const path = { from: '/app', to: '/' };

const search: SearchPattern = (text, pattern, anyCase) => new RegExp(pattern, anyCase ? 'i' : '').exec(text)?.slice(1).map((group) => group ?? '');

describe('rewrite of answers', () => {
  for (const [cookie, expected] of [
    ['a=b; Domain=inner.test; Path=/app', 'a=b; Domain=outer.test; Path=/'], ['a=b;domain=.INNER.test;path=/app/x', 'a=b;domain=outer.test;path=//x'],
    ['domain=inner.test', 'domain=inner.test'], ['a=b; Domain=x.inner.test', 'a=b; Domain=x.inner.test'], ['a=b; Path=/other', 'a=b; Path=/other'], ['', ''], ['a', 'a'], [';', ';'], ['a=b;', 'a=b;'],
    ['a="x; Path=/app"', 'a="x; Path=/app"'.replace('/app', '/')], ['a=b; Path', 'a=b; Path'], ['a=b; xPath=/app', 'a=b; xPath=/app'],
  ] as const) it(JSON.stringify(cookie), () => expect(rewriteCookie(cookie, { domain, path }, search)).to.equal(expected));

  it('changes nothing that is not asked for', () => expect(rewriteCookie('a=b; Domain=inner.test; Path=/app', { domain: undefined, path: undefined }, search)).to.equal('a=b; Domain=inner.test; Path=/app'));
  it('a pattern that is anywhere stands for the whole, with its groups', () => {
    const moved = { from: '~^http://([a-z]+)\\.test(:[0-9]+)?(/.*)$', to: 'https://$1.example.com$3' };
    expect([replaceStart('http://a.test:8080/x', moved, search), replaceStart('http://A.test/x', moved, search), replaceStart('http://a.test', moved, search)]).to.deep.equal(['https://a.example.com/x', 'http://A.test/x', 'http://a.test']);
    expect(replaceStart('http://A.test/x', { ...moved, from: moved.from.replace('~', '~*') }, search)).to.equal('https://A.example.com/x');
    expect(rewriteCookie('a=b; Domain=.x.INNER.test; Path=/old/app', { domain: { from: '~inner.test', to: 'outer.test' }, path: { from: '~/app$', to: '/' } }, search)).to.equal('a=b; Domain=outer.test; Path=/');
    expect(rewriteCookie('a=b; Path=/App', { domain: undefined, path: { from: '~/app', to: '/' } }, search)).to.equal('a=b; Path=/App');
    expect(replaceStart('http://a.test/x', { from: 'http://a.test', to: 'https://b$1.test' }, search), 'no pattern, no groups').to.equal('https://b.test/x');
  });
  it('the start of a text', () => {
    expect([replaceStart('/app/x', path, search), replaceStart('/ap', path, search), replaceStart('x/app', path, search)]).to.deep.equal(['//x', '/ap', 'x/app']);
  });
});
