// What annotations take from ConfigMaps, and what a class says for all its Ingresses: headers of answers and of questions,
// verdicts that are kept for a while, the class's own question, and where questions may go.

import type { Server } from 'node:http';
import { expect } from 'chai';
import { leaseNamespace } from '../../../src/cli/dev/dev-settings.js';
import { controllerUser } from '../../../src/cli/dev/controller-access.js';
import { type DevSession, ingress, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import { listenHttp, serviceAt } from '../../fixtures/service-at.js';

interface Question {
  path: string;
  headers: Record<string, string | string[] | undefined>;
}

const document = (object: object): string => `---\n${JSON.stringify(object)}\n---\n`;
const configMap = (name: string, data: Record<string, string>, namespace = 'default'): string => document({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });
const account = controllerUser.split(':')[3];

describe('e2e: annotations and settings that name ConfigMaps', function () {
  this.timeout(60_000);
  let session: DevSession;
  let asked: Server;
  const questions: Question[] = [];
  const guarded = (name: string, annotations: Record<string, string>): string => ingress({ name, host: `${name}.example.com`, service: 'web', annotations });
  const at = (path: string, more: Record<string, string> = {}): Record<string, string> => ({ 'auth-url': `http://asks.default.svc${path}`, ...more });
  const settings = (data: Record<string, string>): Promise<string> => session.apply(configMap('external', { 'global-allowed-response-headers': 'X-Team,X-Frame-Options', ...data }, leaseNamespace));
  const status = async (name: string, headers: Record<string, string> = {}, path = '/', method = 'GET'): Promise<number> => (await session.ask(`${name}.example.com`, path, { headers, method })).status;
  const asking = async (work: () => Promise<void>): Promise<number> => {
    questions.length = 0;
    await work();
    return questions.length;
  };

  before(async () => {
    const { server, port } = await listenHttp(({ url, headers }, response) => {
      questions.push({ path: url!, headers });
      if (url!.startsWith('/no-store')) response.setHeader('Cache-Control', 'private, No-Store');
      if (url!.startsWith('/cookie')) response.setHeader('Set-Cookie', 'session=1');
      const who = headers.cookie ?? headers['x-api-key'] ?? headers.authorization;
      response.setHeader('X-Auth-User', String(who));
      response.writeHead(who === undefined && !url!.startsWith('/open') ? 401 : who === 'banned=1' ? 403 : 200, { 'www-authenticate': 'Bearer' }).end();
    });
    asked = server;
    session = await startDevSession({ web: 1 });
    await session.apply(serviceAt('asks', [{ port }]) + configMap('external', { 'global-allowed-response-headers': 'X-Team,X-Frame-Options' }, leaseNamespace) +
      document({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'settings', namespace: 'default' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'ingress-arbiter-class-settings' }, subjects: [{ kind: 'ServiceAccount', name: account!, namespace: leaseNamespace }] }) +
      document({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx-external' }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'external', scope: 'Cluster' } } }) +
      configMap('team', { 'X-Team': 'shop', 'X-Frame-Options': 'DENY' }) + configMap('not-allowed', { 'X-Other': 'x' }) + configMap('evil', { 'X-Team': 'a\r\nX-Evil: b' }) +
      configMap('question', { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Method': '$request_method', 'X-Forwarded-Uri': '$request_uri', 'X-Tenant': 'shop', 'Authorization': 'Bearer of-the-gateway', 'X-Drop': '' }) + configMap('question-bad', { 'X-Original-URL': 'x' }) +
      guarded('custom', { 'custom-headers': 'team' }) + guarded('custom-qualified', { 'custom-headers': 'default/team', 'permanent-redirect': 'https://new.test' }) + guarded('custom-not-allowed', { 'custom-headers': 'default/not-allowed' }) +
      guarded('custom-evil', { 'custom-headers': 'evil' }) + guarded('custom-gone', { 'custom-headers': 'gone' }) + guarded('custom-foreign', { 'custom-headers': `${leaseNamespace}/external` }) +
      guarded('question', at('/check', { 'auth-proxy-set-headers': 'question' })) + guarded('question-bad', at('/check', { 'auth-proxy-set-headers': 'question-bad' })) +
      guarded('cached', at('/check', { 'auth-cache-key': '$cookie_session', 'auth-response-headers': 'X-Auth-User', 'auth-cache-duration': '200 401 403 1h' })) + guarded('cached-too', at('/check', { 'auth-cache-key': '$cookie_session', 'auth-cache-duration': '200 401 403 1h' })) +
      guarded('cached-default', at('/check', { 'auth-cache-key': 'x' })) + guarded('cached-short', at('/check', { 'auth-cache-key': 'x', 'auth-cache-duration': '200 2s' })) +
      guarded('cached-path', at('/check', { 'auth-cache-key': '$request_uri' })) + guarded('cached-target', at('/check?for=$uri', { 'auth-cache-key': 'x' })) +
      guarded('no-store', at('/no-store', { 'auth-cache-key': 'x' })) + guarded('cookie', at('/cookie', { 'auth-cache-key': 'x' })) + guarded('by-address', at('/open', { 'auth-cache-key': 'x' })) +
      guarded('open', {}) + guarded('own-question', at('/check')) + guarded('left-out', { 'enable-global-auth': 'false' }) + guarded('of-class', { 'auth-method': 'POST', 'auth-proxy-set-headers': 'question' }));
    for (const name of ['open', 'custom', 'left-out']) await session.served(`${name}.example.com`);
    await session.served('of-class.example.com');
    await session.served('custom-not-allowed.example.com', 503);
  });
  after(async () => {
    await session?.close();
    asked?.closeAllConnections();
    asked?.close();
  });

  it('custom-headers: of all answers, as soon as they change, and nothing that the class does not allow', async () => {
    const of = async (name: string): Promise<unknown[]> => {
      const { status: code, headers } = await session.ask(`${name}.example.com`);
      return [code, headers['x-team'], headers['x-frame-options']];
    };
    expect(await of('custom')).to.deep.equal([200, 'shop', 'DENY']);
    expect(await of('custom-qualified')).to.deep.equal([301, 'shop', 'DENY']);
    for (const name of ['custom-not-allowed', 'custom-evil', 'custom-gone', 'custom-foreign']) expect(await of(name), name).to.deep.equal([503, undefined, undefined]);
    await session.apply(configMap('team', { 'X-Team': 'web' }));
    await eventually(async () => expect(await of('custom')).to.deep.equal([200, 'web', undefined]));
    await session.apply(configMap('gone', { 'X-Team': 'came' }));
    await eventually(async () => expect(await of('custom-gone')).to.deep.equal([200, 'came', undefined]));
    await session.kubectl(['delete', 'configmap', 'gone']);
    await eventually(async () => expect((await of('custom-gone'))[0]).to.equal(503));
    await session.told(/IA146 Ingress default\/custom-gone/);
    await session.told(/IA147 Ingress default\/custom-not-allowed: annotation custom-headers: ConfigMap default\/not-allowed: header "X-Other" is not among/);
  });

  it('auth-proxy-set-headers: for the question only; the backend gets what the client said', async () => {
    questions.length = 0;
    const sent = { authorization: 'Basic of-the-client', 'x-tenant': 'evil', 'x-drop': 'me', 'x-forwarded-proto': 'gopher', 'x-forwarded-uri': '/evil', cookie: 'a=b' };
    const { headers } = seen(await session.ask('question.example.com', '/a?b', { method: 'POST', body: 'x'.repeat(100), headers: sent }));
    expect(questions).to.have.length(1);
    expect(questions[0]!.headers).to.include({ 'x-forwarded-proto': 'https', 'x-forwarded-method': 'POST', 'x-forwarded-uri': '/a?b', 'x-tenant': 'shop', authorization: 'Bearer of-the-gateway', cookie: 'a=b' }).and.not.have.property('x-drop');
    expect(headers).to.include({ authorization: 'Basic of-the-client', 'x-tenant': 'evil', 'x-drop': 'me', 'x-forwarded-uri': '/evil', 'x-forwarded-proto': 'http' }).and.not.have.property('x-forwarded-method');
    expect(await status('question-bad', sent)).to.equal(503);
  });

  it('auth-cache-key: one question for many requests of one user, and headers of the verdict with each', async () => {
    const count = await asking(async () => {
      for (let turn = 0; turn < 5; turn++) expect(seen(await session.ask('cached.example.com', `/${turn}`, { headers: { cookie: 'session=alice', 'user-agent': `agent ${turn}`, accept: String(turn) } })).headers['x-auth-user']).to.equal('session=alice');
    });
    expect(count).to.equal(1);
    expect(await asking(async () => { for (let turn = 0; turn < 3; turn++) expect(await status('cached')).to.equal(401); }), 'refusals are kept as well').to.equal(1);
    expect((await session.ask('cached.example.com')).headers['www-authenticate']).to.equal('Bearer');
    expect(await asking(async () => { for (let turn = 0; turn < 3; turn++) expect(await status('cached', { cookie: 'banned=1' })).to.equal(403); })).to.equal(1);
  });

  it('auth-cache-key: never the verdict of another user, whatever tells them apart and whatever the key says', async () => {
    await status('cached', { cookie: 'session=alice' });
    for (const headers of [{ cookie: 'session=alice; other=1' }, { cookie: 'other=1; session=alice' }, { cookie: 'session=bob' }, { authorization: 'Bearer x' }, { authorization: 'Bearer y' }, { 'x-api-key': 'a' }, { 'x-api-key': 'b' }, { 'x-a': 'x-api-key', b: 'a' }] as Record<string, string>[]) {
      expect(await asking(async () => { await status('cached', headers); }), JSON.stringify(headers)).to.equal(1);
    }
    expect(await status('cached-default', { cookie: 'a=1' })).to.equal(200);
    expect(await status('cached-default'), 'the key is a constant').to.equal(401);
    expect(await asking(async () => { await status('cached-too', { cookie: 'session=alice' }); }), 'another Ingress').to.equal(1);
    expect(await asking(async () => { await status('cached', { cookie: 'session=alice' }, '/', 'DELETE'); }), 'another method').to.equal(1);
    expect(await asking(async () => { await status('cached', { cookie: 'session=alice' }); })).to.equal(0);
  });

  it('auth-cache-key: the path counts where the key or the question has it; cookies and no-store are for one request', async () => {
    const twice = (name: string, one: string, other: string): Promise<number> => asking(async () => { for (const path of [one, other, one, other]) expect(await status(name, { cookie: 'a=b' }, path)).to.equal(200); });
    expect(await twice('cached-path', '/a', '/b')).to.equal(2);
    expect(await twice('cached-target', '/a', '/b')).to.equal(2);
    expect(await twice('cached-default', '/a', '/b')).to.equal(1);
    expect(await twice('no-store', '/', '/')).to.equal(4);
    expect(await twice('cookie', '/', '/')).to.equal(4);
  });

  it('auth-cache-duration: a verdict ends', async () => {
    const begun = performance.now();
    expect(await asking(async () => { for (let turn = 0; turn < 2; turn++) await status('cached-short', { cookie: 'a=b' }); })).to.equal(1);
    await eventually(async () => expect(await asking(async () => { await status('cached-short', { cookie: 'a=b' }); })).to.equal(1));
    expect(performance.now() - begun, 'not before its time').to.be.at.least(1900);
    expect(await asking(async () => { for (let turn = 0; turn < 2; turn++) await status('cached-short'); }), '401 is not named').to.equal(2);
  });

  it('global-auth-*: asked for every Ingress but those that ask somebody themselves or say that they are not', async () => {
    await settings({ 'global-auth-url': 'http://asks.default.svc/global?x=$request_uri', 'global-auth-response-headers': 'X-Auth-User', 'global-auth-signin': 'https://login.example.com/in', 'global-auth-signin-redirect-param': 'back', 'global-auth-request-redirect': '/after', 'global-auth-method': 'HEAD' });
    await session.served('open.example.com', 302);
    questions.length = 0;
    const got = seen(await session.ask('open.example.com', '/a', { headers: { cookie: 'a=b', 'x-auth-user': 'root' } }));
    expect([questions.map(({ path, headers }) => [path, headers['x-auth-request-redirect']]), got.headers['x-auth-user']]).to.deep.equal([[['/global?x=/a', '/after']], 'a=b']);
    expect((await session.ask('open.example.com', '/a')).headers.location).to.equal('https://login.example.com/in?back=http://open.example.com%2Fa');
    expect([await status('own-question'), await status('left-out')], 'its own: 401, no page to sign in').to.deep.equal([401, 200]);
    questions.length = 0;
    expect(await status('of-class', { cookie: 'a=b' })).to.equal(200);
    expect(questions.map(({ path, headers }) => [path, headers.authorization]), 'nothing of the class\'s question is the Ingress\'s').to.deep.equal([['/global?x=/', undefined]]);
  });

  it('global-auth-url: a value that can not be carried out closes, and a cached verdict of the class', async () => {
    await settings({ 'global-auth-url': 'http://127.0.0.1/' });
    await session.served('open.example.com', 503);
    expect([await status('left-out'), await status('own-question', { cookie: 'a=b' })]).to.deep.equal([200, 200]);
    await settings({ 'global-auth-url': 'http://asks.default.svc/global', 'global-auth-cache-key': '$cookie_a' });
    await session.served('open.example.com', 401);
    expect(await asking(async () => { for (let turn = 0; turn < 3; turn++) expect(await status('open', { cookie: 'a=b' })).to.equal(200); })).to.equal(1);
  });

  it('auth-url-namespaces: questions go where the class lets them', async () => {
    await settings({ 'auth-url-namespaces': 'login' });
    await session.served('own-question.example.com', 503);
    await session.told(/IA153 Ingress default\/own-question: annotation auth-url: Service "default\/asks" is in a namespace/);
    await settings({ 'auth-url-namespaces': 'same' });
    await session.served('own-question.example.com', 401);
  });
});
