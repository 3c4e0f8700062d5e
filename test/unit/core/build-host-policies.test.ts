// What the Ingresses of a host give each other: TLS for all, one policy for equal wishes, a share of a path.
import { expect } from 'chai';
import { type WantedPath, buildHost } from '../../../src/core/build-host.js';

const want = (changes: Partial<WantedPath> & { path?: WantedPath['path'] } = {}): WantedPath => ({
  namespace: 'shop', ingress: 'web', path: { path: '/', pathType: 'Prefix' }, rewriteTarget: undefined, useRegex: false,
  backend: { service: 'web', key: 'service/shop/web/80', findings: [] }, ...changes,
});
const at = (path: string, pathType = 'Prefix'): WantedPath['path'] => ({ path, pathType });
const canary = (changes: Partial<WantedPath> = {}): WantedPath => want({ ingress: 'next', backend: { service: 'next', key: 'service/shop/next/80', findings: [] }, canary: { weight: 10, total: 100 }, ...changes });
const withTls = { when: 'with-tls', as: 'redirect' } as const;

describe('core: build-host, policies', () => {
  it('has no list without a policy', () => expect(buildHost('h', [want()]).routes).to.not.have.property('policies'));

  it('redirects all paths of a host to https as soon as one Ingress has TLS for it', () => {
    const { routes } = buildHost('h', [want({ https: withTls }), want({ ingress: 'api', path: at('/api'), https: withTls, tls: true }), want({ ingress: 'plain', path: at('/plain') })]);
    expect(routes.policies).to.deep.equal([{ https: 'redirect' }]);
    expect(routes.routes.map(({ path, policy }) => [path, policy])).to.deep.equal([['/plain', undefined], ['/api', 0], ['/', 0]]);
  });

  it('redirects nothing without TLS unless it is forced', () => {
    expect(buildHost('h', [want({ https: withTls })]).routes).to.not.have.property('policies');
    expect(buildHost('h', [want({ https: { when: 'always', as: 'redirect-as-is' } })]).routes.policies).to.deep.equal([{ https: 'redirect-as-is' }]);
  });

  it('keeps equal policies once, and none of a path that lost', () => {
    const { routes } = buildHost('h', [want({ policy: { bodyBytes: 1 } }), want({ path: at('/a'), policy: { bodyBytes: 1 } }), want({ path: at('/b'), policy: { bodyBytes: 2 } }), want({ ingress: 'late', policy: { bodyBytes: 3 } })]);
    expect(routes.policies).to.deep.equal([{ bodyBytes: 1 }, { bodyBytes: 2 }]);
  });

  it('a host that a rule names is no alias, and an alias has no say in how paths of the host are read', () => {
    const alias = want({ ingress: 'old', namespace: 'other', alias: true, useRegex: true });
    const { routes, findings } = buildHost('h', [alias, want({ ingress: 'late' })]);
    expect([routes.routes.map(({ match, ingress }) => `${match} ${ingress}`), findings.map(({ kind, object }) => `${kind} ${object}`)]).to.deep.equal([['prefix late'], ['alias-taken Ingress other/old']]);
    expect(buildHost('h', [alias, want({ ingress: 'late', alias: true })]).routes.routes.map(({ ingress }) => ingress), 'between aliases the oldest').to.deep.equal(['old']);
  });

  it('takes the root for app-root, also before the patterns of a host', () => {
    const root = want({ root: true, path: at('/', 'Exact'), policy: { redirect: { code: 302, location: '/app' } }, backend: { service: '', key: '', findings: [] } });
    expect(buildHost('h', [root, want()]).routes.routes.map(({ match, path }) => `${match} ${path}`)).to.deep.equal(['exact /', 'prefix /']);
    expect(buildHost('h', [root, want({ path: at('/(.*)'), useRegex: true })]).routes.routes.map(({ match, path }) => `${match} ${path}`)).to.deep.equal(['regex /$', 'regex /(.*)']);
    // Who was there first keeps the root.
    const { routes, findings } = buildHost('h', [want({ ingress: 'old', path: at('/', 'Exact') }), root]);
    expect([routes.routes[0]!.ingress, findings.map(({ kind }) => kind)]).to.deep.equal(['old', ['route-taken']]);
  });

  it('gives a canary its share of the same path, whoever is older', () => {
    for (const order of [[want(), canary()], [canary(), want()]]) {
      const { routes, findings } = buildHost('h', order);
      expect(routes.routes).to.have.length(1);
      expect(routes.routes[0]!.canary).to.deep.equal({ weight: 10, total: 100, ingress: 'next', service: 'next', backend: 'service/shop/next/80' });
      expect(findings).to.deep.equal([]);
    }
  });

  for (const [why, wants] of Object.entries({
    'no such path': [want({ path: at('/a') }), canary()], 'another path type': [want({ path: at('/', 'Exact') }), canary()], 'another namespace': [want({ namespace: 'blog' }), canary()],
    'no primary': [canary()], 'a closed primary': [want({ backend: { service: '', key: '', findings: [] } }), canary()], 'a closed canary': [want(), canary({ backend: { service: '', key: '', findings: [] } })],
  })) {
    it(`gives it nothing: ${why}`, () => {
      const { routes, findings } = buildHost('h', wants);
      expect(routes.routes.filter((route) => route.canary !== undefined)).to.deep.equal([]);
      expect(findings.map(({ kind, object }) => `${kind} ${object}`)).to.deep.equal(['canary-unused Ingress shop/next']);
    });
  }

  it('gives the second canary of a path nothing', () => {
    const { routes, findings } = buildHost('h', [want(), canary(), canary({ ingress: 'third' })]);
    expect([routes.routes[0]!.canary!.ingress, findings.map(({ object }) => object)]).to.deep.equal(['next', ['Ingress shop/third']]);
  });
});
