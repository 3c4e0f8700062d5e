// Policies and canaries pushed straight at the engine: exactly their shapes pass, in one order of bytes.
import { expect } from 'chai';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry } from '../../../src/engine/check-entry.js';

const rules = { checkEndpoint: createEndpointCheck(false), routesPerHost: 5, endpointsPerService: 5 };
const route = { match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80' };
const check = (value: unknown): ReturnType<typeof checkEntry> => checkEntry('host/a.test', value, rules);
const withPolicy = (policy: unknown): ReturnType<typeof checkEntry> => check({ routes: [{ ...route, policy: 0 }], policies: [policy] });
const canary = { ingress: 'next', service: 'next', backend: 'service/shop/next/80', weight: 10, total: 100 };
const withCanary = (changes: object, routeChanges: object = {}): ReturnType<typeof checkEntry> => check({ routes: [{ ...route, ...routeChanges, canary: { ...canary, ...changes } }] });
const cors = { origins: ['*'], credentials: true };
const retry = { error: true, timeout: false, statuses: [], repeat: true, tries: 10, seconds: 0 };
const limits = { burst: 5, requestStatus: 503, connectionStatus: 503 };
const affinity = { cookie: 'c', persistent: false };

const question = { scheme: 'https', host: '$host', target: '/oauth2/auth' };

const clients = { authority: 'a'.repeat(32), depth: 1, verify: 'on' };

const sound: object[] = [
  { https: 'redirect' }, { https: 'redirect-as-is' }, { redirect: { code: 308, location: 'https://a.test$request_uri' } }, { redirect: { code: 302, location: '/app?x=1' } },
  { allow: ['0a000000/8', `${'0'.repeat(32)}/128`], deny: ['00000000/0'] }, { bodyBytes: 0 }, { bodyBytes: 2 ** 50, connectSeconds: 1, sendSeconds: 604800, readSeconds: 60 },
  ...['https', 'auto', 'grpc', 'grpcs', 'fcgi'].map((protocol) => ({ protocol })), { host: 'a.test:80' }, { host: 'web.$host' }, { unlogged: true },
  { redirect: { code: 308, location: '$scheme://a.test$request_uri', stripSlash: true } }, { forwarded: { trusted: ['0a000000/8'], header: 'X-Forwarded-For', full: true } },
  { external: { ...question, headers: [{ name: 'Authorization', value: 'x' }], cache: { key: '$cookie_a', times: [{ statuses: [200], seconds: 60 }] } } },
  { cors }, { cors: { origins: ['https://a.test', 'https://*.b.test:8080'], methods: 'GET, PUT', headers: 'X-A', credentials: true, expose: '*', maxAge: 0 } },
  { basic: { realm: 'a b', users: ['a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'b:$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'] } },
  { external: question }, { external: { ...question, host: 'a.test', outside: { port: 443, trusted: 'a'.repeat(32) } } }, { external: { ...question, scheme: 'http', host: 'a.test', outside: { port: 80 } } }, { external: { scheme: 'http', service: 'service/auth/proxy/4180', host: 'a.test', target: '/x?y=$escaped_request_uri', method: 'POST', signin: 'https://$host/start?rd=$escaped_request_uri', redirect: '$scheme://$host$request_uri', responseHeaders: ['X-User'], alwaysSetCookie: true }, satisfyAny: true },
  { flow: { answers: 'buffered', requests: 'streamed', kilobytes: 16, buffers: 8 } }, { retry }, { retry: { ...retry, statuses: [404, 503], tries: 3 } }, { errors: { statuses: [503], backend: 'service/shop/errors/80', whenEmpty: true } },
  { limits }, { limits: { rps: 1, rpm: 2, burst: 5, connections: 3, except: ['0a000000/8'], requestStatus: 429, connectionStatus: 599 } }, { rate: { bytes: 1024, after: 0 } },
  { prefix: '/a/$1' }, { prefix: 'a' }, { answer: { location: { from: '~^http://(.*)$', to: 'https://$1' }, cookiePath: { from: '~a?', to: '/' } } }, { headers: [{ name: 'X-A', value: 'b $host' }, { name: 'X-C', value: '' }] },
  { answer: { location: { from: '$scheme://$host:$server_port/', to: 'https://$http_host/a' } } },
  { answer: { location: { from: 'http://a.test/', to: '/' }, cookieDomain: { from: '.a.test', to: 'b.test' }, cookiePath: { from: '/a', to: '/' }, headers: [{ name: 'X-A', value: 'b' }] } },
  { clients }, { clients: { ...clients, verify: 'optional_no_ca', subject: 'CN=(alice|bob)$', errorPage: 'https://a.test/', pass: true } },
  { balance: { by: 'ewma' } }, { balance: { by: 'hash', key: [{ variable: 'http_x_user' }, { text: '-a_' }] } }, { balance: { by: 'hash', key: [{ variable: 'remote_addr' }], subset: 3 } },
  { protocol: 'https', tls: { verify: { trusted: 'a'.repeat(32), depth: 0, name: 'a.test' } } }, { tls: { verify: { trusted: 'a'.repeat(32), depth: 2, name: 'a' }, serverName: 'b.test', certificate: 'b'.repeat(32), least: 'TLSv1', most: 'TLSv1.3', ciphers: 'HIGH:!aNULL', http2: true, connectSeconds: 5 } },
  { affinity: { ...affinity, changeOnFailure: true } },
  { affinity }, { affinity: { ...affinity, path: '/a', domain: '.a.test', sameSite: 'Lax', secure: true, maxAge: -1, expires: 3600 } },
];

const bad: Record<string, unknown[]> = {
  https: ['on', true], redirect: [{ code: 308, location: '/a', stripSlash: false }, { code: 200, location: 'https://a.test' }, { code: 301 }, { code: 301, location: 'https://a.test', more: 1 }, ...['//evil.test', '/\\evil.test', '/a\r\nX: y', '/a b', 'javascript:alert(1)', 'https://a.test/$cookie_x', 'https://x/;}location', ''].map((location) => ({ code: 301, location }))],
  allow: [[], '0a000000/8', ['10.0.0.0/8'], ['0a000000/33'], ['0A000000/8'], ['0a000000'], ['0a000000/08'], [`${'0'.repeat(32)}/129`], ['0a0000/8'], [null], Array.from({ length: 501 }, () => '0a000000/8')],
  deny: [[], ['x']], bodyBytes: [-1, 1.5, '1', 2 ** 51, NaN], connectSeconds: [0, 604801, '5'], sendSeconds: [-1], readSeconds: [1e400], protocol: ['http', 'cgi', 'HTTPS'], host: ['$http_cookie', '$service_name', 'a b', 'a\n', '', '-a'],
  cors: [{}, { ...cors, origins: [] }, { ...cors, origins: ['*', 'https://a.test'] }, { ...cors, origins: ['a.test'] }, { ...cors, credentials: 'true' }, { ...cors, methods: 'GET\r\nX: y' }, { ...cors, extra: 1 }, { ...cors, maxAge: -1 }],
  basic: [{}, { realm: 'a', users: [] }, { realm: 'a"b', users: ['a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='] }, ...['a', 'a:', ':{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'a:{PLAIN}x', 'a:plain', 'a b:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'a:$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'a:$6$rounds=999999999$a$b', 'a:*', 'a:!\n'].map((line) => ({ realm: 'a', users: [line] }))],
  external: [{ ...question, outside: { port: 443 } }, ...[{}, { port: 0 }, { port: 1, trusted: 'x' }, { port: 1, more: 1 }].map((outside) => ({ ...question, host: 'a.test', outside })), { ...question, host: 'a.test', service: 'service/a/b/80', outside: { port: 443 } }, { ...question, scheme: 'http', host: 'a.test', outside: { port: 80, trusted: 'a'.repeat(32) } }, { ...question, headers: [{ name: 'X-Original-URL', value: 'x' }] }, { ...question, cache: { key: '$ia_verdict', times: [{ statuses: [200], seconds: 1 }] } }, { ...question, cache: { key: 'x', times: [{ statuses: [200], seconds: 86_401 }] } }, { ...question, cache: { key: 'x', times: [] } }, {}, 'x', { ...question, scheme: 'unix' }, { ...question, more: 1 }, ...['', '*.a.test', 'A.test', '127.0.0.1', '::1', 'a b', 7].map((host) => ({ ...question, host })), ...['', 'x', '/a b', '/\r\n', '/$cookie_x', 7].map((target) => ({ ...question, target })), ...['', 'x', 'host/a.test', 'service/a/b', 'service/a/b/0', 'service/a/../80'].map((service) => ({ ...question, service })),
    { ...question, method: 'get' }, { ...question, method: 'GET; x' }, { ...question, signin: 'javascript:x' }, { ...question, signin: '/x' }, { ...question, redirect: 'a\nb' }, { ...question, responseHeaders: [] }, { ...question, responseHeaders: ['Host'] }, { ...question, responseHeaders: ['X: y'] }, { ...question, responseHeaders: 'X-A' }, { ...question, alwaysSetCookie: false }],
  clients: [{}, { ...clients, authority: '../x' }, { ...clients, depth: -1 }, { ...clients, depth: 101 }, { ...clients, verify: 'off' }, { ...clients, verify: 'on\r' }, { ...clients, subject: 'x' }, { ...clients, subject: 'CN=(a+)+$' }, { ...clients, subject: 'CN=a b' }, { ...clients, errorPage: 'javascript:x' }, { ...clients, pass: false }, { ...clients, more: 1 }],
  balance: [{}, 'ewma', { by: 'random' }, { by: 'ewma', key: [] }, { by: 'hash' }, { by: 'hash', key: [] }, { by: 'hash', key: '$uri' }, ...['document_root', 'ia_shard', 'ia_client_cert', 'http_', 'HTTP_A', 'arg_a;b', 'cookie_a b', '', '__proto__', 7].map((variable) => ({ by: 'hash', key: [{ variable }] })),
    ...['', 'a b', '$uri', 'a\n', 7].map((text) => ({ by: 'hash', key: [{ text }] })), { by: 'hash', key: [{ text: 'a', variable: 'uri' }] }, { by: 'hash', key: Array.from({ length: 17 }, () => ({ text: 'a' })) }, ...[0, 1001, 1.5, '3'].map((subset) => ({ by: 'hash', key: [{ text: 'a' }], subset })), { by: 'hash', key: [{ text: 'a' }], more: 1 }],
  forwarded: [{ trusted: [], header: 'X-A' }, { trusted: ['0a000000/8'] }, { trusted: ['x'], header: 'X-A' }, { trusted: ['0a000000/8'], header: 'X A' }, { trusted: ['0a000000/8'], header: 'X-A', full: false }],
  tls: [{}, 'on', { more: 1 }, { verify: true }, { verify: {} }, { verify: { trusted: '../x', depth: 1, name: 'a' } }, { verify: { trusted: 'a'.repeat(32), depth: -1, name: 'a' } }, { verify: { trusted: 'a'.repeat(32), depth: 1 } }, ...['', '$host', 'a b', 'a\n', 'a..b', '*.a'].map((name) => ({ verify: { trusted: 'a'.repeat(32), depth: 1, name } })),
    { serverName: 'a/b' }, { certificate: 'x' }, { least: 'SSLv3' }, { most: 'TLSv1.4' }, { ciphers: '' }, { ciphers: 'a b' }, { ciphers: '@SECLEVEL=0' }, { http2: false }, { connectSeconds: 0 }],
  satisfyAny: [false, 'any'], unlogged: [false, 'true'],
  flow: [{}, { answers: 'on' }, { requests: 'off' }, { kilobytes: 0 }, { kilobytes: 129 }, { buffers: 1001 }, { more: 1 }],
  retry: [{}, { ...retry, tries: 0 }, { ...retry, tries: 11 }, { ...retry, statuses: [503], tries: 4 }, { ...retry, statuses: [418] }, { ...retry, statuses: '503' }, { ...retry, repeat: 1 }, { ...retry, seconds: -1 }, { ...retry, more: 1 }],
  errors: [{}, { statuses: [200], whenEmpty: true }, { statuses: [503], whenEmpty: true, backend: 'host/a.test' }, { statuses: [503] }],
  limits: [{}, { ...limits, rps: 0 }, { ...limits, rps: 1.5 }, { ...limits, burst: 0 }, { ...limits, connections: -1 }, { ...limits, except: ['10.0.0.0/8'] }, { ...limits, requestStatus: 200 }, { ...limits, connectionStatus: 600 }, { ...limits, key: '$http_x' }],
  rate: [{}, { bytes: 0, after: 0 }, { bytes: 1 }, { bytes: '1k', after: 0 }],
  prefix: ['a b', '/a\r\nX: y', '/$host', '/$12', ''],
  headers: [[], 'X-A: b', [{ name: 'X-A' }], [{ name: 'X-A', value: 'a\r\nX: y' }], [{ name: 'Host', value: 'a' }], [{ name: 'X A', value: 'a' }], [{ name: 'X-A', value: '$cookie_a' }], [{ name: 'X-A', value: 'a', more: 1 }], Array.from({ length: 33 }, () => ({ name: 'X-A', value: 'a' }))],
  answer: [{}, { location: { from: '~(a+)+$', to: '/' } }, { location: { from: '~', to: '/' } }, { location: { from: '/', to: '~/' } }, { cookiePath: { from: '~(?<a>b)', to: '/' } }, { cookiePath: { from: '/', to: '/; Domain=x' } }, { headers: [{ name: 'Set-Cookie', value: 'a' }] }, { location: { from: 'javascript:', to: '/' } }, { location: { from: '/' } }, ...['http://$hostile/', 'https://$http_x/', 'http://$host$cookie_a/', '/$request_uri', '$host/', 'http://$'].map((to) => ({ location: { from: '/', to } })), { cookieDomain: { from: 'a', to: 'b; Secure' } }, { cookiePath: { from: '/', to: '/;' } }, { more: 1 }],
  affinity: [{}, { ...affinity, cookie: 'a;b' }, { ...affinity, cookie: 'a=b' }, { ...affinity, path: '/a;b' }, { ...affinity, path: 'a' }, { ...affinity, path: '/a\r\n' }, { ...affinity, domain: 'a;b' }, { ...affinity, sameSite: 'lax' }, { ...affinity, secure: false }, { ...affinity, changeOnFailure: false }, { ...affinity, maxAge: '1' }],
};

describe('check of a policy', () => {
  for (const policy of sound) it(`lets pass ${JSON.stringify(policy).slice(0, 60)}`, () => expect(withPolicy(policy)).to.deep.equal({ json: JSON.stringify({ routes: [{ ...route, policy: 0 }], policies: [policy] }) }));

  for (const [field, values] of Object.entries(bad)) {
    for (const value of values) {
      it(`refuses ${field} ${JSON.stringify(value).slice(0, 50)}`, () => expect(withPolicy({ [field]: value })).to.have.property('complaint').that.matches(new RegExp(`the ${field} of a policy is not valid`)));
    }
  }

  it('refuses a field that it does not know, for what can not be carried out must not be dropped', () => {
    for (const policy of [{ auth: 'x' }, { bodyBytes: 1, Allow: [] }, JSON.parse('{"__proto__":{"bodyBytes":1}}'), { constructor: 1 }]) expect(withPolicy(policy)).to.have.property('complaint').that.matches(/field that is not known/);
  });

  it('refuses what is no policy, one that nobody may have, and a place without one', () => {
    for (const policy of [null, [], 'x', 7, {}]) expect(withPolicy(policy)).to.have.property('complaint');
    const policies = [{ bodyBytes: 1 }];
    for (const policy of [1, -1, 0.5, '0', null]) expect(check({ routes: [{ ...route, policy }], policies }), String(policy)).to.have.property('complaint');
    expect(check({ routes: [{ ...route, policy: 0 }] })).to.have.property('complaint');
    expect(check({ routes: [route], policies: [{ bodyBytes: 1 }, { bodyBytes: 2 }] })).to.have.property('complaint').that.matches(/more policies than routes/);
    expect(check({ routes: [route], policies: 'x' })).to.have.property('complaint');
  });

  it('gives equal policies equal bytes', () => {
    const policy = { affinity: { ...affinity, path: '/', maxAge: 1 }, cors: { ...cors, maxAge: 1 }, redirect: { code: 301, location: '/a' }, bodyBytes: 1, https: 'redirect' };
    const turned = (value: unknown): unknown => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse().map(([key, member]) => [key, turned(member)])) : value);
    expect(withPolicy(turned(policy))).to.deep.equal(withPolicy(policy));
  });
});

describe('check of a canary', () => {
  it('lets pass its fields', () => {
    for (const changes of [{}, { header: 'X-A', value: 'b c', cookie: 'd' }, { header: 'x', pattern: '^a+$' }, { weight: 0, total: 1000 }]) expect(withCanary(changes), JSON.stringify(changes)).to.have.property('json');
  });

  for (const changes of [
    { ingress: 'a|b' }, { ingress: '' }, { service: 'A' }, { backend: '' }, { backend: 'host/a.test' }, { weight: -1 }, { weight: 1.5 }, { weight: '1' }, { total: 99 }, { total: Infinity }, { header: 'a b' }, { header: 'a\n' }, { value: 'a\r' }, { value: '' },
    { pattern: '(a+)+$' }, { pattern: '(' }, { cookie: 'a;b' }, { extra: 1 },
  ]) it(`refuses ${JSON.stringify(changes)}`, () => expect(withCanary(changes)).to.have.property('complaint').that.matches(/canary/));

  it('refuses one in another namespace, and one of a closed route', () => {
    expect(withCanary({ backend: 'service/other/next/80' })).to.have.property('complaint').that.matches(/another namespace/);
    expect(withCanary({}, { backend: '', service: '' })).to.have.property('complaint').that.matches(/without a backend/);
  });
});
