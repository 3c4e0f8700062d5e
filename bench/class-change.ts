// Many Ingresses given to another class at once while requests come: node dist/bench/class-change.js [--ingresses 1000] [--load 500]
// [--profile <folder>]. A whole installation with two classes with short graces. Clients ask the old class until the statuses of all
// Ingresses show the address of the new one, then the new class. Prints the failed requests, how long it took and the processor time of
// both controllers; writes bench/results/class-change.json. `--profile`: each controller writes a profile (node --cpu-prof) into the folder.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { untilAllServed } from './harness/ask.js';
import { CLASS, type Named, ingress } from './harness/cluster.js';
import { monotonicMs, processorTime } from './harness/processor-time.js';
import { conditions, writeResult } from './harness/report.js';
import { type Window, renderWindow, startSteadyLoad } from './harness/steady-load.js';
import { type Running, hostsUpTo, withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { ingresses: { type: 'string', default: '1000' }, load: { type: 'string', default: '500' }, profile: { type: 'string' } } });
const count = Number(values.ingresses);
const OTHER = 'other';
const QUIET_MS = 5000;
/** Both classes are asked for so long: clients learn of an address at different times. */
const OVERLAP_MS = 1000;
const PATIENCE_MS = 240_000;
/** As many as there may be, for what is measured is not the pace of statuses. */
const STATUS_WRITES = 200;

/** A host is asked for each `count / load` seconds. */
const QUIET_SECONDS = Math.ceil(3 * count / Number(values.load));

const addressOf = (className: string): string => `${className}.lb.test`;

/** Short graces, by the ConfigMap that each IngressClass names; each host is asked for more often than a class has to be quiet before it stops. */
const settings = (className: string): Named[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: className, namespace: 'arbiter' }, data: { 'hand-over-grace': '1s', 'hand-over-quiet': `${QUIET_SECONDS}s` } },
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: className }, spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: className, namespace: 'arbiter', scope: 'Namespace' } } },
];

interface Stored { metadata: { name: string; annotations?: Record<string, string> }; status?: { loadBalancer?: { ingress?: { hostname?: string }[] } } }

/** Resolves with when it was so, of all Ingresses h0, h1, …. */
async function untilAll({ api }: Running, what: string, check: (ingress: Stored) => boolean): Promise<number> {
  const deadline = monotonicMs() + PATIENCE_MS;
  for (;;) {
    const all = (api.store.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }) as Stored[]).filter(({ metadata: { name } }) => /^h\d+$/.test(name));
    const missing = all.filter((one) => !check(one)).length;
    if (missing === 0) return monotonicMs();
    if (monotonicMs() > deadline) throw new Error(`${missing} of ${count} Ingresses do not ${what}`);
    await pause(250);
  }
}

const shows = (className: string) => ({ status }: Stored): boolean => status?.loadBalancer?.ingress?.[0]?.hostname === addressOf(className);

interface Result { quiet: Window; old: Window; new: Window; movedMs: number; doneMs: number; controllerMs: Record<string, number> }

async function measure(): Promise<Result> {
  const nodeOptions = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', path.resolve(values.profile)];
  return withInstallation({
    nodeOptions,
    ingresses: count, classes: [CLASS, OTHER], more: () => [CLASS, OTHER].flatMap(settings),
    settings: { statusWritesPerSecond: STATUS_WRITES }, claim: (name) => ({ addresses: [{ hostname: addressOf(name) }] }),
  }, async (running) => {
    const { api, folder, installation } = running;
    await untilAll(running, 'show the first address', shows(CLASS));
    installation.bind();
    const startLoad = (className: string): ReturnType<typeof startSteadyLoad> =>
      startSteadyLoad({ folder, port: installation.port(className), perSecond: Number(values.load), mostSeconds: 600, hosts: { prefix: 'h', from: 0, count } });
    const before = await startLoad(CLASS);
    const begun = monotonicMs();
    await pause(QUIET_MS);
    const spent = (name: string): number => processorTime([installation.controllers[name]!.child.pid!]) / 1e6;
    const spentBefore = [CLASS, OTHER].map(spent);
    const changing = monotonicMs();
    for (let at = 0; at < count; at++) api.store.update(ingress(`h${at}`, 'web', OTHER) as never);
    const moved = await untilAll(running, 'show the new address', shows(OTHER));
    const after = await startLoad(OTHER);
    await pause(OVERLAP_MS);
    const windowBefore = await before.stop();
    const done = await untilAll(running, 'end their hand-over', ({ metadata: { annotations } }) => annotations?.['ingress-arbiter.io/hand-over'] === undefined);
    const controllerMs = Object.fromEntries([CLASS, OTHER].map((name, at) => [name, spent(name) - spentBefore[at]!]));
    const windowAfter = await after.stop();
    await untilAllServed(installation.port(OTHER), hostsUpTo(count));
    return { quiet: windowBefore(begun, changing), old: windowBefore(changing, Infinity), new: windowAfter(0, Infinity), movedMs: moved - changing, doneMs: done - changing, controllerMs };
  });
}

if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });
const before = await conditions([ingressArbiter]);
const result = await measure();
console.log(`quiet: ${renderWindow(result.quiet)}\n${count} Ingresses to another class: all moved after ${(result.movedMs / 1000).toFixed(1)} s, all over after ${(result.doneMs / 1000).toFixed(1)} s` +
  `\n  processor time of controllers: ${Object.entries(result.controllerMs).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', ')}` +
  `\n  at the old class ${renderWindow(result.old)}\n  at the new class ${renderWindow(result.new)}`);
writeResult('class-change', { name: 'class-change', options: values, conditions: before, result });
if (result.old.failed + result.new.failed > 0) process.exitCode = 1;
