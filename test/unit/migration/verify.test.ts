// The parts of verify: requests out of routes and logs, answers side by side, and asking again before a difference counts.
import { expect } from 'chai';
import fc from 'fast-check';
import { regexProblem } from '../../../src/core/check-regex.js';
import { claimOf } from '../../../src/core/claim.js';
import type { Decided } from '../../../src/core/explain/facts.js';
import { regexMatch } from '../../../src/core/explain/regex-match.js';
import type { Answer, CheckRequest, Outcome } from '../../../src/migration/check-request.js';
import { type ComparisonOptions, compareAnswers } from '../../../src/migration/compare-answers.js';
import { deriveRequests } from '../../../src/migration/derive-requests.js';
import { hostOfUpstream } from '../../../src/migration/host-of-upstream.js';
import { parseLogLine } from '../../../src/migration/read-access-log.js';
import { samplePattern } from '../../../src/migration/sample-pattern.js';
import { type VerifyResult, verifyRequests } from '../../../src/migration/verify.js';
import { decideCluster } from '../../fixtures/decide-cluster.js';

const cluster = `
kind: IngressClass
metadata: {name: a}
spec: {controller: ingress-arbiter.io/controller}
---
kind: Service
metadata: {namespace: shop, name: web}
spec: {ports: [{name: http, port: 80}]}
---
kind: Ingress
metadata: {namespace: shop, name: web, annotations: {nginx.ingress.kubernetes.io/enable-cors: "true", nginx.ingress.kubernetes.io/cors-allow-origin: "https://*.a.test"}}
spec:
  ingressClassName: a
  tls: [{hosts: [a.test], secretName: none}]
  rules:
  - host: a.test
    http: {paths: [{path: /api, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
kind: Ingress
metadata: {namespace: shop, name: regex, annotations: {nginx.ingress.kubernetes.io/use-regex: "true"}}
spec:
  ingressClassName: a
  rules:
  - host: "*.r.test"
    http: {paths: [{path: "/v[0-9]+/(x|y)", pathType: ImplementationSpecific, backend: {service: {name: web, port: {name: http}}}}]}
`;
const decided: Decided = decideCluster(cluster, [claimOf('a')], { secretsKnown: false });
const words = ({ method, scheme, host, path, headers }: CheckRequest): string => `${method} ${scheme}://${host}${path}${headers['origin'] === undefined ? '' : ` from ${headers['origin']}`}`;

describe('deriveRequests', () => {
  it('asks what a rule takes and what lies beside it, in both schemes where there is TLS', () => {
    const asked = deriveRequests(decided, ['shop/web']).map(words);
    expect(asked.filter((one) => one.includes(' http:'))).to.deep.equal([
      'GET http://a.test/api', 'GET http://a.test/api/verify-probe', 'GET http://a.test/api/', 'GET http://a.test/api-verify-probe', 'GET http://a.test/API',
      'GET http://a.test/api from https://verify-probe.a.test', 'OPTIONS http://a.test/api from https://verify-probe.a.test',
      'GET http://a.test/api from https://verify-probe.invalid', 'GET http://a.test/verify-probe',
    ]);
    expect(asked.length).to.equal(18);
  });

  it('fills wildcards and finds a way through patterns', () => {
    const asked = deriveRequests(decided, ['shop/regex']).map(words);
    expect(asked).to.include.members(['GET http://verify-probe.r.test/v0/x', 'GET http://verify-probe.r.test/v000/y', 'GET http://verify-probe.r.test/V0/X', 'GET http://verify-probe.r.test/v0/xverify-probe']);
  });
});

