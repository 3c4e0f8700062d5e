// The whole installation that `dev` starts, as its users see it: real kubectl, real API server over HTTPS, real nginx.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type DevSettings, defaultDevSettings } from '../../src/cli/dev/dev-settings.js';
import { examplesFolder } from '../../src/cli/dev/sample-cluster.js';
import { type Dev, startDev } from '../../src/cli/dev/start-dev.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { type Answer, httpGet } from '../fixtures/http-get.js';
import { type Kubectl, kubectlFor } from '../fixtures/kubectl.js';
import { selfSigned } from '../fixtures/self-signed.js';

/** How long a change may take from kubectl's return until it is served. */
const SERVED_WITHIN_MS = 1000;

interface IngressText {
  name: string;
  host: string;
  service: string;
  class?: string;
  annotations?: string;
  path?: string;
  tls?: string;
}

const ingress = ({ name, host, service, class: className, annotations = '', path: at = '/', tls }: IngressText): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, annotations: {${annotations}}}
spec:
  ${className === undefined ? '' : `ingressClassName: ${className}`}
  ${tls === undefined ? '' : `tls: [{hosts: [${host}], secretName: ${tls}}]`}
  rules: [{host: ${host}, http: {paths: [{path: ${at}, pathType: Prefix, backend: {service: {name: ${service}, port: {number: 80}}}}]}}]
---`;

const workload = (name: string, replicas = 1): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: sample, ports: [{name: http, containerPort: 5000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: web, port: 80, targetPort: http}]}
---`;

