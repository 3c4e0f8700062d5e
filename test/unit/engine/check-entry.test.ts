// The engine's second look at entries: rows of the table of bad inputs (docs/reference/reliability, section 3), by number.
import { expect } from 'chai';
import fc from 'fast-check';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry, type EntryRules } from '../../../src/engine/check-entry.js';
import { renderChanges } from '../../../src/engine/control-client.js';

const rules = (allowLoopback = false): EntryRules => ({ checkEndpoint: createEndpointCheck(allowLoopback), routesPerHost: 3, endpointsPerService: 3 });
const route = { match: 'prefix', path: '/', namespace: 'shop', ingress: 'web', service: 'web', backend: 'service/shop/web/80' };
const routes = (changes: Record<string, unknown> = {}) => ({ routes: [{ ...route, ...changes }] });
const endpoint = (address: unknown, port: unknown = 80) => ({ endpoints: [{ address, port }] });
const block = (label: string, body = 'TUlJQg==') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const certificate = { chain: block('CERTIFICATE') + block('CERTIFICATE'), key: block('PRIVATE KEY') };
const revoked = (changes: Record<string, unknown> = {}) => ({ lists: [{ issuer: 'MAA=', from: 0, until: 1, serials: ['AQ==', 'AQID'], ...changes }] });
const deep = JSON.parse('['.repeat(10_000) + ']'.repeat(10_000)) as unknown;

const sound: [title: string, key: string, value: unknown][] = [
  ['a host', 'host/a.test', routes()],
  ['a wildcard host', 'host/*.a.test', routes()],
  ['rules without a host', 'host/', routes()],
  ['a host of 253 bytes', `host/${`${'a'.repeat(49)}.`.repeat(5)}abc`, routes()],
  ['4: a path that would be nginx text elsewhere', 'host/a.test', routes({ match: 'exact', path: '/x;location' })],
  ['8: a path with variables', 'host/a.test', routes({ path: '/$request_uri' })],
  ['53: names that JavaScript objects have', 'service/constructor/hasownproperty/80', { endpoints: [] }],
  ['53: the same in a route', 'host/constructor', routes({ namespace: 'constructor', ingress: 'tostring', service: 'valueof', backend: 'service/constructor/valueof/80' })],
  ['a regular expression', 'host/a.test', routes({ match: 'regex', path: '/api(/|$)(.*)[^)\\]]+(?!x)(?:y)', rewrite: '/$2' })],
  ['an escaped backslash before a digit', 'host/a.test', routes({ match: 'regex', path: '/a\\\\1' })],
  ['a backend that could not be resolved', 'host/a.test', routes({ service: '', backend: '' })],
  ['a default backend of no Ingress', 'default', routes({ namespace: '', ingress: '' })],
  ['no endpoints', 'service/shop/web/http', { endpoints: [] }],
  ['the address of a Service', 'service/shop/web/cluster-ip/80', endpoint('10.96.0.1')],
  ['the name of a server outside of the cluster', 'service/shop/web/80', { endpoints: [{ address: 'api.partner.test', port: 443, resolve: true }] }],
  ['an IPv6 endpoint', 'service/shop/web/80', endpoint('fd00::1')],
  ['a public endpoint', 'service/shop/web/80', endpoint('203.0.113.9', 65535)],
  ['a server name', 'sni/a.test', { certificate: 'abcdef0123456789' }],
  ['a certificate', 'certificate/abcdef0123456789', certificate],
  ['authorities of backends, with what they have revoked', 'trusted/abcdef0123456789', { trusted: certificate.chain, lists: block('X509 CRL') }],
  ['revoked certificates', 'revoked/abcdef0123456789', revoked()],
  ['an EC key', 'certificate/abcdef0123456789', { ...certificate, key: block('EC PRIVATE KEY') }],
];

