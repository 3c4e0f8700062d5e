import { expect } from 'chai';
import { type WantedPath, buildHost } from '../../../src/core/build-host.js';

interface Want { ingress?: string; path?: string; pathType?: string; rewriteTarget?: string; useRegex?: boolean; fallback?: boolean }
const want = ({ ingress = 'web', path = '/', pathType = 'Prefix', rewriteTarget, useRegex = false, fallback = false }: Want): WantedPath => ({
  namespace: 'shop', ingress, path: { path, pathType }, rewriteTarget, useRegex, fallback,
  backend: { service: ingress, key: `service/shop/${ingress}/80`, findings: [] },
});
const build = (...wants: Want[]): { routes: string[]; findings: string[] } => {
  const { routes, findings } = buildHost('shop.test', wants.map(want));
  return {
    routes: routes.routes.map(({ match, path, ingress, rewrite }) => [match, path, ingress, rewrite].filter((part) => part !== undefined).join(' ')),
    findings: findings.map(({ kind, object }) => `${kind} ${object}`),
  };
};

describe('core: build-host', () => {
  it('gives a path that two want to the first, and names it to the other', () => {
    expect(build({ ingress: 'a' }, { ingress: 'b' })).to.deep.equal({ routes: ['prefix / a'], findings: ['route-taken Ingress shop/b'] });
    const { findings } = buildHost('shop.test', [want({ ingress: 'a' }), want({ ingress: 'b' })]);
    expect(findings[0]!.message).to.match(/"\/" of host "shop\.test" belongs to Ingress shop\/a, which is older/);
  });

  it('takes equal names in two namespaces for two Ingresses', () => {
    const { findings } = buildHost('h', [want({ ingress: 'a' }), { ...want({ ingress: 'a' }), namespace: 'blog' }]);
    expect(findings.map(({ object }) => object)).to.deep.equal(['Ingress blog/a']);
  });

  it('says nothing of a path twice in one Ingress', () => expect(build({}, {})).to.deep.equal({ routes: ['prefix / web'], findings: [] }));

  it('holds Prefix /a/ and /a for one path, Exact ones for two', () => {
    expect(build({ ingress: 'a', path: '/a' }, { ingress: 'b', path: '/a/' })).to.deep.equal({ routes: ['prefix /a a'], findings: ['route-taken Ingress shop/b'] });
    expect(build({ path: '/a', pathType: 'Exact' }, { path: '/a/', pathType: 'Exact' }).routes).to.deep.equal(['exact /a/ web', 'exact /a web']);
  });

  it('sorts the longest first, then descending', () => {
    expect(build({ path: '/b' }, { path: '/' }, { path: '/aaa' }, { path: '/c' }).routes).to.deep.equal(['prefix /aaa web', 'prefix /c web', 'prefix /b web', 'prefix / web']);
  });

  it('makes every path of the host a pattern when one Ingress asks for it', () => {
    expect(build({ ingress: 'a', path: '/x', pathType: 'Exact' }, { ingress: 'b', path: '/y', useRegex: true }).routes).to.deep.equal(['regex /y b', 'regex /x a']);
    expect(build({ path: '/x' }, { path: '/y', rewriteTarget: '/z' }).routes).to.deep.equal(['regex /y web /z', 'regex /x web']);
  });

  it('does nothing for a rewrite to the path itself', () => expect(build({ path: '/x', rewriteTarget: '/x' }).routes).to.deep.equal(['prefix /x web']));

  it('hears fallbacks last, whoever is older', () => {
    expect(build({ ingress: 'old', fallback: true }, { ingress: 'new' })).to.deep.equal({ routes: ['prefix / new'], findings: ['route-taken Ingress shop/old'] });
    expect(build({ fallback: true }, {})).to.deep.equal({ routes: ['prefix / web'], findings: [] });
  });

  it('drops a bad path and keeps the others', () => {
    expect(build({ path: '/a\nb' }, { path: '/ok' })).to.deep.equal({ routes: ['prefix /ok web'], findings: ['invalid-path Ingress shop/web'] });
  });
});
