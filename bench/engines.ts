// Two engines for two classes against one that both share: node dist/bench/engines.js [--hosts 10000] [--rounds 10] [--seconds 2]. Each is
// the real program, with its tables on its disk and no controller; both classes are asked at once, their hosts in turn. Prints memory (PSS
// of all processes: what several share is divided among them) and processor time for a request; writes bench/results/engines.json.
//
// nginx of both sides is on one processor, load and pods on the other one; a round is shared, separate, shared, and so on. Memory is told
// before the first request, when all are served, and after the last one.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificates } from '../src/cli/certs/make-certificates.js';
import { eventually } from '../test/fixtures/eventually.js';
import { type EngineProgram, putTable, startEngineProgram } from '../test/fixtures/engine-program.js';
import { freePorts } from '../test/fixtures/free-ports.js';
import { type Load, createLoad } from './harness/load.js';
import { startPods } from './harness/pods.js';
import { bindTo, childrenOf, processorTime, proxyProcessor, sharedOutMemory } from './harness/processor-time.js';
import { conditions, quantile, writeResult } from './harness/report.js';
import { type Scenario, scenarioWith } from './harness/scenario.js';
import { ingressArbiter, tableOf } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { hosts: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '10' }, seconds: { type: 'string', default: '2' } } });
const BUSY_ENOUGH = 0.85;

interface Side {
  name: string;
  programs: EngineProgram[];
  ports: number[];
  memory: { served: number; asked: number };
  microseconds: number[];
  busy: number[];
}

/** An engine that serves these classes from its disk. */
async function startServing(folder: string, name: string, { scenario, pods, classes }: { scenario: Scenario; pods: readonly number[]; classes: readonly number[] }): Promise<EngineProgram> {
  // Nobody is there: the engine asks now and then, and serves what it has.
  const [nobody] = await freePorts(1);
  for (const at of classes) {
    const entries = new Map(tableOf({ scenario, pods, certificates: [] }, at).set.map(({ key, value }) => [key, JSON.stringify(value)]));
    putTable(path.join(folder, `work-${name}`), `class${at}`, { epoch: 1, sequence: 1, entries });
  }
  const program = await startEngineProgram({ folder, name, controllers: Object.fromEntries(classes.map((at) => [`class${at}`, [`https://127.0.0.1:${nobody}`]])) });
  await eventually(() => program.expectReady(), 60_000);
  return program;
}

const nginxOf = ({ programs }: Side): number[] => programs.flatMap(({ child }) => childrenOf(child.pid!)).flatMap((master) => [master, ...childrenOf(master)]);
const memoryOf = (side: Side): number => sharedOutMemory([...side.programs.map(({ child }) => child.pid!), ...nginxOf(side)]);

async function play(side: Side, load: Load): Promise<number> {
  const pids = nginxOf(side);
  const before = processorTime(pids);
  const { requests, wallMs } = await load.put(side.ports, Number(values.seconds));
  const used = (processorTime(pids) - before) / 1000;
  side.busy.push(used / 1000 / wallMs);
  return used / requests;
}

async function measure(folder: string): Promise<{ sides: Side[]; ratios: number[] }> {
  const scenario = scenarioWith({ hosts: Number(values.hosts), classes: 2, policies: true });
  mkdirSync(path.join(folder, 'tls'));
  await makeCertificates({ folder: path.join(folder, 'tls'), classes: ['class0', 'class1'], days: 2 });
  const pods = await startPods(4, folder);
  const programs: EngineProgram[] = [];
  try {
    const sides: Side[] = [];
    for (const [name, parts] of [['shared', [[0, 1]]], ['separate', [[0], [1]]]] as const) {
      const own = [];
      for (const classes of parts) own.push(await startServing(folder, `${name}-${classes.join('-')}`, { scenario, pods: pods.ports, classes }));
      programs.push(...own);
      const ports = own.flatMap((program) => Object.values(program.ports).map(({ http }) => http));
      sides.push({ name, programs: own, ports, memory: { served: 0, asked: 0 }, microseconds: [], busy: [] });
    }
    for (const side of sides) {
      bindTo(proxyProcessor, nginxOf(side));
      side.memory.served = memoryOf(side);
    }
    const ratios = await playRounds(sides as [Side, Side], createLoad(scenario, folder));
    for (const side of sides) side.memory.asked = memoryOf(side);
    return { sides, ratios };
  } finally {
    for (const program of programs) {
      program.child.kill('SIGTERM');
      await program.ended;
    }
    pods.stop();
  }
}

/** Ratios of the separate engines to the shared one before and after. */
async function playRounds([shared, separate]: [Side, Side], load: Load): Promise<number[]> {
  for (const side of [shared, separate]) await play(side, load);
  shared.microseconds.push(await play(shared, load));
  const ratios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    separate.microseconds.push(await play(separate, load));
    shared.microseconds.push(await play(shared, load));
    ratios.push(separate.microseconds.at(-1)! / ((shared.microseconds.at(-2)! + shared.microseconds.at(-1)!) / 2));
  }
  return ratios;
}

const folder = mkdtempSync(path.join(tmpdir(), 'ia-bench-'));
try {
  const before = await conditions([ingressArbiter]);
  const { sides, ratios } = await measure(folder);
  const results = sides.map(({ name, memory, microseconds, busy }) => ({ name, memory, microseconds: quantile(microseconds, 0.5), busy: quantile(busy, 0.5) }));
  for (const { name, memory, microseconds, busy } of results) {
    console.log(`${name.padEnd(9)} memory ${(memory.served / 1e6).toFixed(0)} MB when served, ${(memory.asked / 1e6).toFixed(0)} MB after the load; ${microseconds.toFixed(1)} us a request, busy ${busy.toFixed(2)}${busy < BUSY_ENOUGH ? '  VOID: the load was the bottleneck' : ''}`);
  }
  const [shared, separate] = results as [typeof results[0], typeof results[0]];
  console.log(`separate against shared: memory ${(separate.memory.asked / shared.memory.asked).toFixed(2)}, processor time of a request ${quantile(ratios, 0.5).toFixed(3)} (${quantile(ratios, 0.25).toFixed(3)} to ${quantile(ratios, 0.75).toFixed(3)})`);
  writeResult('engines', { name: 'engines', options: values, conditions: before, results, ratios });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
