// Which paths an Ingress takes with use-regex, beside other Ingresses of the host and of other hosts; and what host backends are
// asked for.

import { expect } from 'chai';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';

describe('e2e: annotations of paths and hosts', function () {
  this.timeout(60_000);
  let session: DevSession;
  before(async () => {
    session = await startDevSession({ web: 1, other: 1 });
    const vhost = (name: string, host: string, more: Record<string, string> = {}): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations: { 'upstream-vhost': host, ...more } });
    await session.apply(
      ingress({ name: 'patterns', host: 'patterns.example.com', service: 'web', path: '/v[0-9]+/items', pathType: 'ImplementationSpecific', annotations: { 'use-regex': 'true' } }) +
      ingress({ name: 'beside', host: 'patterns.example.com', service: 'other', path: '/Exact', pathType: 'Exact' }) +
      ingress({ name: 'plain', host: 'plain.example.com', service: 'web', path: '/v[0-9]+/items', pathType: 'ImplementationSpecific', annotations: { 'use-regex': 'false' } }) +
      ingress({ name: 'exact', host: 'exact.example.com', service: 'other', path: '/Exact', pathType: 'Exact' }) +
      vhost('linkerd', '$service_name.$namespace.svc.cluster.local:$service_port') + vhost('own', '$host') + vhost('named', '$http_host') + vhost('bad', '$http_cookie') + vhost('mixed', '$ingress_name.$host'));
    await session.served('exact.example.com', 200, '/Exact');
    await session.served('mixed.example.com');
  });
  after(() => session?.close());

  const status = async (host: string, path: string): Promise<number> => (await session.ask(`${host}.example.com`, path)).status;

  it('use-regex: patterns without case and open at their end, on every path of the host and on no other host', async () => {
    for (const path of ['/v1/items', '/V22/ITEMS', '/v1/items/7', '/v1/itemsx']) expect(seen(await session.ask('patterns.example.com', path)), path).to.include({ deployment: 'web', path });
    expect(await status('patterns', '/vx/items')).to.equal(404);
    expect(await status('patterns', '/a/v1/items'), 'from the start').to.equal(404);
    for (const path of ['/exact', '/Exact/more']) expect(seen(await session.ask('patterns.example.com', path)).deployment, 'an Exact path of another Ingress is a pattern too').to.equal('other');
    expect([await status('exact', '/Exact'), await status('exact', '/exact'), await status('exact', '/Exact/more')]).to.deep.equal([200, 404, 404]);
    expect([await status('plain', '/v1/items'), await status('plain', '/v%5B0-9%5D+/items')], 'without it the text is a text').to.deep.equal([404, 200]);
  });

  it('upstream-vhost: names out of the path, and the request\'s own', async () => {
    const hostOf = async (name: string, headers: Record<string, string> = {}): Promise<string> => seen(await session.ask(`${name}.example.com`, '/', { headers })).host;
    expect(await hostOf('linkerd')).to.equal('web.default.svc.cluster.local:80');
    expect(await hostOf('mixed')).to.equal('mixed.mixed.example.com');
    expect(await hostOf('own', { host: 'own.example.com:8080' })).to.equal('own.example.com:8080');
    expect(await hostOf('named', { host: 'named.example.com:8080' })).to.equal('named.example.com:8080');
    expect(await status('bad', '/')).to.equal(404);
  });
});
