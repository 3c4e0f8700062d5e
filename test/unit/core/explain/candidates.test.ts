// The routes of a host beside each other: the first that fits is the one that the matcher takes, whatever the routes are.
import { expect } from 'chai';
import fc from 'fast-check';
import { listCandidates } from '../../../../src/core/explain/candidates.js';
import { regexMatch } from '../../../../src/core/explain/regex-match.js';
import { editDistance, suggestName } from '../../../../src/core/explain/suggest-name.js';
import { readRequestUrl } from '../../../../src/core/explain/request-url.js';
import { indexPaths, matchPath } from '../../../../src/route-table/match.js';
import type { PathMatch, Route } from '../../../../src/route-table/types.js';

const routesOf = (...list: [PathMatch, string][]): Route[] =>
  list.map(([match, path], at) => ({ match, path, namespace: 'n', ingress: `i${at}`, service: 's', backend: 'b' })).sort((a, b) => b.path.length - a.path.length);
const candidates = (path: string, ...list: [PathMatch, string][]) => listCandidates(routesOf(...list), path, regexMatch);

describe('listCandidates', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`.replace(/\/+/g, '/'));
  const plain = fc.uniqueArray(fc.tuple(fc.constantFrom<PathMatch>('exact', 'prefix', 'string-prefix'), path.map((one) => (one.length > 1 ? one.replace(/\/$/, '') : one))), { maxLength: 8, selector: String });
  const patterns = fc.uniqueArray(fc.tuple(fc.constant<PathMatch>('regex'), fc.oneof(path, fc.constantFrom('/a(.*)', '/(b|a)', '/a$'))), { minLength: 1, maxLength: 5, selector: String });

  it('has the matcher\'s own winner first among those that fit', () => {
    fc.assert(fc.property(fc.oneof(plain, patterns), path, (list, asked) => {
      const routes = routesOf(...list);
      const won = matchPath(indexPaths({ routes }), asked, regexMatch);
      const first = listCandidates(routes, asked, regexMatch).list.find(({ fits }) => fits);
      expect(first && `${first.match} ${first.path}`).to.equal(won ? `${won.route.match} ${won.route.path}` : undefined);
    }), { numRuns: 3000 });
  });

  it('says why the first one has it', () => {
    expect(candidates('/a', ['exact', '/a'], ['prefix', '/a'])).to.include({ why: 'exact' });
    expect(candidates('/a/b', ['prefix', '/a'], ['prefix', '/'])).to.include({ why: 'longest-prefix' });
    expect(candidates('/a', ['string-prefix', '/a'], ['prefix', '/a'])).to.include({ why: 'element-before-text' });
    expect(candidates('/a', ['prefix', '/'], ['prefix', '/b'])).to.include({ why: 'only', others: 1 });
    expect(candidates('/ab', ['regex', '/a'], ['regex', '/ab$'])).to.include({ why: 'first-pattern' });
    expect(candidates('/x', ['prefix', '/b'])).to.not.have.property('why');
  });

  it('says why what looks as if it fitted does not', () => {
    const misses = (asked: string, ...list: [PathMatch, string][]) => candidates(asked, ...list).list.map(({ nearMiss }) => nearMiss);
    expect(misses('/apix', ['prefix', '/api'])).to.deep.equal(['element-boundary']);
    expect(misses('/a/', ['exact', '/a'])).to.deep.equal(['trailing-slash']);
    expect(misses('/API/x', ['prefix', '/api'])).to.deep.equal(['case']);
    expect(misses('/Api', ['exact', '/api'])).to.deep.equal(['case']);
    expect(misses('/b', ['exact', '/a'], ['prefix', '/c'])).to.deep.equal([]);
    expect(misses('/b', ['regex', '/a'])).to.deep.equal(['pattern']);
  });

  it('shows twelve at most and counts the others', () => {
    const many = Array.from({ length: 40 }, (_, at): [PathMatch, string] => ['prefix', `/${'a/'.repeat(at)}a`]);
    const { list, others } = candidates(`/${'a/'.repeat(60)}`, ...many);
    expect([list.length, others]).to.deep.equal([12, 28]);
  });
});

describe('suggestName', () => {
  it('finds the name that was meant, and none when none is near', () => {
    expect(suggestName('ngnix-external', ['nginx-internal', 'nginx-external'])).to.equal('nginx-external');
    expect(suggestName('nginx', ['nginx-external', 'alb'])).to.equal(undefined);
    expect(suggestName('Nginx', ['nginx'])).to.equal('nginx');
    expect(suggestName('nginx', ['nginx'])).to.equal(undefined);
    expect(suggestName('ab', ['xy'])).to.equal(undefined);
  });

  it('counts letters as people mistype them', () => {
    expect([editDistance('ngnix', 'nginx'), editDistance('a', ''), editDistance('abc', 'xbz'), editDistance('', '')]).to.deep.equal([1, 1, 2, 0]);
  });
});

describe('readRequestUrl', () => {
  it('gives host and path as the proxy sees them', () => {
    expect(readRequestUrl('HTTPS://Shop.Example.com.:8443/a/../b%41?q=/x#y')).to.deep.include({ scheme: 'https', host: 'shop.example.com', sentPath: '/a/../b%41', path: '/bA' });
    expect(readRequestUrl('http://a.test')).to.deep.include({ path: '/' });
    expect(readRequestUrl('http://[::1]:80/x')).to.deep.include({ host: '[::1]' });
    expect(readRequestUrl('http://a.test/é')).to.deep.include({ path: '/%C3%A9' });
    expect(readRequestUrl('http://a.test/../x')).to.deep.include({ path: undefined });
  });

  it('says what is wrong', () => {
    expect(readRequestUrl('ftp://a.test/')).to.match(/is no URL of a request/);
    expect(readRequestUrl('http:///x')).to.match(/is no host/);
    expect(readRequestUrl('http://user@a.test/')).to.match(/is no host/);
    expect(readRequestUrl('http://a test/')).to.match(/is no host/);
  });
});
