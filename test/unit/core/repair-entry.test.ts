// What is offered in place of a refused entry: always sound to the engine's own check, never more open than what is wanted.
import { expect } from 'chai';
import fc from 'fast-check';
import omit from 'lodash/omit.js';
import { repairEntry, repairFurther, unrepaired } from '../../../src/core/repair-entry.js';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import type { EntryValue, HostRoutes, Route } from '../../../src/route-table/types.js';
import { indexPaths, matchPath } from '../../../src/route-table/match.js';

const rules = { checkEndpoint: createEndpointCheck(false), routesPerHost: 50, endpointsPerService: 50 };
const route = (path: string, more: Partial<Route> = {}): Route => ({ match: 'prefix', path, namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80', ...more });
const closed = (path: string, more: Partial<Route> = {}): Route => route(path, { service: '', backend: '', ...more });
const canary = { ingress: 'next', service: 'next', backend: 'service/shop/next/80', weight: 10, total: 100 };

/** Offers and repairs until the engine's check takes it; undefined: it is left out. */
function settle(key: string, wanted: EntryValue): EntryValue | undefined {
  let repair = unrepaired;
  for (let round = 0; round < 300; round++) {
    const { value } = repairEntry(key, wanted, repair);
    if (value === undefined) return undefined;
    const verdict = checkEntry(key, value, rules);
    if ('json' in verdict) return JSON.parse(verdict.json) as EntryValue;
    const { complaint, ...where } = verdict;
    repair = repairFurther(key, wanted, repair, { key, reason: complaint, ...where });
  }
  throw new Error('it never ends');
}

describe('core: repair-entry', () => {
  const badPolicy = { shiny: true } as never;

  it('closes the routes that are refused in their place, and leaves their neighbours as they are', () => {
    const allow = ['0a000000/8'];
    const wanted: HostRoutes = {
      routes: [route('/admin', { policy: 0 }), route('/public', { policy: 1 }), route('/a', { rewrite: 'no slash' }), route('/b', { namespace: 'other', backend: 'service/other/web/80' })],
      policies: [badPolicy, { allow }],
    };
    expect(settle('host/a.test', wanted)).to.deep.equal({
      routes: [closed('/admin'), route('/public', { policy: 0 }), closed('/a'), route('/b', { namespace: 'other', backend: 'service/other/web/80' })], policies: [{ allow }],
    });
  });

  it('takes a canary away that is refused, and nothing from its route', () => {
    const wanted: HostRoutes = { routes: [route('/', { canary: { ...canary, weight: -1 } }), route('/x', { canary })] };
    expect(settle('host/a.test', wanted)).to.deep.equal({ routes: [route('/'), route('/x', { canary })] });
  });

  it('closes what a namespace has on a host where one of its routes has no place, so that no route of it takes the requests', () => {
    const other = route('/b', { namespace: 'other', backend: 'service/other/web/80' });
    const wanted: HostRoutes = { routes: [route('/admin/../x', { policy: 0 }), other, route('/p')], policies: [{ allow: ['0a000000/8'] }] };
    expect(settle('host/a.test', wanted)).to.deep.equal({ routes: [other, closed('/p'), closed('/')] });
  });

  it('closes the rest of a host of patterns with a pattern', () => {
    const wanted: HostRoutes = { routes: [route('/(a', { match: 'regex' }), route('/b+', { match: 'regex', namespace: 'other', backend: 'service/other/web/80' })] };
    const value = settle('host/a.test', wanted) as HostRoutes;
    expect(value.routes.at(-1)).to.deep.equal(closed('/', { match: 'regex' }));
    expect(value.routes[0]!.backend).to.equal('service/other/web/80');
  });

  const whole: [string, string, unknown, unknown][] = [
    ['a host with something unknown in it', 'host/a.test', { routes: [route('/')], extra: 1 }, { routes: [closed('/', { namespace: '', ingress: '' })] }],
    ['a host with too many routes', 'host/a.test', { routes: Array.from({ length: 60 }, (_, at) => route(`/${at}`)) }, { routes: [closed('/', { namespace: '', ingress: '' })] }],
    ['a host whose names are none', 'host/a.test', { routes: [route('/', { namespace: 'No', backend: 'service/No/web/80' })] }, { routes: [closed('/', { namespace: '', ingress: '' })] }],
    ['the default backend', 'default', { routes: 'none' }, { routes: [closed('/', { namespace: '', ingress: '' })] }],
    ['a host that is no name', 'host/A_b', { routes: [route('/')] }, undefined],
    ['endpoints of which some are none', 'service/shop/web/80', { endpoints: [{ address: '10.0.0.1', port: 80 }, { address: '127.0.0.1', port: 80 }] }, { endpoints: [{ address: '10.0.0.1', port: 80 }] }],
    ['endpoints that are no list', 'service/shop/web/80', { endpoints: 7 }, { endpoints: [] }],
    ['a certificate', 'certificate/abcdefgh', { chain: '', key: '' }, undefined],
    ['a server name', 'sni/a.test', { certificate: '' }, undefined],
  ];
  for (const [name, key, wanted, offered] of whole) {
    it(`comes to an end with ${name}`, () => expect(settle(key, wanted as EntryValue)).to.deep.equal(offered));
  }

  it('ends with whatever an engine says, also one that lies', () => {
    const wanted: HostRoutes = { routes: [route('/', { canary }), route('/b')] };
    fc.assert(fc.property(fc.array(fc.record({ places: fc.array(fc.nat(4), { maxLength: 3 }), canaries: fc.array(fc.nat(4), { maxLength: 3 }) }), { minLength: 12, maxLength: 30 }), (lies) => {
      let repair = unrepaired;
      const seen = new Set([JSON.stringify([...repair.parts, repair.whole])]);
      for (const lie of lies) {
        const next = repairFurther('host/a.test', wanted, repair, { key: 'host/a.test', reason: '', ...lie });
        const id = JSON.stringify([[...next.parts].sort((a, b) => a[0] - b[0]), next.whole]);
        if (next === repair) expect(next.whole).to.equal('unnamed');
        else expect(seen.has(id), id).to.equal(false);
        seen.add(id);
        repair = next;
      }
      expect(repair.whole).to.equal('unnamed');
    }));
  });

  it('never lets a request reach a backend by another route than the wanted one, nor by a policy less', () => {
    const paths = ['/', '/a', '/a/b', '/c', '/a/../b', '/%zz'];
    const arbitrary = fc.array(fc.record({
      path: fc.constantFrom(...paths), match: fc.constantFrom('prefix' as const, 'exact' as const), namespace: fc.constantFrom('shop', 'other'), policy: fc.constantFrom(undefined, 0, 1),
    }), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(arbitrary, fc.boolean(), (list, soundPolicy) => {
      const routes = list.map(({ path, match, namespace, policy }, at) =>
        route(path, { match, namespace, ingress: `i${at}`, backend: `service/${namespace}/web/80`, ...(policy === undefined ? {} : { policy }) }));
      const used = routes.some(({ policy }) => policy !== undefined);
      const wanted: HostRoutes = used && routes.length > 1 ? { routes, policies: [{ allow: ['0a000000/8'] }, soundPolicy ? { bodyBytes: 1 } : badPolicy] } : { routes: routes.map((one) => omit(one, 'policy')) };
      const offered = settle('host/a.test', wanted) as HostRoutes;
      const asked = (value: HostRoutes, path: string) => {
        const match = matchPath(indexPaths(value), path, () => undefined);
        return match === undefined || match === false || match.route.backend === '' ? 'nothing' : { ingress: match.route.ingress, namespace: match.route.namespace, policy: JSON.stringify(match.policy?.asked) };
      };
      for (const path of ['/', '/a', '/a/b', '/a/b/c', '/c', '/d']) {
        const got = asked(offered, path);
        if (got === 'nothing') continue;
        const want = asked(wanted, path);
        // Only the wanted route with the wanted policy, or a route of a namespace of which nothing was refused.
        if (JSON.stringify(got) !== JSON.stringify(want)) expect(got.namespace).to.not.equal(want === 'nothing' ? '' : want.namespace);
      }
    }), { numRuns: 500 });
  });
});
