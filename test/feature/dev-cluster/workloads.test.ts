// Sample workloads on a dev cluster: real servers that come and go with `kubectl scale`, and slices that follow them.
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { ApiClient } from '../../../src/dev-cluster/workloads/api-client.js';
import type { Workloads } from '../../../src/dev-cluster/workloads/workloads.js';
import { startWorkloads } from '../../../src/dev-cluster/workloads/workloads.js';
import type { KubectlSession } from './kubectl-session.js';
import { startKubectlSession } from './kubectl-session.js';

const tutorial = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hostname-deployment}
spec:
  replicas: 3
  selector: {matchLabels: {app: webserver}}
  template:
    metadata: {labels: {app: webserver}}
    spec:
      containers:
      - name: my-webserver
        image: alicek106/rr-test:echo-hostname
        ports: [{containerPort: 5000, name: flask-port}]
---
apiVersion: v1
kind: Service
metadata: {name: hostname-service}
spec:
  selector: {app: webserver}
  ports: [{name: web-port, port: 80, targetPort: flask-port}]
`;

interface Endpoint { addresses: string[]; conditions: { ready: boolean; terminating: boolean } }
interface Answer { pod: string; service: string; path: string; address: string }

async function ask(address: string, port: number): Promise<Answer> {
  const sent = request({ host: address, port, path: '/echo-hostname', agent: false }).end();
  const [response] = await once(sent, 'response') as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return JSON.parse(text) as Answer;
}

async function eventually<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const end = performance.now() + 8_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what} did not come about in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('dev-cluster: sample workloads', function () {
  this.timeout(20_000);
  let session: KubectlSession;
  let workloads: Workloads;
  let watcher: ApiClient;
  const problems: string[] = [];
  const slices = new Map<string, KubeObject>();
  /** Every state of the slices' endpoints that the watch has shown, oldest first. */
  const history: Endpoint[][] = [];

  const endpoints = (): Endpoint[] => [...slices.values()].flatMap((slice) => (slice['endpoints'] as Endpoint[] | null) ?? []);
  const ready = (count: number): Promise<string[]> => eventually(() => {
    const addresses = endpoints().filter((endpoint) => endpoint.conditions.ready).flatMap((endpoint) => endpoint.addresses);
    return addresses.length === count && endpoints().length === count ? addresses : undefined;
  }, `${count} ready endpoints and no other`);

  before(async () => {
    session = await startKubectlSession({ allowLoopbackEndpoints: true });
    const access = { apiUrl: session.server.url, token: session.server.token, caPem: session.server.caPem };
    workloads = startWorkloads({ ...access, drain: 250, grace: 500, onProblem: (message) => problems.push(message) });
    watcher = new ApiClient(access);
    watcher.watch('/apis/discovery.k8s.io/v1/endpointslices', { objects: slices, changed: () => history.push(endpoints()) });
    await session.kubectl('apply -f -', { stdin: tutorial });
  });

  after(async () => {
    await watcher?.close();
    await workloads?.close();
    await session?.close();
  });

  it('listens once per replica, each on its own loopback address, at the named target port', async () => {
    const addresses = await ready(3);
    const answers = await Promise.all(addresses.map((address) => ask(address, 5000)));
    expect(new Set(answers.map((answer) => answer.pod)).size).to.equal(3);
    expect(answers[0]).to.deep.include({ service: 'hostname-service', path: '/echo-hostname', address: `${addresses[0]}:5000`, deployment: 'hostname-deployment', namespace: 'default' });
  });

  it('tells kubectl when a Deployment is there', async () => {
    expect(await session.kubectl('rollout status deployment/hostname-deployment --timeout=8s')).to.match(/successfully rolled out/);
    expect(await session.kubectl('get deploy hostname-deployment --no-headers')).to.match(/^hostname-deployment\s+3\/3\s+3\s+3/);
    await session.kubectl('wait deploy/hostname-deployment --for=condition=available --timeout=8s');
  });

  it('adds endpoints that already answer when scaled up', async () => {
    await session.kubectl('scale deployment hostname-deployment --replicas=5');
    const addresses = await ready(5);
    await Promise.all(addresses.map((address) => ask(address, 5000)));
  });

  it('shows stopping pods as terminating before it takes them out, and lets them answer until then', async () => {
    const before = await ready(5);
    history.length = 0;
    await session.kubectl('scale deployment hostname-deployment --replicas=2');
    const stopping = await eventually(() => history.find((state) => state.some((endpoint) => endpoint.conditions.terminating)), 'a terminating endpoint');
    expect(stopping).to.have.length(5);
    const leaving = stopping.filter((endpoint) => endpoint.conditions.terminating).map((endpoint) => endpoint.addresses[0]!);
    expect((await ask(leaving[0]!, 5000)).pod).to.be.a('string');
    const left = await ready(2);
    expect(before).to.include.members(left);
    await eventually(() => ask(leaving[0]!, 5000).then(() => undefined, () => true), 'the end of the server');
  });

  it('replaces the pods when the template changes, new ones first', async () => {
    const before = await ready(2);
    history.length = 0;
    await session.kubectl('set env deployment/hostname-deployment COLOUR=blue');
    await eventually(() => (endpoints().length === 2 && !endpoints().some((endpoint) => before.includes(endpoint.addresses[0]!)) ? true : undefined), 'two new endpoints');
    expect(Math.min(...history.map((state) => state.filter((endpoint) => endpoint.conditions.ready).length))).to.equal(2);
  });

  it('heals a slice that somebody deletes or changes', async () => {
    await ready(2);
    await session.kubectl('delete endpointslice -l kubernetes.io/service-name=hostname-service --wait=false');
    await eventually(() => (slices.size === 0 ? true : history.some((state) => state.length === 0) || undefined), 'the deletion');
    await ready(2);
  });

  it('follows a Service that comes later, also to a port that no container names', async () => {
    await session.kubectl('apply -f -', { stdin: 'apiVersion: v1\nkind: Service\nmetadata: {name: late}\nspec: {selector: {app: webserver}, ports: [{port: 81, targetPort: 5081}]}\n' });
    const late = await eventually(() => [...slices.values()].find((slice) =>
      slice.metadata.labels?.['kubernetes.io/service-name'] === 'late' && (slice['endpoints'] as Endpoint[]).length === 2), 'the slice of the late Service');
    expect(late['ports']).to.have.nested.property('[0].port', 5081);
    expect(await ask((late['endpoints'] as Endpoint[])[0]!.addresses[0]!, 5081)).to.have.property('service', 'late');
  });

  it('ends the pods with their Deployment, and every server when it closes', async () => {
    const addresses = workloads.pods().map((pod) => pod.address);
    await session.kubectl('delete deployment hostname-deployment');
    await eventually(() => (endpoints().length === 0 ? true : undefined), 'empty slices');
    await session.kubectl('create deployment last --image=x --port=5000 --replicas=2');
    await eventually(() => (workloads.pods().filter((pod) => pod.deployment === 'last').length === 2 ? true : undefined), 'the last pods');
    addresses.push(...workloads.pods().map((pod) => pod.address));
    await workloads.close();
    expect(workloads.pods()).to.deep.equal([]);
    const answers = await Promise.all(addresses.map((address) => ask(address, 5000).catch((error: NodeJS.ErrnoException) => error.code)));
    expect(new Set(answers)).to.deep.equal(new Set(['ECONNREFUSED']));
    expect(problems).to.deep.equal([]);
  });
});
