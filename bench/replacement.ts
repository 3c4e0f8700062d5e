// Every endpoint of many Services replaced, one after the other, while requests come: node dist/bench/replacement.js [--services 100]
// [--generations 3] [--rate 100] [--load 1000]. A whole installation. As a Deployment does it: the new pod is there and ready, then the old
// one is terminating, then it is gone; two pods a Service. When a generation has gone its processes end, so a request that still goes to
// one of them fails. Prints the failed requests, writes bench/results/replacement.json; exit code 1 when there are any.

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { untilAllServed } from './harness/ask.js';
import { CLASS, type Named, hostOf, idOf, ingress, service, slice } from './harness/cluster.js';
import { paced } from './harness/paced.js';
import { type Pods, startPods } from './harness/pods.js';
import { elsewhere, monotonicMs } from './harness/processor-time.js';
import { conditions, writeResult } from './harness/report.js';
import { type Window, renderWindow, startSteadyLoad } from './harness/steady-load.js';
import { type Running, withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: {
  services: { type: 'string', default: '100' }, generations: { type: 'string', default: '3' }, rate: { type: 'string', default: '100' }, load: { type: 'string', default: '1000' },
} });
const services = Number(values.services);
const PER_SERVICE = 2;
/** From when the last endpoint of a generation has gone from the API to the end of its pods: they would have been told to end before. */
const GRACE_MS = 2000;
const QUIET_MS = 5000;

/** The slice of one pod of one Service. */
function podSlice(number: number, generation: number, pods: Pods, state: 'ready' | 'terminating' = 'ready'): Named {
  const [of, at] = [Math.floor(number / PER_SERVICE), number % PER_SERVICE];
  const one = slice(`s${of}`, [pods.ports[number]!], generation * PER_SERVICE + at);
  if (state === 'terminating') Object.assign((one['endpoints'] as object[])[0]!, { conditions: { ready: false, serving: true, terminating: true } });
  return one;
}

/** Replaces all pods of a generation by those of the next. */
async function replaceAll({ api, folder }: Running, generation: number, old: Pods): Promise<Pods> {
  const next = await startPods(services * PER_SERVICE, folder, elsewhere);
  // Pod by pod; within each Service one after the other.
  const steps = Array.from({ length: PER_SERVICE }, (_, at) => [
    (of: number) => void api.store.create(podSlice(of * PER_SERVICE + at, generation + 1, next) as never),
    (of: number) => void api.store.update(podSlice(of * PER_SERVICE + at, generation, old, 'terminating') as never),
    (of: number) => void api.store.delete(idOf(podSlice(of * PER_SERVICE + at, generation, old))),
  ]).flat();
  for (const step of steps) await paced(Number(values.rate), { times: services }, step);
  await pause(GRACE_MS);
  old.stop();
  return next;
}

async function measure(): Promise<{ quiet: Window; busy: Window; replaced: number }> {
  return withInstallation({ ingresses: 10 }, async (running) => {
    const { api, folder, installation } = running;
    installation.bind();
    const names = Array.from({ length: services }, (_, of) => `s${of}`);
    let pods = await startPods(services * PER_SERVICE, folder, elsewhere);
    try {
      for (const number of pods.ports.keys()) api.store.create(podSlice(number, 0, pods) as never);
      for (const name of names) for (const object of [service(name), ingress(name, name)]) api.store.create(object as never);
      await untilAllServed(installation.port(CLASS), names.map(hostOf));
      await pause(1000);
      const load = await startSteadyLoad({ folder, port: installation.port(CLASS), perSecond: Number(values.load), mostSeconds: 600, hosts: { prefix: 's', from: 0, count: services } });
      const begun = monotonicMs();
      await pause(QUIET_MS);
      const changing = monotonicMs();
      const generations = Number(values.generations);
      for (let generation = 0; generation < generations; generation++) pods = await replaceAll(running, generation, pods);
      await pause(1000);
      const windowOf = await load.stop();
      return { quiet: windowOf(begun, changing), busy: windowOf(changing, Infinity), replaced: generations * services * PER_SERVICE };
    } finally {
      pods.stop();
    }
  });
}

const before = await conditions([ingressArbiter]);
const result = await measure();
console.log(`quiet: ${renderWindow(result.quiet)}\n${result.replaced} endpoints of ${services} Services replaced: ${renderWindow(result.busy)}`);
writeResult('replacement', { name: 'replacement', options: values, conditions: before, result });
if (result.busy.failed > 0) process.exitCode = 1;
