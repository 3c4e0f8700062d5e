// Many Ingresses made at once while requests come: node dist/bench/creation.js [--ingresses 5000] [--seconds 10] [--load 500]. A whole
// installation that serves a thousand others. Prints when all new ones were served, counted from the last write, and what became of the
// requests; writes bench/results/creation.json. Eight connections ask for the new hosts in their order, from the first write on.

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { untilAllServed } from './harness/ask.js';
import { CLASS, hostOf, ingress } from './harness/cluster.js';
import { paced } from './harness/paced.js';
import { monotonicMs, processorTime } from './harness/processor-time.js';
import { conditions, writeResult } from './harness/report.js';
import { type ServedTimes, servedTimes } from './harness/served-times.js';
import { type Window, renderWindow, startSteadyLoad } from './harness/steady-load.js';
import { withInstallation } from './harness/with-installation.js';
import { ingressArbiter } from './peers/ingress-arbiter.js';

const { values } = parseArgs({ options: { ingresses: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '10' }, load: { type: 'string', default: '500' } } });
const count = Number(values.ingresses);
const OTHERS = 1000;
const QUIET_MS = 5000;

interface Result {
  quiet: Window;
  busy: Window;
  writtenMs: number;
  /** From the last write until every new host had answered. */
  behindMs: number;
  served: ServedTimes;
  controllerMs: number;
}

async function measure(): Promise<Result> {
  return withInstallation({ ingresses: OTHERS }, async ({ api, folder, installation }) => {
    installation.bind();
    const controller = installation.controllers[CLASS]!;
    const load = await startSteadyLoad({ folder, port: installation.port(CLASS), perSecond: Number(values.load), mostSeconds: 600, hosts: { prefix: 'h', from: 0, count: OTHERS } });
    await pause(1000);
    const begun = monotonicMs();
    await pause(QUIET_MS);
    const servedBefore = await servedTimes(controller);
    const spentBefore = processorTime([controller.child.pid!]);
    const names = Array.from({ length: count }, (_, at) => `new-${at}`);
    const changing = monotonicMs();
    const served = untilAllServed(installation.port(CLASS), names.map(hostOf));
    await paced(count / Number(values.seconds), { times: count }, (at) => api.store.create(ingress(names[at]!) as never));
    const written = monotonicMs();
    await served;
    const done = monotonicMs();
    const windowOf = await load.stop();
    return {
      quiet: windowOf(begun, changing), busy: windowOf(changing, done), writtenMs: written - changing, behindMs: done - written,
      served: (await servedTimes(controller)).since(servedBefore), controllerMs: (processorTime([controller.child.pid!]) - spentBefore) / 1e6,
    };
  });
}

const before = await conditions([ingressArbiter]);
const result = await measure();
const { quiet, busy, writtenMs, behindMs, served, controllerMs } = result;
console.log(`quiet: ${renderWindow(quiet)}\n${count} Ingresses in ${(writtenMs / 1000).toFixed(1)} s: all served ${behindMs.toFixed(0)} ms after the last write; watch event to served p50 within ${served.p50} ms, p99 within ${served.p99} ms; ` +
  `controller ${controllerMs.toFixed(0)} ms of a processor; meanwhile ${renderWindow(busy)}`);
writeResult('creation', { name: 'creation', options: values, conditions: before, result });
if (busy.failed > 0) process.exitCode = 1;
