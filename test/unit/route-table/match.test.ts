// Which route takes a path. The first part are the scenarios of the Ingress conformance suite that speak of paths
// (kubernetes-sigs/ingress-controller-conformance, path_rules.feature), from the Ingress's rule to the match.
import { expect } from 'chai';
import fc from 'fast-check';
import { resolvePath } from '../../../src/core/resolve-path.js';
import { buildHost } from '../../../src/core/build-host.js';
import { type RegexMatch, indexPaths, matchPath } from '../../../src/route-table/match.js';
import type { PathMatch, Route } from '../../../src/route-table/types.js';

type Rule = [pathType: string, path: string];
const noRegex: RegexMatch = () => { throw new Error('no pattern here'); };
const javaScript: RegexMatch = (subject, pattern) => new RegExp(`^(?:${pattern})`, 'i').exec(subject)?.slice(1).map((group) => group ?? '');

/** Path of the rule that takes `path`, as written; the order of the rules must not matter. */
function taker(rules: Rule[], path: string): string | undefined {
  const find = (order: Rule[]): string | undefined => {
    const { routes } = buildHost('h', order.map(([pathType, written]) => ({
      namespace: 'n', ingress: 'i', path: { path: written, pathType }, rewriteTarget: undefined, useRegex: false,
      backend: { service: 's', key: `${pathType} ${written}`, findings: [] },
    })));
    const found = matchPath(indexPaths(routes), path, noRegex);
    return found ? found.route.backend : undefined;
  };
  const result = find(rules);
  expect(find([...rules].reverse()), 'the other order').to.equal(result);
  return result;
}

interface Scenario { name: string; rules: Rule[]; takes: [path: string, rule: string | undefined][] }
const conformance: Scenario[] = [
  { name: 'an Exact path matches itself', rules: [['Exact', '/foo']], takes: [['/foo', 'Exact /foo']] },
  { name: 'an Exact path does not match with a trailing slash', rules: [['Exact', '/foo']], takes: [['/foo/', undefined]] },
  { name: 'an Exact path with a trailing slash does not match without', rules: [['Exact', '/foo/']], takes: [['/foo', undefined], ['/foo/', 'Exact /foo/']] },
  { name: 'an Exact path is case-sensitive', rules: [['Exact', '/foo']], takes: [['/FOO', undefined]] },
  { name: 'an Exact path does not match another label', rules: [['Exact', '/foo']], takes: [['/bar', undefined], ['/foo/bar', undefined]] },
  { name: 'a Prefix path matches itself', rules: [['Prefix', '/foo']], takes: [['/foo', 'Prefix /foo']] },
  { name: 'a Prefix path ignores a trailing slash of the request', rules: [['Prefix', '/foo']], takes: [['/foo/', 'Prefix /foo']] },
  { name: 'a Prefix path ignores its own trailing slash', rules: [['Prefix', '/foo/']], takes: [['/foo', 'Prefix /foo/'], ['/foo/', 'Prefix /foo/']] },
  { name: 'a Prefix path is case-sensitive', rules: [['Prefix', '/foo']], takes: [['/FOO', undefined]] },
  { name: 'a Prefix path of everything', rules: [['Prefix', '/']], takes: [['/', 'Prefix /'], ['/foo', 'Prefix /'], ['/foo/', 'Prefix /']] },
  { name: 'the longest Prefix wins', rules: [['Prefix', '/'], ['Prefix', '/aaa'], ['Prefix', '/aaa/bbb']], takes: [['/aaa/bbb', 'Prefix /aaa/bbb']] },
  { name: 'a subpath of the longest Prefix', rules: [['Prefix', '/aaa'], ['Prefix', '/aaa/bbb']], takes: [['/aaa/bbb/ccc', 'Prefix /aaa/bbb']] },
  { name: 'the shorter Prefix takes what the longer does not', rules: [['Prefix', '/aaa'], ['Prefix', '/aaa/bbb']], takes: [['/aaa/ccc', 'Prefix /aaa']] },
  { name: 'a Prefix matches whole elements', rules: [['Prefix', '/aaa'], ['Prefix', '/aaa/bbb']], takes: [['/aaaccc', undefined], ['/aaa/bbbccc', 'Prefix /aaa']] },
  { name: 'Exact is preferred over Prefix', rules: [['Prefix', '/foo'], ['Exact', '/foo']], takes: [['/foo', 'Exact /foo'], ['/foo/', 'Prefix /foo'], ['/foo/bar', 'Prefix /foo']] },
  { name: 'a Prefix /aaa/bbb/ matches with and without its slash', rules: [['Prefix', '/aaa/bbb/']], takes: [['/aaa/bbb', 'Prefix /aaa/bbb/'], ['/aaa/bbb/', 'Prefix /aaa/bbb/'], ['/aaa/bbb/c', 'Prefix /aaa/bbb/']] },
];
const more: Scenario[] = [
  { name: 'ImplementationSpecific is a start of the text', rules: [['ImplementationSpecific', '/foo']], takes: [['/foo', 'ImplementationSpecific /foo'], ['/foobar', 'ImplementationSpecific /foo'], ['/fo', undefined], ['/FOO', undefined]] },
  { name: 'the longest start of the text wins', rules: [['ImplementationSpecific', '/'], ['ImplementationSpecific', '/foo'], ['ImplementationSpecific', '/foob']], takes: [['/foobar', 'ImplementationSpecific /foob'], ['/foo', 'ImplementationSpecific /foo'], ['/x', 'ImplementationSpecific /']] },
  { name: 'the longer of a Prefix and a start of the text', rules: [['Prefix', '/foo'], ['ImplementationSpecific', '/foo/b']], takes: [['/foo/bar', 'ImplementationSpecific /foo/b'], ['/foo/x', 'Prefix /foo']] },
  { name: 'of equal length the Prefix', rules: [['Prefix', '/foo'], ['ImplementationSpecific', '/foo']], takes: [['/foo', 'Prefix /foo'], ['/foo/x', 'Prefix /foo'], ['/foobar', 'ImplementationSpecific /foo']] },
  { name: 'an inherited name is a path like others', rules: [['Exact', '/constructor'], ['Prefix', '/__proto__']], takes: [['/constructor', 'Exact /constructor'], ['/__proto__/x', 'Prefix /__proto__'], ['/toString', undefined]] },
  { name: 'nothing without rules', rules: [], takes: [['/', undefined], ['/constructor', undefined]] },
];

