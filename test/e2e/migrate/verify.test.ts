// migrate verify against an nginx that plays an old ingress-nginx, with a configuration of the same 40 routes that was written by
// hand: it finds exactly what was planted there, says why, and nothing is written to the Ingresses of the watched class.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../../fixtures/run-command.js';
import { type OldInstallation, OLD_ADDRESS, startOldInstallation } from './old-installation.js';

interface Reported {
  checked: number; same: number; different: number; skipped: number; unanswered: number; changing: number;
  requests: { method: string; url: string; ingress: string; why: string; differences: { what: string; header?: string; from: string; to: string; because: string[] }[] }[];
  annotations: { annotation: string; code: string; ingresses: string[] }[];
}

/** By planted number: the differences that it makes, as `method url what`. Nothing else may be found. */
const planted: Record<string, RegExp[]> = {
  '1': [/^GET http:\/\/www\.shop\.test\/cart(?:\/|\/verify-probe)? (?:backend x-backend|body)$/],
  '2': [/^GET https:\/\/blog\.shop\.test\S* header strict-transport-security$/],
  '3': [/^GET http:\/\/old\.shop\.test\/\S* header location$/],
  '4': [/^OPTIONS http:\/\/cors\.shop\.test\/\S* header access-control-max-age$/],
  '5': [/^GET http:\/\/files\.shop\.test\/upload-verify-probe status$/],
  '6': [/^GET https:\/\/secure\.shop\.test\S* certificate$/],
  '7': [/^GET http:\/\/long\.shop\.test\/a\/b\S* (?:backend x-backend|body)$/],
  '8': [/^GET http:\/\/wiki\.shop\.test\S* header x-frame-options$/],
};

describe('e2e: migrate verify against an old ingress-nginx', function () {
  this.timeout(120_000);
  let rig: OldInstallation;
  before(async () => { rig = await startOldInstallation(); });
  after(() => rig?.close());
  const verify = async (...more: string[]): Promise<{ code: number; err: string; out: string }> => runCommand([
    'migrate', 'verify', '--kubeconfig', rig.kubeconfig, '--lease-namespace', 'arbiter', '--claim', 'nginx:controllers=k8s.io/ingress-nginx', '--from', 'nginx',
    ...rig.old.flatMap((one) => ['--against', one]), ...rig.ours.flatMap((one) => ['--to-address', one]), '--rate', '200', ...more]);

  it('finds exactly the differences that were planted', async () => {
    const { code, out, err } = await verify('-o', 'json');
    expect(code, err).to.equal(1);
    const report = JSON.parse(out) as Reported;
    const found = report.requests.flatMap(({ method, url, differences }) => differences.map(({ what, header }) => `${method} ${url} ${what}${header === undefined ? '' : ` ${header}`}`));
    const all = Object.values(planted).flat();
    expect(found.filter((one) => !all.some((pattern) => pattern.test(one))), 'differences that nobody planted').to.deep.equal([]);
    for (const [number, patterns] of Object.entries(planted)) {
      for (const pattern of patterns) expect(found.filter((one) => pattern.test(one)).length, `planted ${number}: ${String(pattern)}`).to.be.at.least(1);
    }
    expect([report.unanswered, report.skipped, report.changing]).to.deep.equal([0, 0, 0]);
    expect(report.checked).to.be.greaterThan(120);
  });

  it('says why, where the objects tell', async () => {
    const { out } = await verify('-o', 'json', '--ingress', 'shop/wiki', '--ingress', 'shop/old', '--ingress', 'shop/cors', '--ingress', 'shop/blog');
    const report = JSON.parse(out) as Reported;
    const because = (what: string): string => report.requests.flatMap(({ differences }) => differences.filter(({ header }) => header === what).flatMap((one) => one.because))[0] ?? '';
    expect(because('x-frame-options')).to.match(/^IA152 Ingress shop\/wiki: annotation configuration-snippet/);
    expect(because('location')).to.equal('Ingress shop/old has annotation permanent-redirect, which is carried out here');
    expect(because('access-control-max-age')).to.equal('Ingress shop/cors has annotation enable-cors, which is carried out here');
    expect(because('strict-transport-security')).to.match(/ingress-nginx adds this header to https by itself/);
    expect(report.annotations.map(({ annotation, code, ingresses }) => ({ annotation, code, ingresses }))).to.deep.equal([{ annotation: 'configuration-snippet', code: 'IA152', ingresses: ['shop/wiki'] }]);
  });

  it('takes the access log of the old one, and its own combined format too', async () => {
    const log = path.join(rig.folder, 'replayed.log');
    const line = (request: string, rest = ''): string => `192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] "${request}" 200 12 "-" "curl/8"${rest}`;
    writeFileSync(log, [
      `www.shop.test ${line('GET /cart/7?x=1 HTTP/1.1')}`, `www.shop.test:80 ${line('GET /api/items HTTP/1.1')}`, `www.shop.test ${line('POST /cart HTTP/1.1')}`,
      line('GET /v1/orders HTTP/2.0', ' 340 0.004 [shop-api-80] [] 10.0.0.1:8080 12 0.004 200 0a1b'), line('GET /lost HTTP/1.1'), 'no line of a log',
    ].join('\n'));
    const { code, out, err } = await verify('--access-log', log, '--only', 'log', '--log-scheme', 'http', '-o', 'json');
    const report = JSON.parse(out) as Reported & { log: { lines: number; skipped: object } };
    expect(code, err).to.equal(1);
    expect([report.checked, report.same, report.log]).to.deep.equal([3, 2, { lines: 6, skipped: { unreadable: 1, 'no-host': 1, 'unsafe-method': 1 } }]);
    expect(report.requests.map(({ method, url }) => `${method} ${url}`)).to.deep.equal(['GET http://www.shop.test/cart/7?x=1']);
    expect(readFileSync(path.join(rig.folder, 'access.log'), 'utf8')).to.not.match(/"POST /);
  });

  it('leaves out what --most leaves no room for, and asks https only where it has an address', async () => {
    const { out, err } = await runCommand(['migrate', 'verify', '--kubeconfig', rig.kubeconfig, '--lease-namespace', 'arbiter', '--claim', 'nginx:controllers=k8s.io/ingress-nginx', '--from', 'nginx',
      '--against', rig.old[0]!, '--to-address', rig.ours[0]!, '--rate', '200', '--most', '10', '--ingress', 'shop/blog', '-o', 'json']);
    const report = JSON.parse(out) as Reported;
    expect(report.skipped).to.be.greaterThan(0);
    expect(report.checked + report.skipped).to.equal(10);
    expect(err).to.match(/requests are left out: --most 10/);
  });

  it('has written nothing to the Ingresses of the class that it watches', () => {
    const writes = rig.records.filter(({ user, verb }) => user === 'arbiter' && !['get', 'list', 'watch'].includes(verb)).map(({ verb, resource }) => `${verb} ${resource}`);
    expect([...new Set(writes)].filter((one) => !one.endsWith(' leases'))).to.deep.equal([]);
    for (const one of rig.api.store.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' })) {
      expect((one as { status?: object }).status, one.metadata.name).to.deep.equal({ loadBalancer: { ingress: [OLD_ADDRESS] } });
      expect(one.metadata.annotations ?? {}).to.not.have.any.keys('ingress-arbiter.io/hand-over', 'ingress-arbiter.io/former-class');
    }
  });
});