describe('e2e: dev, two classes side by side on one engine', function () {
  this.timeout(60_000);
  let dev: Dev;
  let kubectl: Kubectl;
  let settings: DevSettings;
  let folder: string;

  const external = (host: string, at = '/'): Promise<Answer> => httpGet({ port: settings.ports.external.http, host, path: at });
  const internal = (host: string, at = '/'): Promise<Answer> => httpGet({ port: settings.ports.internal.http, host, path: at });
  const secure = (host: string): Promise<Answer> => httpGet({ port: settings.ports.external.https, host, https: true });
  const pod = async (answer: Promise<Answer>): Promise<string> => {
    const { status, text } = await answer;
    expect(status, text).to.equal(200);
    return (JSON.parse(text) as { pod: string }).pod;
  };
  const deploymentOf = async (answer: Promise<Answer>): Promise<string> => (await pod(answer)).replace(/-[^-]+-[^-]+$/, '');
  const soon = <T>(check: () => Promise<T>): Promise<T> => eventually(check, SERVED_WITHIN_MS);
  const status = async (answer: Promise<Answer>, expected: number): Promise<void> => { expect((await answer).status).to.equal(expected); };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-'));
    const [apiPort, adminPort, http, https, http2, https2] = await freePorts(6) as [number, number, number, number, number, number];
    settings = { ...defaultDevSettings(folder), apiPort, adminPort, ports: { external: { http, https }, internal: { http: http2, https: https2 } } };
    dev = await startDev(settings, examplesFolder, () => undefined);
    await eventually(() => expect(dev.notReady()).to.equal(undefined), 20_000);
    kubectl = kubectlFor(dev.kubeconfig);
    await kubectl(['apply', '-f', '-'], workload('blue', 2) + workload('green'));
    await kubectl(['wait', 'deployment/blue', 'deployment/green', '--for=jsonpath={.status.readyReplicas}', '--timeout=10s']);
  });

  after(async () => {
    await dev?.stop();
    expect(dev?.refused(), 'refused by the shipped roles').to.deep.equal([]);
    kubectl?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves the classic tutorial manifest in its old form from each of its three endpoints in turn, rewritten to /', async () => {
    await eventually(async () => status(external('alicek106.example.com', '/echo-hostname'), 200));
    await eventually(async () => {
      const answers = await Promise.all([1, 2, 3].map(() => external('alicek106.example.com', '/echo-hostname')));
      const seen = answers.map(({ text }) => JSON.parse(text) as { pod: string; path: string });
      expect(new Set(seen.map((one) => one.pod)).size).to.equal(3);
      expect(seen.map((one) => one.path)).to.deep.equal(['/', '/', '/']);
    });
  });

  it('answers 404 for another host, another path of the host, and the host on the other class\'s listener', async () => {
    await eventually(async () => status(external('alicek106.example.com', '/echo-hostname'), 200));
    await status(external('other.example.com', '/echo-hostname'), 404);
    await status(external('alicek106.example.com', '/other'), 404);
    await status(internal('alicek106.example.com', '/echo-hostname'), 404);
  });

  it('serves one host of two classes from each class\'s own Ingress', async () => {
    const host = 'both.example.com';
    await kubectl(['apply', '-f', '-'], ingress({ name: 'both-a', host, service: 'blue', class: 'nginx-external' }) +
      ingress({ name: 'both-b', host, service: 'green', class: 'nginx-internal' }));
    await soon(async () => {
      expect(await deploymentOf(external(host))).to.equal('blue');
      expect(await deploymentOf(internal(host))).to.equal('green');
    });
  });

  it('serves what kubectl applies, changes and deletes within a second, in the same nginx processes', async () => {
    const pids = dev.engine.pids();
    const host = 'change.example.com';
    await kubectl(['apply', '-f', '-'], ingress({ name: 'change', host, service: 'blue', class: 'nginx-external' }));
    await soon(async () => expect(await deploymentOf(external(host))).to.equal('blue'));
    await kubectl(['apply', '-f', '-'], ingress({ name: 'change', host, service: 'green', class: 'nginx-external' }));
    await soon(async () => expect(await deploymentOf(external(host))).to.equal('green'));
    await kubectl(['patch', 'ingress', 'change', '--type=merge', '-p', '{"spec":{"ingressClassName":"nginx-internal"}}']);
    await soon(async () => expect(await deploymentOf(internal(host))).to.equal('green'));
    // The old listener goes on until it has drained (docs/hand-over.md).
    expect(await deploymentOf(external(host))).to.equal('green');
    await kubectl(['delete', 'ingress', 'change']);
    for (const listener of [internal(host), external(host)]) await soon(() => status(listener, 404));
    expect(pids).to.have.property('workers').with.length.greaterThan(0);
    expect(dev.engine.pids()).to.deep.equal(pids);
  });

  it('sends requests to a new endpoint, and none to a removed one', async () => {
    const host = 'scale.example.com';
    await kubectl(['apply', '-f', '-'], workload('scaled', 1) + ingress({ name: 'scale', host, service: 'scaled', class: 'nginx-external' }));
    const first = await eventually(() => pod(external(host)));
    await kubectl(['scale', 'deployment', 'scaled', '--replicas=3']);
    const podsSeen = async (): Promise<Set<string>> => new Set(await Promise.all(Array.from({ length: 9 }, () => pod(external(host)))));
    await eventually(async () => expect((await podsSeen()).size).to.equal(3));
    await kubectl(['scale', 'deployment', 'scaled', '--replicas=1']);
    const left = await eventually(async () => {
      const seen = await podsSeen();
      expect(seen.size).to.equal(1);
      return seen;
    });
    for (let round = 0; round < 20; round++) expect(await podsSeen()).to.deep.equal(left);
    expect(first).to.be.a('string');
    await kubectl(['scale', 'deployment', 'scaled', '--replicas=0']);
    await eventually(() => status(external(host), 503));
  });

  it('gives an Ingress of a foreign class no route and no status, and ours the address of their class', async () => {
    await kubectl(['apply', '-f', '-'], `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: foreign}
spec: {controller: example.com/other}
---` + ingress({ name: 'foreign', host: 'foreign.example.com', service: 'blue', class: 'foreign' }) +
      ingress({ name: 'ours-external', host: 'ours.example.com', service: 'blue', class: 'nginx-external' }) +
      ingress({ name: 'ours-internal', host: 'ours.example.com', service: 'blue', class: 'nginx-internal' }) +
      ingress({ name: 'ours-legacy', host: 'legacy.example.com', service: 'blue', annotations: 'kubernetes.io/ingress.class: nginx' }));
    await eventually(async () => {
      const table = await kubectl(['get', 'ingress']);
      expect(table).to.match(/^ours-external .*nginx-external\.localhost/m);
      expect(table).to.match(/^ours-internal .*nginx-internal\.localhost/m);
      expect(table).to.match(/^ours-legacy .*nginx-external\.localhost/m);
    });
    expect(await kubectl(['get', 'ingress', 'foreign', '-o', 'jsonpath={.status}'])).to.equal('{"loadBalancer":{}}');
    await status(external('foreign.example.com'), 404);
    await status(internal('foreign.example.com'), 404);
  });

  it('serves the certificate of a Secret by server name, and its replacement while running', async () => {
    const host = 'tls.example.com';
    const secret = async (): Promise<string> => {
      const { certificate, key } = await selfSigned(host);
      const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
      return JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls' }, type: 'kubernetes.io/tls', data });
    };
    await kubectl(['apply', '-f', '-'], await secret());
    await kubectl(['apply', '-f', '-'], ingress({ name: 'tls', host, service: 'blue', class: 'nginx-external', tls: 'tls' }));
    const first = await soon(async () => {
      const answer = await secure(host);
      expect(answer.commonName).to.equal(host);
      expect(answer.status).to.equal(200);
      return answer.fingerprint;
    });
    expect((await secure('unknown.example.com')).commonName).to.not.equal(host);
    await kubectl(['apply', '-f', '-'], await secret());
    await soon(async () => {
      const { commonName, fingerprint } = await secure(host);
      expect(commonName).to.equal(host);
      expect(fingerprint).to.not.equal(first);
    });
  });

  it('counts each request under its class', async () => {
    const host = 'count.example.com';
    await kubectl(['apply', '-f', '-'], ingress({ name: 'count', host, service: 'blue', class: 'nginx-external' }) +
      ingress({ name: 'count-internal', host, service: 'green', class: 'nginx-internal' }));
    await soon(async () => {
      await status(external(host), 200);
      await status(internal(host), 200);
    });
    const read = async (className: string, name: string): Promise<number> => {
      const { text } = await httpGet({ port: dev.adminPort, host: 'localhost', path: '/metrics' });
      const line = text.split('\n').find((one) => one.startsWith('ingress_arbiter_requests_total{') && one.includes(`ingress_class="${className}"`) &&
        one.includes(`ingress_name="${name}"`) && one.includes('code="200"'));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const before = [await read('nginx-external', 'count'), await read('nginx-internal', 'count-internal')] as const;
    for (let round = 0; round < 5; round++) await status(external(host), 200);
    for (let round = 0; round < 3; round++) await status(internal(host), 200);
    expect(await read('nginx-external', 'count')).to.equal(before[0] + 5);
    expect(await read('nginx-internal', 'count-internal')).to.equal(before[1] + 3);
    expect(await read('nginx-internal', 'count')).to.equal(0);
  });
});
