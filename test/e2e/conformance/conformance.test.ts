// The public conformance suite, run by run, through the real kubectl and nginx. Like its harness this follows redirects.

import { expect } from 'chai';
import { type DevSession, seen, startDevSession } from '../../fixtures/dev-session.js';
import { eventually } from '../../fixtures/eventually.js';
import type { Answer } from '../../fixtures/http-get.js';
import { selfSigned } from '../../fixtures/self-signed.js';
import { type Run, rules, runs } from './runs.js';

const services = [...new Set(runs.flatMap(({ service }) => (service === undefined ? [] : [service])))];

const backend = (service: string, port?: string): object => ({ service: { name: service, port: port === undefined ? { number: 80 } : { name: port } } });
const ingressOf = (name: string, spec: object, className = 'nginx-external'): string =>
  `---\n${JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name }, spec: { ingressClassName: className, ...spec } })}\n---\n`;
const ruleOf = ([host, pathType, path, service, port]: (typeof rules)['path_rules'][number]): object =>
  ({ host, http: { paths: [{ path, pathType, backend: backend(service, port) }] } });

describe('e2e: Ingress conformance', function () {
  this.timeout(60_000);
  let session: DevSession;

  before(async () => {
    session = await startDevSession(Object.fromEntries(services.map((name) => [name, name === 'echo-service' ? 10 : 1])));
    const { certificate, key } = await selfSigned('foo.bar.com');
    await session.apply(`
apiVersion: v1
kind: Secret
metadata: {name: conformance-tls}
type: kubernetes.io/tls
data: {tls.crt: ${Buffer.from(certificate).toString('base64')}, tls.key: ${Buffer.from(key).toString('base64')}}
---
` + ingressOf('host-rules', { rules: rules.host_rules.map(ruleOf), tls: [{ hosts: ['foo.bar.com'], secretName: 'conformance-tls' }] }) +
      ingressOf('path-rules', { rules: rules.path_rules.map(ruleOf) }) + ingressOf('load-balancing', { rules: rules.load_balancing.map(ruleOf) }) +
      ingressOf('invalid-class', { rules: [ruleOf(['invalid-class', 'Prefix', '/', 'echo-service'])] }, 'some-invalid-class-name'));
    for (const host of ['foo.bar.com', 'prefix-path-rules', 'load-balancing']) await eventually(async () => { expect((await follow('GET', `http://${host}/foo`)).status).to.equal(200); });
  });
  after(() => session?.close());

  async function follow(method: string, url: string): Promise<Answer> {
    const [, scheme, host, path] = /^(https?):\/\/([^/]*)(.*)$/.exec(url)!;
    const answer = await session.ask(host === '' ? '127.0.0.1' : host!, path === '' ? '/' : path!, { method, https: scheme === 'https' });
    return [301, 302, 307, 308].includes(answer.status) ? follow(method, answer.headers.location!) : answer;
  }

  async function check({ method, url, status, service, repeat }: Run): Promise<void> {
    const answers = await Promise.all(Array.from({ length: repeat?.requests ?? 1 }, () => follow(method, url)));
    const pods = new Set<string>();
    for (const answer of answers) {
      expect(answer.status, answer.text).to.equal(status);
      if (service === undefined) continue;
      const what = seen(answer);
      pods.add(what.pod);
      expect([what.deployment, what.method]).to.deep.equal([service, method]);
      const { host, pathname } = new URL(url.replace('http:///', 'http://127.0.0.1/'));
      expect([what.host, what.path]).to.deep.equal([host, pathname]);
      for (const header of ['content-length', 'content-type', 'date', 'server'] as const) expect(answer.headers[header], header).to.be.a('string');
    }
    if (repeat !== undefined) expect(pods.size).to.equal(repeat.pods);
  }

  it('is the whole suite', () => expect(runs.length).to.equal(30));

  for (const run of runs.filter(({ feature }) => feature !== 'default_backend')) {
    it(`${run.feature}: ${run.shows}`, async () => {
      await check(run);
      if (run.url.startsWith('https')) expect((await session.ask('foo.bar.com', '/', { https: true })).commonName).to.equal('foo.bar.com');
      if (run.feature === 'ingress_class') expect(await session.kubectl(['get', 'ingress', 'invalid-class', '-o', 'jsonpath={.status.loadBalancer.ingress}'])).to.equal('');
    });
  }

  // Last: what it takes would have been 404 before.
  describe('with an Ingress without rules', () => {
    before(async () => {
      await session.apply(ingressOf('default-backend', { defaultBackend: backend('echo-service') }));
      await eventually(async () => { expect((await follow('GET', 'http://my-host/')).status).to.equal(200); });
    });
    for (const run of runs.filter(({ feature }) => feature === 'default_backend')) it(run.shows, () => check(run));

    it('shows the address in the status of each that is served', async () => {
      await eventually(async () => {
        for (const name of ['host-rules', 'path-rules', 'load-balancing', 'default-backend']) {
          expect(await session.kubectl(['get', 'ingress', name, '-o', 'jsonpath={.status.loadBalancer.ingress[0].hostname}'])).to.equal('nginx-external.localhost');
        }
      });
    });
  });
});
