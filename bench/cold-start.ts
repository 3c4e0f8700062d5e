// How soon everything is served that a cluster has when controller and engine start: node dist/bench/cold-start.js
// [--ingresses 10000,100000] [--relist] [--profile <folder>]. A whole installation, both programs begun at once. Prints where the time went
// and the controller's memory; writes bench/results/cold-start-<n>.json.
//
// The API server is in this process on the same machine: its own time for the lists is told beside, for another machine would do that.
// `--relist` then cuts the controller's watches off makes a change and forgets all recent ones, as a compaction does, so that it lists
// all Ingresses again, and tells of its event loop meanwhile. The programs are those of the images, one file each; with `--profile` they are as
// they are built, and the controller writes a profile (node --cpu-prof) into the folder.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { eventually } from '../test/fixtures/eventually.js';
import { untilAllServed } from './harness/ask.js';
import { bundlePrograms } from './harness/bundle-programs.js';
import { CLASS, ingress } from './harness/cluster.js';
import { type ControllerProcess, type LoopReport, type Programs, metric } from './harness/installation.js';
import { anonymousMemory, monotonicMs, processorTime } from './harness/processor-time.js';
import { conditions, writeResult } from './harness/report.js';
import { type Running, hostsUpTo, withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { ingresses: { type: 'string', default: '10000,100000' }, relist: { type: 'boolean', default: false }, profile: { type: 'string' } } });
/** Hosts over the whole range that are asked for. */
const ASKED = 500;

interface Result {
  ingresses: number;
  /** Since both programs were begun, ms: the controller's code begins to be loaded; everything is listed; the claim is held; the engine follows; it has taken the table; all is served. */
  upMs: number;
  listedMs: number;
  heldMs: number;
  followsMs: number;
  takenMs: number;
  servedMs: number;
  /** Processor time until then, ms; of this process for the lists, with the questions whether all is served. */
  spentMs: { controller: number; agent: number; nginx: number; apiServer: number };
  /** Bytes: resident, and without what files are behind, when all is served; the most resident until then. */
  controller: { resident: number; anonymous: number; most: number; heapUsed: number };
  loop: LoopReport;
  relist?: { ms: number; loop: LoopReport };
}

/** When a program said something first, by its own clock, in milliseconds since `begunAt` (Date.now). */
function saidAfter(output: string, pattern: RegExp, begunAt: number): number {
  const line = output.split('\n').find((one) => pattern.test(one)) ?? '';
  const [time] = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line) ?? [];
  return time === undefined ? NaN : Date.parse(time) - begunAt;
}

/** Milliseconds since the last whole list of Ingresses. */
async function listAge(controller: ControllerProcess): Promise<number> {
  return metric(await controller.metrics(), 'ingress_arbiter_watch_list_age_seconds', 'resource="ingresses"') * 1000;
}

async function listAgain({ api, relay, installation }: Running): Promise<Result['relist']> {
  const controller = installation.controllers[CLASS]!;
  const relists = async (): Promise<number> => [...(await controller.metrics()).matchAll(/^ingress_arbiter_watch_relists_total\{[^}]*resource="ingresses"[^}]*\} (\d+)/gm)].reduce((sum, [, one]) => sum + Number(one), 0);
  const before = await relists();
  await controller.loop();
  const begun = monotonicMs();
  await relay.stop();
  // Whoever has seen everything can go on without a list.
  api.store.update(ingress('h0', 'changing') as never);
  api.store.compact();
  await relay.start();
  await eventually(async () => { if (await relists() === before) throw new Error('the Ingresses are not listed again'); }, 120_000);
  const ms = monotonicMs() - begun;
  return { ms, loop: await controller.loop() };
}

async function measure(ingresses: number, programs: Programs | undefined): Promise<Result> {
  const nodeOptions = values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', path.resolve(values.profile)];
  const atBegin = { spent: 0, date: 0 };
  const onBegin = (): void => { [atBegin.spent, atBegin.date] = [processorTime([process.pid]), Date.now()]; };
  return withInstallation({ ingresses, early: true, watchLoop: true, nodeOptions, onBegin, ...(programs && { programs }) }, async (running) => {
    const { installation, begunMs } = running;
    const { engine, controllers: { [CLASS]: controller } } = installation;
    await untilAllServed(installation.port(CLASS), hostsUpTo(ingresses, ASKED));
    const servedMs = monotonicMs() - begunMs;
    const pids = [[controller!.child.pid!], [engine.child.pid!], installation.workers()];
    const [ofController, agent, nginx] = pids.map((one) => processorTime(one) / 1e6) as [number, number, number];
    const apiServer = (processorTime([process.pid]) - atBegin.spent) / 1e6;
    const age = await listAge(controller!);
    const listedMs = monotonicMs() - begunMs - age;
    const loop = await controller!.loop();
    const said = (program: { output(): string }, pattern: RegExp): number => saidAfter(program.output(), pattern, atBegin.date);
    return {
      ingresses, upMs: loop.upMs, listedMs, heldMs: said(controller!, /holds the claim/), followsMs: said(engine, /follows/), takenMs: said(controller!, /entries served by/), servedMs,
      spentMs: { controller: ofController, agent, nginx, apiServer },
      controller: { resident: loop.memory.rss, anonymous: anonymousMemory([controller!.child.pid!]), most: loop.mostResident, heapUsed: loop.memory.heapUsed },
      loop, ...(values.relist ? { relist: (await listAgain(running))! } : {}),
    };
  });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const renderLoop = ({ p50, p99, p999, most }: LoopReport): string => `event loop late p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, p99.9 ${p999.toFixed(1)}, most ${most.toFixed(0)} ms`;

if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });
const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-programs-'));
const programs = values.profile === undefined ? await bundlePrograms(folder) : undefined;
for (const ingresses of values.ingresses.split(',').map(Number)) {
  const before = await conditions([ingressArbiter]);
  const result = await measure(ingresses, programs);
  const { upMs, listedMs, heldMs, followsMs, takenMs, servedMs, spentMs, controller, loop, relist } = result;
  console.log(`${ingresses} Ingresses, ms since the programs were begun: Node up ${upMs.toFixed(0)}, claim held ${heldMs.toFixed(0)}, listed ${listedMs.toFixed(0)}, engine follows ${followsMs.toFixed(0)}, ` +
    `table taken ${takenMs.toFixed(0)}, all served ${servedMs.toFixed(0)}`);
  console.log(`  processor time: ${Object.entries(spentMs).map(([who, ms]) => `${who} ${ms.toFixed(0)}`).join(', ')} ms`);
  console.log(`  controller: resident ${megabytes(controller.resident)}, at most ${megabytes(controller.most)}, anonymous ${megabytes(controller.anonymous)}, heap ${megabytes(controller.heapUsed)}; ${renderLoop(loop)}`);
  if (relist !== undefined) console.log(`  listed again within ${relist.ms.toFixed(0)} ms: resident at most ${megabytes(relist.loop.mostResident)}, ${renderLoop(relist.loop)}`);
  writeResult(`cold-start-${ingresses}`, { name: `cold-start-${ingresses}`, conditions: before, result });
}
rmSync(folder, { recursive: true });