describe('samplePattern', () => {
  it('gives paths that match, whatever the pattern', () => {
    for (const [pattern, some] of [['/v1(/|$)(.*)', '/v1/'], ['/api/[a-z]+/items', '/api/a/items'], ['/(?:one|two)/?', '/one'], ['/x{2,3}', '/xx'], ['/a\\.php$', '/a.php'], ['/[^/]+', '/v']] as const) {
      expect(samplePattern(pattern), pattern).to.include(some);
    }
    expect(samplePattern('/(')).to.deep.equal([]);
    const piece = fc.constantFrom('a', '/', '.', '\\d', '[a-c]', '[^x]', '(a|b)', '(?:x|/y)', '.*', 'a+', 'b?', '\\.', '{2}', '$', '^', '(', ')', '|', '[[:alpha:]]', '*');
    fc.assert(fc.property(fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join('')}`), (pattern) => {
      const samples = samplePattern(pattern);
      if (regexProblem(pattern) === undefined) for (const one of samples) expect(regexMatch(one, pattern), `${one} of ${pattern}`).to.not.equal(undefined);
    }));
  });
});

describe('parseLogLine', () => {
  const rest = '"GET /a?x=\\x22 HTTP/1.1" 200 12 "-" "agent"';
  it('reads the combined format, with a host or without, and ingress-nginx\'s', () => {
    expect(parseLogLine(`10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] ${rest}`)).to.deep.equal({ method: 'GET', path: '/a?x="' });
    expect(parseLogLine(`A.test:443 10.0.0.1 - jane doe [29/Nov/2026:10:00:00 +0000] ${rest}`)).to.deep.equal({ method: 'GET', path: '/a?x="', host: 'a.test' });
    expect(parseLogLine(`10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] ${rest} 99 0.01 [shop-web-80] [] 10.1.1.1:80 12 0.01 200 id`)).to.deep.equal({ method: 'GET', path: '/a?x="', upstream: 'shop-web-80' });
  });

  it('takes nothing else for a request', () => {
    for (const line of ['', 'x', `10.0.0.1 - - [t] "" 400 0 "-" "-"`, '10.0.0.1 - - [t] "\\x16\\x03" 400 0 "-" "-"', '10.0.0.1 - - [t] "GET http://evil/ HTTP/1.1" 200 0 "-" "-"', 'a'.repeat(20_000)]) {
      expect(parseLogLine(line), line.slice(0, 60)).to.equal(undefined);
    }
  });

  it('finds the host by the Service that ingress-nginx names', () => {
    expect(hostOfUpstream(decided, 'shop-web-80', '/api/x?y')).to.equal('a.test');
    expect(hostOfUpstream(decided, 'shop-web-80', '/other')).to.equal(undefined);
    expect(hostOfUpstream(decided, 'shop-gone-80', '/api')).to.equal(undefined);
  });
});

const options: ComparisonOptions = { backendHeaders: ['x-backend'], ignoredHeaders: ['x-own'], ports: { from: [8080], to: [443] }, certificates: true };
const answer = (more: Partial<Answer> = {}): Answer => ({ status: 200, headers: {}, bodyHash: 'h1', bodyBytes: 2, ...more });
const kinds = (from: Outcome, to: Outcome): string[] => compareAnswers(from, to, options).map(({ what, header }) => (header === undefined ? what : `${what} ${header}`));

describe('compareAnswers', () => {
  it('tells status, headers, backend, body and certificate apart', () => {
    expect(kinds(answer(), answer({ status: 404, bodyHash: 'h2' }))).to.deep.equal(['status']);
    expect(kinds(answer({ headers: { 'x-a': ['1'], 'x-backend': ['one'] }, certificate: 'A' }), answer({ headers: { 'x-backend': ['two'] }, bodyHash: 'h2', certificate: 'B' })))
      .to.deep.equal(['certificate', 'header x-a', 'backend x-backend', 'body']);
    expect(kinds(answer(), { failed: 'refused' })).to.deep.equal(['failed']);
    expect(kinds({ failed: 'a' }, { failed: 'b' })).to.deep.equal([]);
  });

  it('leaves out what is new in each answer, and a proxy\'s own pages', () => {
    expect(kinds(answer({ headers: { date: ['x'], 'set-cookie': ['a=1; Path=/; HttpOnly; Expires=Mon'], 'x-own': ['1'] } }), answer({ headers: { 'set-cookie': ['a=2; HttpOnly; path=/; expires=Tue'] } }))).to.deep.equal([]);
    expect(kinds(answer({ status: 404, headers: { 'content-type': ['text/html'] } }), answer({ status: 404, bodyHash: 'h2' }))).to.deep.equal([]);
    expect(kinds(answer({ status: 302, headers: { location: ['http://a.test:8080/x'] } }), answer({ status: 302, headers: { location: ['http://a.test/x'] } }))).to.deep.equal([]);
    expect(kinds(answer({ headers: { 'set-cookie': ['a=1; Secure'] } }), answer({ headers: { 'set-cookie': ['a=1'] } }))).to.deep.equal(['header set-cookie']);
  });
});

describe('verifyRequests', () => {
  const request: CheckRequest = { method: 'GET', scheme: 'http', host: 'a.test', path: '/', headers: {}, ingress: 'shop/web', why: 'path' };
  const address = { http: { host: 'x', port: 1 } };
  async function verify(from: () => Outcome, to: () => Outcome, requests: CheckRequest[] = [request]): Promise<VerifyResult & { slept: number }> {
    let clock = 0;
    const result = await verifyRequests(requests, {
      ...options, from: { http: { host: 'from', port: 1 } }, to: address, perSecond: 10, atOnce: 2, now: () => clock,
      send: async (_, { host }) => (host === 'from' ? from() : to()), sleep: async (ms) => { clock += ms; },
    });
    return { ...result, slept: clock };
  }
  const turns = (...answers: Answer[]): (() => Answer) => { let at = 0; return () => answers[at++ % answers.length]!; };

  it('counts what differs every time, and not which of several pods has answered', async () => {
    const one = answer({ headers: { 'x-backend': ['one'] } });
    const two = answer({ headers: { 'x-backend': ['two'] }, bodyHash: 'h2' });
    expect((await verify(turns(one, two), turns(two, one))).different).to.deep.equal([]);
    expect((await verify(turns(one), turns(two))).different[0]!.differences.map(({ what }) => what)).to.deep.equal(['backend', 'body']);
  });

  it('does not compare a body that is new in every answer', async () => {
    let at = 0;
    const result = await verify(() => answer({ bodyHash: String(at++) }), () => answer({ bodyHash: String(at++) }));
    expect([result.different, result.changing]).to.deep.equal([[], 1]);
  });

  it('keeps to its rate, and asks no scheme that has no address', async () => {
    const result = await verify(() => answer(), () => answer(), [...Array.from({ length: 11 }, () => request), { ...request, scheme: 'https' }]);
    expect([result.checked, result.skipped]).to.deep.equal([11, 1]);
    expect(result.slept).to.be.at.least(1000);
  });

  it('tells requests that nobody answers from those that are the same', async () => {
    expect(await verify(() => ({ failed: 'x' }), () => ({ failed: 'y' }))).to.deep.include({ checked: 1, unanswered: 1, different: [] });
  });
});
