// What one Ingress costs in a controller's memory: node dist/bench/controller-memory.js [--ingresses 20000] [--snapshot <file>]. Nothing is
// started: objects as an API server sends them, kept as watches keep them, go to an arbiter that decides once. Prints bytes of heap for each
// Ingress: of the objects, and of what is decided. `--snapshot`: writes a heap snapshot of the end (node's --heapsnapshot format).

import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArgs } from 'node:util';
import { certificateInspector } from '../src/controller/inspect-certificate.js';
import { createArbiter } from '../src/core/arbiter.js';
import { claimOf } from '../src/core/claim.js';
import { type KubeObject, objectKey, stripBulk } from '../src/kubernetes/kube-object.js';
import { endpointSlices, ingressClasses, ingresses, services } from '../src/kubernetes/resources.js';
import { CLASS, ingress, service, sharedObjects } from './harness/cluster.js';

const { values } = parseArgs({ options: { ingresses: { type: 'string', default: '20000' }, snapshot: { type: 'string' } } });
const count = Number(values.ingresses);
const ADDRESS = '192.0.2.1';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the heap that something holds. */
function heapUsed(): number {
  for (let at = 0; at < 4; at++) collect();
  return process.memoryUsage().heapUsed;
}

/** As an API server sends it: what it adds to an object is about as large as the object. */
function sent(object: { metadata: object; [field: string]: unknown }, at: number): string {
  const managed = [
    { manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: 'networking.k8s.io/v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {} } }, 'f:spec': { 'f:ingressClassName': {}, 'f:rules': {} } } },
    { manager: 'ingress-arbiter', operation: 'Update', apiVersion: 'networking.k8s.io/v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1', subresource: 'status', fieldsV1: { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } } },
  ];
  const uid = `9d3f2c1e-7a4b-4c5d-8e6f-${String(at).padStart(12, '0')}`;
  return JSON.stringify({ ...object, metadata: { ...object.metadata, uid, resourceVersion: String(1_000_000 + at), generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: managed } });
}

const kinds = { IngressClass: [ingressClasses, 'ingressClasses'], Service: [services, 'services'], EndpointSlice: [endpointSlices, 'endpointSlices'], Ingress: [ingresses, 'ingresses'] } as const;

const arbiter = createArbiter([claimOf(CLASS, { addresses: [{ ip: ADDRESS }] })], certificateInspector(() => 0));
const kept = new Map<string, KubeObject>();
const status = { loadBalancer: { ingress: [{ ip: ADDRESS }] } };

function keep(object: { metadata: object; [field: string]: unknown }, at: number): void {
  const [resource] = kinds[object['kind'] as keyof typeof kinds] ?? [];
  if (resource === undefined) return;
  const read = stripBulk(JSON.parse(Buffer.from(sent(object, at)).toString('utf8')) as KubeObject, resource);
  kept.set(`${read.kind} ${objectKey(read.metadata)}`, read);
}

const empty = heapUsed();
sharedObjects([8080]).forEach((object, at) => keep(object as never, at));
for (let at = 0; at < count; at++) {
  // Most Services have a few Ingresses.
  if (at % 4 === 0) keep(service(`web-${at / 4}`) as never, at);
  keep({ ...ingress(`h${at}`, `web-${Math.floor(at / 4)}`), status } as never, at);
}
const objects = heapUsed();
for (const object of kept.values()) arbiter.take(kinds[object.kind as keyof typeof kinds][1], objectKey(object.metadata), object as never);
arbiter.settle(0);
const decided = heapUsed();
if (arbiter.tables.get(CLASS)!.size < count) throw new Error('not all is served');
console.log(`${count} Ingresses, bytes of heap each: objects ${((objects - empty) / count).toFixed(0)}, decided ${((decided - objects) / count).toFixed(0)}, together ${((decided - empty) / count).toFixed(0)}`);
if (values.snapshot !== undefined) writeHeapSnapshot(values.snapshot);
