import { expect } from 'chai';
import { readAnnotations } from '../../../../src/core/annotations/read-annotations.js';

const read = (annotations: Record<string, string>): Record<string, unknown> => {
  const { findings, ...options } = readAnnotations({ metadata: { name: 'web', namespace: 'shop', annotations } });
  return { ...options, findings: findings.map(({ kind }) => kind) };
};
const of = (name: string, value: string): Record<string, unknown> => read({ [`nginx.ingress.kubernetes.io/${name}`]: value });
const usual = { values: {}, closed: false, valid: true, findings: [] };
const invalid = { ...usual, valid: false, findings: ['invalid-annotation'] };

describe('core: annotations', () => {
  it('none', () => expect(read({})).to.deep.equal(usual));
  it('of others', () => expect(read({ 'a/b': 'c', 'nginx.org/rewrite-target': '/', 'Nginx.Ingress.kubernetes.io/rewrite-target': '/' })).to.deep.equal(usual));

  for (const value of ['/', '/$1', '/$2', 'foo/$1', '/a/$1/b-$2_~.x', '/:x', '/a.b/..c', '/$', '/$a', '/a/']) {
    it(`rewrite-target ${value}`, () => expect(of('rewrite-target', value)).to.deep.equal({ ...usual, values: { 'rewrite-target': value } }));
  }
  it('rewrite-target empty', () => expect(of('rewrite-target', '')).to.deep.equal(usual));
  for (const value of ['/$1\r\nX: y', '/$99', '/$10', '/..', '/../..', '/a/../b', '/./a', '/a/.', '//evil.test', 'http://evil.test/', '\\\\', '/a b', '/{x}', '/"', '/%2e%2e/', '/é', `/${'a'.repeat(3000)}`, '/$1\n']) {
    it(`rewrite-target ${JSON.stringify(value).slice(0, 30)}`, () => expect(of('rewrite-target', value)).to.deep.equal(invalid));
  }

  for (const value of ['1', 't', 'T', 'true', 'True', 'TRUE']) it(`use-regex ${value}`, () => expect(of('use-regex', value)).to.deep.equal({ ...usual, values: { 'use-regex': true } }));
  for (const value of ['0', 'f', 'F', 'false', 'False', 'FALSE']) it(`use-regex ${value}`, () => expect(of('use-regex', value)).to.deep.equal({ ...usual, values: { 'use-regex': false } }));
  it('use-regex empty', () => expect(of('use-regex', '')).to.deep.equal(usual));
  for (const value of ['yes', 'tRUE', ' true', 'true\n', '2']) it(`use-regex ${JSON.stringify(value)}`, () => expect(of('use-regex', value)).to.deep.equal({ ...usual, findings: ['invalid-annotation'] }));

  for (const name of ['configuration-snippet', 'server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']) {
    it(name, () => expect(of(name, 'evil;')).to.deep.equal({ ...usual, findings: ['refused-annotation'] }));
  }
  it('is not carried out', () => expect(of('mirror-target', 'x')).to.deep.equal({ ...usual, findings: ['unsupported-annotation'] }));
  it('asks for what is done anyway', () => expect(of('proxy-http-version', '1.1')).to.deep.equal(usual));
  for (const name of ['constructor', '__proto__', 'x'.repeat(300), 'secure-backends', 'Rewrite-Target', 'auth-url/']) {
    it(`${name.slice(0, 20)} is unknown`, () => expect(of(name, 'x')).to.deep.equal({ ...usual, findings: ['unknown-annotation'] }));
  }

  for (const name of ['whitelist-source-range', 'allowlist-source-range']) {
    it(`${name}: one list, in the form that is compared`, () => expect(of(name, '10.1.2.3/8, 192.0.2.1,fd00::1/64,\n::ffff:10.0.0.0/104')).to.deep.equal({
      ...usual, values: { 'allowlist-source-range': ['00000000000000000000ffff0a000000/104', '0a000000/8', 'c0000201/32', 'fd000000000000000000000000000000/64'] },
    }));
  }
  for (const value of ['', ' ', '10.0.0.0/33', '::/129', '0.0.0.0/0 ; deny', '10.0.0.0/8,', '10.0.0.0/8,x', '10.0.0.0/08', '010.0.0.1', '10.0.0', '1.2.3.4.5', ':::', '1::2::3', '12345::', '::1%eth0', '1:2:3:4:5:6:7::8', 'fd00::/-1', '10.0.0.0/8/8', '10.0.0.0/']) {
    it(`46: a source range ${JSON.stringify(value)} closes`, () => {
      for (const name of ['whitelist-source-range', 'allowlist-source-range', 'denylist-source-range']) expect(of(name, value)).to.deep.equal({ ...usual, closed: true, findings: ['invalid-annotation'] });
    });
  }
  for (const [name, values] of Object.entries({ 'auth-type': ['', 'none', 'Basic'], 'auth-secret': ['', '../x', 'a/b/c', 'a b', '/etc/passwd', 'A'], 'auth-secret-type': ['file'], 'auth-realm': ['a"b', 'a\r\nX: y'] })) {
    for (const value of values) it(`${name} ${JSON.stringify(value)} closes, or has its default`, () => expect(of(name, value)).to.deep.equal({ ...usual, closed: name !== 'auth-realm', findings: ['invalid-annotation'] }));
  }
  const closing: Record<string, string[]> = {
    'proxy-ssl-verify': ['', 'x', 'On', 'true', 'on;'], 'proxy-ssl-secret': ['', '../x', 'a/b/c'], 'proxy-ssl-verify-depth': ['', '-1', 'x'], 'proxy-ssl-name': ['', '$host', 'a b', 'a.test:443', 'a;b'],
    'auth-url': ['', ' ', 'x', 'http://', '//a.test/', 'file:///etc/passwd', 'gopher://a.test/', 'http://127.0.0.1:10246/configuration', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://169.254.169.254/', 'http://2130706433/', 'http://0x7f.1/', 'http://127.1/', 'http://a.test.0x1/', 'http://localhost/', 'http://a.localhost/', 'http://u:p@a.test/',
      'http://a.test/ x', 'http://a.test/#x', 'http://a.test:0/', 'http://a.test:65536/', 'http://a.test:80x/', 'http://a..test/', 'http://-a.test/', 'http://a_b.test/', 'http://*.test/', 'http://a.test/$cookie_x', 'http://a.test/$', 'http://$server_name/', 'http://x$host/', 'http://a.test/\r\nX: y', 'http://a/#;\nload_module', 'http://a.test/"', 'http://a.test/{', `http://a.test/${'x'.repeat(2100)}`, 'HTTP://a.test/'],
    'auth-method': ['', 'get', 'GETX', 'GET; evil', 'CONNECT', 'TRACE', 'GET\n'], 'auth-response-headers': ['', ',', 'X-A: b', 'X\nY', 'Host', 'content-length', 'Transfer-Encoding', 'Connection', 'X_Under', '-', `X-${'a'.repeat(200)}`, Array.from({ length: 60 }, (_, at) => `X-${at}`).join(',')],
    'auth-tls-secret': ['', '../x', 'a/b/c', 'a b', '/etc/passwd'], 'auth-tls-verify-client': ['', 'On', 'yes', 'on\r\nx', 'optional_no'], 'auth-tls-verify-depth': ['', '-1', '1e9', 'x', '0x1'],
    'auth-tls-match-cn': ['', 'CN=', 'alice', 'CN=abc #(\n){}', 'CN=(a', 'CN=(a+)+$', 'CN=a\x00', 'O=x,CN=a'], 'auth-tls-pass-certificate-to-upstream': ['', 'maybe'],
    satisfy: ['', 'none', 'ANY', 'any\n'], 'enable-global-auth': ['', 'no', 'off'],
  };
  for (const [name, values] of Object.entries(closing)) {
    for (const value of values) it(`38, 43, 44: ${name} ${JSON.stringify(value).slice(0, 60)} closes`, () => expect(of(name, value)).to.deep.equal({ ...usual, closed: true, findings: ['invalid-annotation'] }));
  }
  it('auth-url taken apart', () => {
    const target = (text: string): unknown => (of('auth-url', text).values as Record<string, unknown>)['auth-url'];
    expect(target('https://Auth.Tools.svc.cluster.local./check?x=$escaped_request_uri')).to.deep.equal({ scheme: 'https', host: 'auth.tools.svc.cluster.local', port: 443, target: '/check?x=$escaped_request_uri' });
    expect(target('http://$http_host')).to.deep.equal({ scheme: 'http', host: '$host', port: 80, target: '/' });
    expect(target('http://a:4180?x=1')).to.deep.equal({ scheme: 'http', host: 'a', port: 4180, target: '/?x=1' });
  });
  for (const [name, values] of Object.entries({ 'auth-signin': ['javascript:alert(1)', '//evil.test', '/x', 'https://a.test/\r\nX: y', 'https://a.test/$cookie_x', 'https://a.test/ '], 'auth-signin-redirect-param': ['a=b', 'a&b', 'a b'], 'auth-request-redirect': ['a b', 'x\r\nY: z', '"'] })) {
    for (const value of values) it(`${name} ${JSON.stringify(value)} is left out: a refusal is a refusal without it`, () => expect(of(name, value)).to.deep.equal({ ...usual, findings: ['invalid-annotation'] }));
  }
  it('both names with different values close; with the same they are one', () => {
    const both = (a: string, b: string): Record<string, unknown> => read({ 'nginx.ingress.kubernetes.io/whitelist-source-range': a, 'nginx.ingress.kubernetes.io/allowlist-source-range': b });
    expect(both('10.0.0.0/8', '0.0.0.0/0')).to.deep.equal({ ...usual, closed: true, findings: ['invalid-annotation'] });
    expect(both('10.0.0.0/8', '10.0.0.0/8')).to.deep.equal({ ...usual, values: { 'allowlist-source-range': ['0a000000/8'] } });
  });

  const accepted: [string, string, unknown][] = [
    ['permanent-redirect', 'https://new.test/a?b=c#d', 'https://new.test/a?b=c#d'], ['permanent-redirect', 'http://[fd00::1]:8080', 'http://[fd00::1]:8080'],
    ['temporal-redirect', 'https://new.test$request_uri', 'https://new.test$request_uri'], ['temporal-redirect', '$scheme://$host:8443/', '$scheme://$host:8443/'],
    ['permanent-redirect-code', '308', 308], ['temporal-redirect-code', '307', 307], ['app-root', '/app?x=1', '/app?x=1'],
    ['proxy-body-size', '8m', 8388608], ['proxy-body-size', '0', 0], ['proxy-body-size', '1K', 1024], ['proxy-body-size', '999999999999g', 2 ** 50],
    ['proxy-read-timeout', '99999999999', 604800], ['proxy-connect-timeout', '5', 5],
    ['backend-protocol', 'grpcs', 'GRPCS'], ['cors-allow-origin', 'https://A.test, nonsense,https://*.b.test:8080', ['https://a.test', 'https://*.b.test:8080']],
    ['cors-allow-origin', 'https://a.test,*', ['*']], ['upstream-vhost', 'web.shop.svc:8080', 'web.shop.svc:8080'], ['upstream-vhost', '$service_name.$namespace.svc:$service_port', '$service_name.$namespace.svc:$service_port'], ['upstream-vhost', '$host', '$host'], ['canary', 'true', true],
  ];
  for (const [name, value, expected] of accepted) it(`${name}: ${value}`, () => expect(of(name, value)).to.deep.equal({ ...usual, values: { [name]: expected } }));

  for (const [name, values] of Object.entries({
    'permanent-redirect': ['https://x/\r\nSet-Cookie: a=b', 'javascript:alert(1)', '//evil', 'https://x/;}location', '/relative', 'https://', 'https://x y', 'https://u:p@h/', 'https://x/$cookie_a', 'https://x/"', `https://x/${'a'.repeat(3000)}`, 'https://x\\y', 'ftp://x/'],
    'upstream-vhost': ['$http_cookie', '${host}', '$', 'a$host$', '$hostx', 'a b', 'a\r\nX: y', '-a', 'a:port'],
    'cors-allow-origin': ['nonsense', 'a.test', 'null'],
  })) {
    for (const value of values) it(`${name} ${JSON.stringify(value).slice(0, 30)}`, () => expect(of(name, value)).to.deep.equal(invalid));
  }
  for (const [name, values] of Object.entries({
    'permanent-redirect-code': ['200', '309', '301 ', '30x'], 'temporal-redirect-code': ['308'], 'app-root': ['app', '//evil.test', '/', '/a b', '/a/../b', 'https://x/', '/a\r\nX: y'],
    'proxy-body-size': ['8mb', '-1', '1e9', 'm', '0x10', '8 m'], 'proxy-read-timeout': ['60s', '-1', '0', '1.5', 'NaN', '0x10', ' 5 '], 'backend-protocol': ['HTTP2', 'http;'],
    'cors-max-age': ['x'], 'cors-allow-methods': ['GET\r\nX: y', 'GET;'], 'enable-cors': ['yes'], 'ssl-redirect': ['no'],
  })) {
    for (const value of values) it(`${name} ${JSON.stringify(value)} counts as absent`, () => expect(of(name, value)).to.deep.equal({ ...usual, findings: ['invalid-annotation'] }));
  }

  it('reads another prefix, and then none but it', () => {
    const { values, findings } = readAnnotations({ metadata: { name: 'web', annotations: { 'ingress.example.com/use-regex': 'true', 'nginx.ingress.kubernetes.io/rewrite-target': '/' } } }, ['ingress.example.com']);
    expect({ values, findings }).to.deep.equal({ values: { 'use-regex': true }, findings: [] });
  });

  it('reads several prefixes as one: names and old names together, and two values are none', () => {
    const read = (annotations: Record<string, string>): unknown => {
      const { values, findings, closed } = readAnnotations({ metadata: { name: 'web', annotations } }, ['nginx.ingress.kubernetes.io', 'own.example']);
      return { values, findings: findings.map(({ kind }) => kind), closed };
    };
    expect(read({ 'own.example/use-regex': 'true', 'nginx.ingress.kubernetes.io/rewrite-target': '/' })).to.deep.equal({ values: { 'use-regex': true, 'rewrite-target': '/' }, findings: [], closed: false });
    expect(read({ 'own.example/whitelist-source-range': '10.0.0.1', 'nginx.ingress.kubernetes.io/allowlist-source-range': '10.0.0.1' })).to.deep.equal({ values: { 'allowlist-source-range': ['0a000001/32'] }, findings: [], closed: false });
    expect(read({ 'own.example/whitelist-source-range': '10.0.0.1', 'nginx.ingress.kubernetes.io/allowlist-source-range': '0.0.0.0/0' })).to.deep.equal({ values: {}, findings: ['invalid-annotation'], closed: true });
    expect(read({ 'own.example/use-regex': 'true', 'nginx.ingress.kubernetes.io/use-regex': 'false' })).to.deep.equal({ values: {}, findings: ['invalid-annotation'], closed: false });
  });

  it('is not silent about what keeps requests out under a prefix that does not count, also by its old name', () => {
    for (const [name, told] of [['auth-type', true], ['auth-url', true], ['auth-tls-secret', true], ['whitelist-source-range', true], ['allowlist-source-range', true], ['denylist-source-range', true], ['use-regex', false], ['constructor', false]] as const) {
      for (const [prefix, prefixes] of [['nginx.ingress.kubernetes.io', ['own.example']], ['haproxy.example', ['nginx.ingress.kubernetes.io', 'own.example']]] as const) {
        const { values, findings } = readAnnotations({ metadata: { name: 'web', annotations: { [`${prefix}/${name}`]: 'x' } } }, prefixes);
        expect({ values, findings: findings.map(({ kind }) => kind) }, `${prefix}/${name}`).to.deep.equal({ values: {}, findings: told ? ['protection-under-other-prefix'] : [] });
      }
    }
    for (const key of ['auth-type', '/auth-type', 'kubernetes.io/ingress.class', 'ingress-arbiter.io/hand-over']) expect(readAnnotations({ metadata: { name: 'web', annotations: { [key]: 'x' } } }).findings, key).to.deep.equal([]);
  });

  it('repeats no value in a message', () => {
    const value = 'secret\n'.repeat(30_000);
    const names = ['rewrite-target', 'auth-url', 'server-snippet', 'proxy-read-timeout', 'use-regex'];
    for (const name of names) {
      const { findings } = readAnnotations({ metadata: { name: 'web', annotations: { [`nginx.ingress.kubernetes.io/${name}`]: value } } });
      for (const { message } of findings) expect(message).to.match(/^[^\n]{1,300}$/);
    }
  });
});