const bad: [title: string, key: unknown, value: unknown, complaint: RegExp][] = [
  ...['a.test"; evil', 'a.test\n', '*.*.test', 'a_b.test', '-a.test', 'a-.test', 'a..test', 'a.test.', 'A.TEST', `${'a'.repeat(64)}.test`, `${'a.'.repeat(126)}ab`,
    '10.0.0.1', '::1', '[::1]', '*', '*.', '*.10.0.0.1', 'a.*.test', 'bücher.test', '__proto__', 'a b', 'a\tb', 'a/b', '\u0000', 'a.test\u2028']
    .flatMap((host): typeof bad => [[`18–22: host ${JSON.stringify(host)}`, `host/${host}`, routes(), /its key is not/], [`18–22: server name ${JSON.stringify(host)}`, `sni/${host}`, { certificate: 'abcdef0123456789' }, /its key is not/]]),
  ...['127.0.0.1', '127.255.255.254', '169.254.169.254', '0.0.0.0', '0.1.2.3', '224.0.0.1', '239.9.9.9', '240.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1',
    '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '0:0:0:0:0:ffff:7f00:1']
    .map((address): (typeof bad)[number] => [`30: endpoint ${address}`, 'service/shop/web/80', endpoint(address), /not one that a pod can have/]),
  ...['localhost', '127.1', '2130706433', '0x7f.0.0.1', '010.0.0.1', '[::1]', 'fe80::1%eth0', 'fd00::1%x', '10.0.0.1\n', ' 10.0.0.1', '10.0.0.1:80', '', '10.0.0.1\u0085', '10.0.0.1\u2028', null, 7, ['10.0.0.1'], {}]
    .map((address): (typeof bad)[number] => [`29: endpoint ${JSON.stringify(address)}`, 'service/shop/web/80', endpoint(address), /is not one that a pod can have/]),
  ...['localhost', '127.0.0.1', '127.1', '2130706433', '::1', 'fd00::1', '10.0.0.1', 'API.partner.test', 'api.partner.test.', '*.partner.test', 'a..test', 'a_b.test', 'a.test\n', `${'a.'.repeat(126)}ab`, '', 7, null]
    .map((address): (typeof bad)[number] => [`29: name ${JSON.stringify(address)}`, 'service/shop/web/80', { endpoints: [{ address, port: 80, resolve: true }] }, /is not the name of a server/]),
  ...[false, 'true', 1, null].map((resolve): (typeof bad)[number] => [`resolve ${JSON.stringify(resolve)}`, 'service/shop/web/80', { endpoints: [{ address: 'api.partner.test', port: 80, resolve }] }, /resolve is/]),
  ['29: a name that is not said to be one', 'service/shop/web/80', endpoint('api.partner.test'), /not one that a pod can have/],
  ...[0, -1, 65536, 1.5, NaN, Infinity, 1e400, '80', null, true, {}, deep]
    .map((port): (typeof bad)[number] => [`31: port ${port === deep ? 'of 10,000 levels' : String(port)}`, 'service/shop/web/80', endpoint('10.0.0.1', port), /is not in 1–65535/]),
  ...['service/shop/web', 'service/shop/web/', 'service/shop/web/0', 'service/shop/web/65536', 'service/shop/web/080', 'service/shop/web/-1', 'service/shop/web/80/x', 'service/shop/web/cluster-ip/http', 'service/shop/web/cluster-ip/0', 'service/shop/web/cluster-ip/', 'service/shop/web/other/80', 'service/shop/web/cluster-ip/80/x', 'service/../web/80', 'service/Shop/web/80', 'service//web/80',
    'certificate/../../x', 'certificate/short', 'certificate/1\n}aaaaaaaa', `certificate/${'a'.repeat(300)}`, 'defaultx', 'default/', 'other/x', '', '__proto__', 7, null, undefined, {}]
    .map((key): (typeof bad)[number] => [`51: key ${JSON.stringify(key)}`, key, routes(), /its key is not/]),
  ...['shop\n', 'sh op', 'Shop', '', 'a/b', '\u0000', 'a'.repeat(64), '../x', '__proto__']
    .map((namespace): (typeof bad)[number] => [`52: namespace ${JSON.stringify(namespace)}`, 'host/a.test', routes({ namespace }), /namespace .* is not a valid name/]),
  ...['web\u0007', 'a|b', '', `${'a'.repeat(254)}`].map((ingress): (typeof bad)[number] => [`52: ingress ${JSON.stringify(ingress)}`, 'host/a.test', routes({ ingress }), /ingress .* is not a valid name/]),
  ['52: service with a control byte', 'host/a.test', routes({ service: 'web\r' }), /service "web\\r" is not a valid name/],
  ['28: backend of another namespace', 'host/a.test', routes({ backend: 'service/other/web/80' }), /in another namespace/],
  ['33: joined names are not mixed up', 'host/a.test', routes({ namespace: 'a', backend: 'service/a-b/c/80' }), /in another namespace/],
  ['backend that is no key', 'host/a.test', routes({ backend: 'host/a.test' }), /not the key of a service entry/],
  ['no backend for a service', 'host/a.test', routes({ backend: '' }), /needs a backend/],
  ['no Ingress outside the default', 'host/a.test', routes({ namespace: '', ingress: '' }), /is not a valid name/],
  ...['/a\nb', '/a\rb', '/a\u0000b', '/a\u007fb', '/a\u0085b', '/\u2028', '/ü', '/\ud800', '/a//b', '/a/../b', '/./a', '/a/..', '/%2e%2e/', '/a%2fb', '/%zz', '/%0d%0a', 'foo', '', '*', '/x { alias /etc; }', '/"\\']
    .map((path): (typeof bad)[number] => [`1–14: path ${JSON.stringify(path)}`, 'host/a.test', routes({ path }), /is not in normal form/]),
  ['13: path of 70,000 bytes', 'host/a.test', routes({ path: `/${'a'.repeat(70_000)}` }), /longer than 4096/],
  ['17: unknown match', 'host/a.test', routes({ match: 'Prefix' }), /match "Prefix" is unknown/],
  ...['/(?=(a+))a*b\\1', '/(?R)', '/(*LIMIT_MATCH=99999999)', '/(?{x})', '/\\C', '/(a', '/a)', '/[a', '/a\\', '/(?C1)', '/(?<x>a)\\k<x>', '/(?(1)a)', '/\\Qa', '/[]a']
    .map((path): (typeof bad)[number] => [`15: pattern ${path}`, 'host/a.test', routes({ match: 'regex', path }), /pattern/]),
  ...['/a b', '/\n', 'a', '/ü'].map((path): (typeof bad)[number] => [`15: pattern ${JSON.stringify(path)}`, 'host/a.test', routes({ match: 'regex', path }), /visible ASCII|must start with/]),
  ['15: pattern of 1,025 bytes', 'host/a.test', routes({ match: 'regex', path: `/${'a'.repeat(1024)}` }), /longer than 1024/],
  ...['/$1\r\nX: y', '/../..', '\\', '/ü', '/a b'].map((rewrite): (typeof bad)[number] => [`42: rewrite ${JSON.stringify(rewrite)}`, 'host/a.test', routes({ rewrite }), /rewrite/]),
  ['a field too many', 'host/a.test', routes({ extra: 'x' }), /and nothing else/],
  ['a field that is missing', 'host/a.test', { routes: [{ match: 'exact', path: '/' }] }, /a route must have/],
  ['a field that is no text', 'host/a.test', routes({ path: ['/'] }), /a route must have/],
  ['a rewrite that is null', 'host/a.test', routes({ rewrite: null }), /a route must have/],
  ['fields that come from a prototype', 'host/a.test', { routes: [Object.create(route)] }, /a route must have/],
  ['a __proto__ field', 'host/a.test', JSON.parse('{"routes":[],"__proto__":{"x":1}}'), /and nothing else/],
  ['more routes than allowed', 'host/a.test', { routes: [route, route, route, route] }, /more than 3 routes/],
  ['more endpoints than allowed', 'service/shop/web/80', { endpoints: Array.from({ length: 4 }, () => ({ address: '10.0.0.1', port: 1 })) }, /more than 3 endpoints/],
  ['an endpoint with a name', 'service/shop/web/80', { endpoints: [{ address: '10.0.0.1', port: 1, name: 'x' }] }, /and nothing else/],
  ['55: 10,000 levels as value', 'host/a.test', deep, /its value is a list/],
  ['55: 10,000 levels inside', 'host/a.test', { routes: deep }, /a route must have/],
  ['a value of another kind', 'service/shop/web/80', routes(), /must have endpoints/],
  ['no value', 'host/a.test', undefined, /its value is a undefined/],
  ['a server name without id', 'sni/a.test', { certificate: '' }, /must have certificate/],
  ...['', 'x', block('CERTIFICATE').replace('TUl', 'T\u0000l'), `text\n${certificate.chain}`, certificate.key, `${certificate.chain}trailer\n`, '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', block('CERTIFICATE').slice(0, -30), 7]
    .map((chain): (typeof bad)[number] => [`25: chain ${JSON.stringify(chain).slice(0, 40)}`, 'certificate/abcdef0123456789', { ...certificate, chain }, /chain is not/]),
  ...[{ issuer: 'x\n' }, { issuer: undefined }, { from: -1 }, { until: '1' }, { until: 1e15 }, { serials: ['AQ'] }, { serials: 'AQ==' }, { serials: Array.from({ length: 5001 }, () => 'AQ==') }, { more: 1 }]
    .map((changes): (typeof bad)[number] => [`revoked certificates with ${JSON.stringify(changes).slice(0, 40)}`, 'revoked/abcdef0123456789', revoked(changes), /lists must be/]),
  ['no lists of revoked certificates', 'revoked/abcdef0123456789', { lists: [] }, /lists must be/],
  ...['', block('CERTIFICATE'), `text\n${block('X509 CRL')}`].map((lists): (typeof bad)[number] => [`lists ${JSON.stringify(lists).slice(0, 40)}`, 'trusted/abcdef0123456789', { trusted: certificate.chain, lists }, /lists is not/]),
  ['25: PEM of 1 MB', 'certificate/abcdef0123456789', { ...certificate, chain: block('CERTIFICATE').repeat(20_000) }, /chain is longer/],
  ['25: chain of 200', 'certificate/abcdef0123456789', { ...certificate, chain: block('CERTIFICATE').repeat(200) }, /more than 10 certificates/],
  ...['', block('ENCRYPTED PRIVATE KEY'), block('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED'), block('CERTIFICATE'), certificate.key + certificate.key]
    .map((key): (typeof bad)[number] => [`25: key ${JSON.stringify(key).slice(0, 45)}`, 'certificate/abcdef0123456789', { ...certificate, key }, /key is not one unencrypted/]),
];

describe('check of an entry', () => {
  for (const [title, key, value] of sound) {
    it(`lets pass ${title}`, () => expect(checkEntry(key, value, rules())).to.deep.equal({ json: JSON.stringify(value) }));
  }

  for (const [title, key, value, complaint] of bad) {
    it(`refuses ${title}`, () => {
      const verdict = checkEntry(key, value, rules());
      expect(verdict).to.have.property('complaint').that.matches(complaint);
      // What was sent may stand in a log: short, and without bytes that a terminal or a log reader acts on.
      expect((verdict as { complaint: string }).complaint).to.match(/^[\x20-\x7e–…ü]{1,400}$/);
    });
  }

  it('lets loopback endpoints pass where the operator says so, and no others', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1']) expect(checkEntry('service/shop/web/80', endpoint(address), rules(true))).to.have.property('json');
    for (const address of ['169.254.169.254', '0.0.0.0', '::', '::ffff:127.0.0.1', 'fe80::1', '224.0.0.1']) {
      expect(checkEntry('service/shop/web/80', endpoint(address), rules(true)), address).to.have.property('complaint');
    }
  });

  it('gives equal entries equal bytes', () => {
    const shuffled = Object.fromEntries(Object.entries(route).reverse());
    expect(checkEntry('host/a.test', { routes: [shuffled] }, rules())).to.deep.equal(checkEntry('host/a.test', routes(), rules()));
  });

  it('never pollutes a prototype', () => {
    checkEntry('__proto__', JSON.parse('{"__proto__":{"polluted":1}}'), rules());
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
  });

  it('passes nothing that is more than one line of a push', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('shop', '/', 'web', 'service/shop/web/80', 'exact', 'a.test'));
    fc.assert(fc.property(anything, fc.record({ match: anything, path: anything, namespace: anything, ingress: anything, service: anything, backend: anything }), (host, value) => {
      const verdict = checkEntry(`host/${host}`, { routes: [value] }, rules());
      return 'complaint' in verdict || renderChanges([[`host/${host}`, verdict.json]]).split(/[\t\n]/).length === 3;
    }));
    expect(renderChanges([['service/a', JSON.stringify({ text: 'a\nb\tc\r' })], ['host/b', undefined]])).to.equal('+service/a\t{"text":"a\\nb\\tc\\r"}\n-host/b\n');
  });
});