const route = (match: PathMatch, path: string): Route => ({ match, path, namespace: 'n', ingress: 'i', service: 's', backend: path });

describe('route-table: match', () => {
  for (const { name, rules, takes } of [...conformance, ...more]) {
    it(name, () => {
      for (const [path, rule] of takes) expect(taker(rules, path), path).to.equal(rule);
    });
  }

  it('agrees with the words of the API for every Prefix and Exact', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 }).chain((parts) => fc.constantFrom(`/${parts.join('/')}`, parts.length > 0 ? `/${parts.join('/')}/` : '/'));
    const rule = fc.tuple(fc.constantFrom('Exact', 'Prefix'), path);
    const elements = (text: string): string[] => text.split('/').filter((part) => part !== '');
    const takes = ([type, written]: Rule, asked: string): boolean => (type === 'Exact' ? written === asked : elements(written).every((part, at) => elements(asked)[at] === part));
    const rules = fc.uniqueArray(rule, { maxLength: 5, selector: ([type, written]) => (type === 'Exact' ? written : elements(written).join('/')) });
    fc.assert(fc.property(rules, path, (drawn, asked) => {
      const found = taker(drawn, asked)?.split(' ');
      const able = drawn.filter((one) => takes(one, asked));
      if (found === undefined) {
        expect(able).to.deep.equal([]);
        return;
      }
      const [type, written] = found as Rule;
      const exact = able.some(([kind]) => kind === 'Exact');
      expect(type).to.equal(exact ? 'Exact' : 'Prefix');
      if (!exact) expect(elements(written).length).to.equal(Math.max(...able.map(([, one]) => elements(one).length)));
    }), { numRuns: 2000 });
  });

  it('tries patterns in the order given, and nothing else', () => {
    const index = indexPaths({ routes: [route('regex', '/long(.*)'), route('regex', '/(a)?(b)?'), route('exact', '/long1')] });
    const found = (path: string): unknown => {
      const result = matchPath(index, path, javaScript);
      return result ? [result.route.path, ...result.captures] : result;
    };
    expect(found('/long1')).to.deep.equal(['/long(.*)', '1']);
    expect(found('/LONG')).to.deep.equal(['/long(.*)', '']);
    expect(found('/b')).to.deep.equal(['/(a)?(b)?', '', 'b']);
    expect(found('x')).to.equal(undefined);
  });

  it('stops at a pattern that could not be evaluated: no less strict route takes its place', () => {
    const index = indexPaths({ routes: [route('regex', '/a'), route('regex', '/')] });
    expect(matchPath(index, '/a', (_, pattern) => (pattern === '/a' ? false : []))).to.equal(false);
  });

  it('of two routes with one path the first counts', () => {
    for (const match of ['exact', 'prefix', 'string-prefix'] as const) {
      const first = route(match, '/a');
      const found = matchPath(indexPaths({ routes: [first, { ...route(match, '/a'), backend: 'other' }] }), '/a', noRegex);
      expect(found && found.route, match).to.equal(first);
    }
  });

  it('takes every path in normal form that resolve-path lets through', () => {
    for (const type of ['Exact', 'Prefix', 'ImplementationSpecific']) {
      const resolved = resolvePath({ path: '/%7Ea/%c3%a9', pathType: type }, false);
      if ('problem' in resolved) throw new Error(resolved.message);
      expect(matchPath(indexPaths({ routes: [route(resolved.match, resolved.path)] }), '/~a/%C3%A9', noRegex)).to.be.an('object');
    }
  });
});
