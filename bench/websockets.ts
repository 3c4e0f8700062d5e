// WebSockets that stay open while everything changes: node dist/bench/websockets.js [--sockets 1000] [--updates 10000] [--rate 200].
// A whole installation with two classes. Changes are of every kind in turn, also of the Ingress and the endpoints that the sockets went
// through. A socket counts as dropped when it has ended, or does not bring back a word at the end. Writes bench/results/websockets.json.

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEchoBackend } from '../test/fixtures/echo-backend.js';
import { tlsSecret } from '../test/fixtures/dev-rig.js';
import { openWebSocket } from '../test/fixtures/open-websocket.js';
import { selfSigned } from '../test/fixtures/self-signed.js';
import { untilAllServed } from './harness/ask.js';
import { CLASS, type Named, hostOf, idOf, ingress, service, slice } from './harness/cluster.js';
import { metric } from './harness/installation.js';
import { paced } from './harness/paced.js';
import { conditions, writeResult } from './harness/report.js';
import { type Running, withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { sockets: { type: 'string', default: '1000' }, updates: { type: 'string', default: '10000' }, rate: { type: 'string', default: '200' } } });
const OTHER = 'other';
const AT_ONCE = 50;
const NEW = 100;

/** What changes, by kind; each is told how often it was called before. */
function kindsOf({ api, pods }: Running, backend: number, certificates: readonly { certificate: string; key: string }[]): Record<string, (round: number) => void> {
  const replace = (object: Named | object): void => { api.store.update(object as never); };
  const edited = (round: number): Record<string, string> => ({ 'nginx.ingress.kubernetes.io/proxy-body-size': `${round % 60 + 1}m` });
  return {
    created: (round) => api.store.create(ingress(`new-${round}`) as never),
    edited: (round) => replace(ingress(`new-${round}`, 'web', CLASS, { at: '/edited', annotations: edited(round) })),
    'their Ingress': (round) => replace(ingress('sockets', 'sockets', CLASS, { annotations: edited(round) })),
    'their endpoints': (round) => replace(slice('sockets', round % 2 === 0 ? pods.ports : [backend])),
    'their path': (round) => replace(ingress('sockets', 'sockets', CLASS, { at: round % 2 === 0 ? '/elsewhere' : '/' })),
    secret: (round) => replace(tlsSecret('tls', certificates[round % certificates.length]!)),
    class: (round) => replace(ingress(`new-${round}`, 'web', OTHER)),
    endpoints: (round) => replace(slice('changing', round % 2 === 0 ? [] : pods.ports)),
    deleted: (round) => { if (round >= NEW) api.store.delete(idOf(ingress(`new-${round - NEW}`))); },
  };
}

async function measure(): Promise<{ opened: number; dropped: number; changes: Record<string, number>; updates: number; seconds: number }> {
  const backend = await startEchoBackend('echo');
  const certificates = await Promise.all([0, 1, 2].map(() => selfSigned('tls.example.com')));
  const secured = ingress('tls');
  Object.assign(secured['spec'] as object, { tls: [{ hosts: [hostOf('tls')], secretName: 'tls' }] });
  const more = (): Named[] => [service('sockets'), slice('sockets', [backend.port]), ingress('sockets', 'sockets'), tlsSecret('tls', certificates[0]!) as Named, secured];
  return withInstallation({ ingresses: 100, classes: [CLASS, OTHER], more }, async (running) => {
    const { installation } = running;
    await untilAllServed(installation.port(CLASS), [hostOf('sockets')]);
    const count = Number(values.sockets);
    const sockets: Awaited<ReturnType<typeof openWebSocket>>[] = [];
    while (sockets.length < count) {
      sockets.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => openWebSocket(installation.port(CLASS), hostOf('sockets')))));
    }
    const kinds = Object.entries(kindsOf(running, backend.port, certificates));
    const changes = Object.fromEntries(kinds.map(([kind]) => [kind, 0]));
    const begun = performance.now();
    await paced(Number(values.rate), { times: Number(values.updates) }, (at) => {
      const [kind, change] = kinds[at % kinds.length]!;
      change(changes[kind]!);
      changes[kind]! += 1;
    });
    await pause(2000);
    const seconds = (performance.now() - begun) / 1000;
    const told = await Promise.allSettled(sockets.map((socket, at) => Promise.race([socket.echo(`still-${at}`), pause(10_000).then(() => { throw new Error('silent'); })])));
    for (const socket of sockets) socket.close();
    const updates = metric(await installation.controllers[CLASS]!.metrics(), 'ingress_arbiter_table_updates_total', 'result="applied"');
    return { opened: sockets.length, dropped: told.filter(({ status }) => status === 'rejected').length, changes, updates, seconds };
  }).finally(() => backend.close());
}

const before = await conditions([ingressArbiter]);
const result = await measure();
const total = Object.values(result.changes).reduce((a, b) => a + b);
console.log(`${result.opened} WebSockets over ${total} changes in ${result.seconds.toFixed(0)} s (${Object.entries(result.changes).map(([kind, count]) => `${kind} ${count}`).join(', ')}), ` +
  `${result.updates} updates of their class: ${result.dropped} dropped`);
writeResult('websockets', { name: 'websockets', options: values, conditions: before, result });
if (result.dropped > 0) process.exitCode = 1;
