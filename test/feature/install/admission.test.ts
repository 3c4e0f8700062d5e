// The validating webhook as kubectl's users meet it: the shipped configuration in the dev cluster, certificates from the Job's
// own command, a controller that is asked over TLS.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { fillSecrets } from '../../../src/cli/certs/fill-secrets.js';
import { type ControllerProgram, startControllerProgram } from '../../../src/cli/controller/start-controller-program.js';
import { claimOf } from '../../../src/core/claim.js';
import { connectToApi } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { eventually } from '../../fixtures/eventually.js';
import { shippedObjects } from '../../fixtures/shipped-access.js';
import { type KubectlSession, startKubectlSession } from '../dev-cluster/kubectl-session.js';

const NAMESPACE = 'ingress-arbiter';
const CLASS = 'nginx-external';

const manifest = (name: string, host: string, { path: at = '/', className = CLASS, annotation = '' } = {}): string => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, namespace: default, annotations: {${annotation}}}
spec:
  ingressClassName: ${className}
  rules: [{host: ${host}, http: {paths: [{path: "${at}", pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}}]
`;

describe('feature: admission', function () {
  this.timeout(60_000);
  let session: KubectlSession;
  let folder: string;
  let program: ControllerProgram | undefined;
  const file = (name: string): string => path.join(folder, name);
  const apply = (text: string): Promise<{ code: number; out: string; err: string }> => session.run('apply -f -', { stdin: text });

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-admission-'));
    session = await startKubectlSession({
      reachService: ({ name, port }) => (program === undefined || name !== `ingress-arbiter-controller-${CLASS}` || port !== 8444 ? undefined : { host: '127.0.0.1', port: program.admissionPort! }),
    });
    const { store } = session.server;
    store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    for (const name of ['authority', 'engine', CLASS]) store.create({ apiVersion: 'v1', kind: 'Secret', type: 'ingress-arbiter.io/identity', metadata: { name: `ingress-arbiter-tls-${name}`, namespace: NAMESPACE } });
    store.create(shippedObjects('components/admission/webhooks.yaml').find(({ kind }) => kind === 'ValidatingWebhookConfiguration')!);
    for (const name of [CLASS, 'other']) store.create({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller: name === 'other' ? 'example.com/other' : 'ingress-arbiter.io/controller', ...(name === CLASS ? { parameters: { kind: 'ConfigMap', name: 'settings', scope: 'Namespace', namespace: NAMESPACE } } : {}) } });
    store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: NAMESPACE }, data: {} });
    store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    writeFileSync(file('kubeconfig'), session.server.kubeconfig());
    const connection = await connectToApi({ source: { kind: 'path', path: file('kubeconfig') } });
    await fillSecrets({ api: createKubeApi({ connection }), namespace: NAMESPACE, classes: [CLASS], days: 1, webhook: 'ingress-arbiter' });
    await connection.close();
    const secret = store.get({ apiVersion: 'v1', kind: 'Secret', namespace: NAMESPACE, name: `ingress-arbiter-tls-${CLASS}` })!;
    for (const [name, text] of Object.entries(secret['data'] as Record<string, string>)) writeFileSync(file(name), Buffer.from(text, 'base64'));
  });
  after(async () => {
    await program?.stop();
    await session?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<void> => {
    program = await startControllerProgram({
      claims: [claimOf(CLASS)], installation: { name: 'default', namespace: NAMESPACE }, kubeconfig: { kind: 'path', path: file('kubeconfig') }, admin: { address: '127.0.0.1', port: 0 }, identity: 'one', admission: 0,
      stream: { address: '127.0.0.1', port: 0, tls: { certificate: file('tls.crt'), key: file('tls.key'), authority: file('ca.crt') } },
    }, () => undefined);
  };

  it('without the controller Ingresses are written as if there were no webhook', async () => {
    const { code, err } = await apply(manifest('first', 'a.test'));
    expect([code, err]).to.deep.equal([0, '']);
  });

  it('kubectl prints what would become of an Ingress: a taken path, a refused annotation, a move out of the class', async () => {
    await start();
    await eventually(async () => expect((await apply(manifest('second', 'a.test'))).err).to.match(/^Warning: IA124: path "\/" of host "a\.test" belongs to Ingress default\/first, which is older/), 15_000);
    const snippet = await apply(manifest('third', 'c.test', { annotation: 'nginx.ingress.kubernetes.io/server-snippet: "return 200;"' }));
    expect([snippet.code, snippet.err]).to.satisfy(([code, text]: [number, string]) => code === 0 && /^Warning: IA15[0-3]: /m.test(text));
    const fine = await apply(manifest('fine', 'fine.test'));
    expect([fine.code, fine.err]).to.deep.equal([0, '']);
    expect((await apply(manifest('first', 'a.test', { className: 'other' }))).err).to.match(/Warning: class nginx-external will not serve it any more \(rule foreign-controller\)/);
  });

  it('a class that is strict refuses, in dry runs too, and stores nothing', async () => {
    const { store } = session.server;
    const settings = store.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'settings' })!;
    store.update({ ...settings, data: { 'strict-admission': 'true' } });
    await eventually(async () => {
      const { code, err } = await session.run('apply --dry-run=server -f -', { stdin: manifest('bad', 'bad.test', { path: '/a\\nb' }) });
      expect([code, err]).to.satisfy(([status, text]: [number, string]) => status === 1 && text.includes('admission webhook "nginx-external.ingress-arbiter.io" denied the request: IA121: '));
    }, 10_000);
    expect((await apply(manifest('bad', 'bad.test', { path: '/a\\nb' }))).code).to.equal(1);
    expect(store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'bad' })).to.equal(undefined);
    const others = await apply(manifest('foreign', 'bad.test', { path: '/a\\nb', className: 'other' }));
    expect(others.code, others.err).to.equal(0);
    // With its faults from before it stays writable.
    expect((await session.run('label ingress third touched=yes')).code).to.equal(0);
  });

  const ask = (body: string, contentType = 'application/json'): Promise<{ status: number; text: string }> => new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: program!.admissionPort!, path: '/validate', method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'content-type': contentType } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => { text += piece; }).once('end', () => resolve({ status: answer.statusCode!, text }));
    });
    asked.once('error', reject);
    asked.end(body);
  });

  it('answers what it can\'t read with 4xx and lives on', async () => {
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', kind: { group: 'networking.k8s.io', kind: 'Ingress' }, operation: 'CREATE' } };
    const bad = ['', 'null', '[]', '{', '{"kind":"AdmissionReview"}', JSON.stringify({ ...review, request: { ...review.request, object: 7 } }), JSON.stringify({ ...review, request: { ...review.request, object: { metadata: null } } }), JSON.stringify({ ...review, request: { ...review.request, kind: { group: '', kind: 'Pod' } } }), `{"a":${'['.repeat(100_000)}`];
    for (const body of bad) expect((await ask(body)).status, body.slice(0, 80)).to.be.within(400, 499);
    // The server may cut a body that is too long before it has heard all of it.
    const long = await ask(JSON.stringify({ ...review, padding: 'x'.repeat(8 * 1024 * 1024) })).then(({ status }) => status, () => 413);
    expect(long).to.equal(413);
    const odd = await ask(JSON.stringify({ ...review, request: { ...review.request, object: { metadata: { name: 'x', namespace: 'default', uid: '1\n}' }, spec: { ingressClassName: CLASS, rules: 'none' } } } }));
    expect(odd.status).to.be.within(200, 500);
    expect(JSON.parse((await ask(JSON.stringify({ ...review, request: { ...review.request, operation: 'DELETE', object: null } }))).text)).to.deep.include({ response: { uid: 'u', allowed: true } });
  });

  it('gives up on a question that does not come to its end', async () => {
    const from = performance.now();
    const ended = await new Promise<string>((resolve) => {
      const asked = request({ host: '127.0.0.1', port: program!.admissionPort!, path: '/validate', method: 'POST', rejectUnauthorized: false, agent: false, headers: { 'content-type': 'application/json', 'content-length': 1000 } }, (answer) => { answer.resume(); resolve(String(answer.statusCode)); });
      asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      asked.write('{');
    });
    expect(ended).to.be.oneOf(['408', 'ECONNRESET']);
    expect(performance.now() - from).to.be.within(1500, 10_000);
  });
});
