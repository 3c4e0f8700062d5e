// Three engines, two classes and two controllers for each class, each program on a host with addresses of its own, and the cables
// between them pulled one by one. Whatever is cut, engines serve what they have, no request is lost, and no holder that is over
// gets a word in; afterwards everything comes back by itself. Only with APART_LONG=1.

import { expect } from 'chai';
import { eventually } from '../../fixtures/eventually.js';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { type LabHost, NetworkLab, whyNoLab } from '../../fixtures/network-lab.js';
import { type Load, startLoad, untilSteady } from '../../fixtures/open-loop-load.js';
import { ApartRig, CLASSES, type ControllerProgram } from './apart-rig.js';

const ENGINES = ['one', 'two', 'three'];
/** Requests a second of each class at each engine. */
const RATE = 10;

describe('e2e: controllers and engines on a network that is cut', function () {
  this.timeout(180_000);
  let lab: NetworkLab;
  let rig: ApartRig;
  const hosts = new Map<string, LabHost>();
  const loads: Load[] = [];

  const host = (name: string): LabHost => hosts.get(name)!;
  const hostOf = ({ class: name, stream }: ControllerProgram): LabHost => [...hosts].find(([key, { addresses }]) => key.startsWith(name) && addresses['stream'] === new URL(stream).hostname)![1];
  const figure = (text: string, name: string, ...labels: string[]): number => {
    const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
    if (line === undefined) throw new Error(`there is no ${name} with ${labels.join()}`);
    return Number(line.split(' ').at(-1));
  };
  const epochOf = async (className: string, controller: ControllerProgram): Promise<number> => figure(await controller.metrics(), 'ingress_arbiter_claim_epoch', `"${className}"`);
  const nothingFailed = (): void => { expect(loads.flatMap(({ report }) => report.failures)).to.deep.equal([]); };
  const serves = async (engine: EngineProgram, className: string, name: string, backend: string | undefined): Promise<void> => {
    expect((await engine.get(className, `${name}.${className}.test`)).headers['x-backend']).to.equal(backend);
  };

  before(async function () {
    if (process.env.APART_LONG !== '1') this.skip();
    const why = whyNoLab();
    if (why !== undefined) {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    // The cluster's network, the one of the table streams, and the one of the traffic.
    lab = new NetworkLab(['api', 'stream', 'traffic']);
    for (const name of CLASSES) for (const at of [0, 1]) hosts.set(`${name}-${at}`, lab.addHost(`${name}-${at}`, ['api', 'stream']));
    for (const name of ENGINES) hosts.set(name, lab.addHost(name, ['stream', 'traffic']));
    rig = new ApartRig({
      apiAddress: lab.addressOn('api'), backendAddress: lab.addressOn('traffic'),
      controllers: Object.fromEntries(CLASSES.map((name) => [name, [0, 1].map((at) => {
        const { netns, addresses } = host(`${name}-${at}`);
        return { netns, stream: addresses['stream']!, own: addresses['api']! };
      })])),
    });
    await rig.start();
    await rig.startControllers();
    for (const name of ENGINES) await rig.startEngine(name, { netns: host(name).netns, own: host(name).addresses['traffic']! });
    await rig.allReady();
    for (const name of CLASSES) await rig.holder(name);
    await rig.expectChange('first');
    for (const engine of rig.engines) for (const name of CLASSES) loads.push(startLoad(engine.ports[name]!.http, rig.targets(name), RATE, { address: engine.address }));
    await untilSteady(loads);
  });
  after(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await rig?.stop();
    lab?.remove();
  });
  afterEach(() => {
    // Of a test that failed, too: the next one begins with a whole network.
    lab?.healAll();
    nothingFailed();
  });

  it('an engine without its streams serves on, its lag is told, and nobody else waits for it', async () => {
    lab.cut(host('three'), 'stream');
    const [one, two, three] = rig.engines as [EngineProgram, EngineProgram, EngineProgram];
    await rig.expectChange('without-three', { engines: [one, two] });
    for (const name of CLASSES) await serves(three, name, 'without-three', undefined);
    await three.expectReady();
    const holder = await rig.holder('red');
    await eventually(async () => expect(figure(await holder.metrics(), 'ingress_arbiter_engine_lag_seconds', '"red"', '"three"')).to.be.greaterThan(1), 20_000);
    expect(figure(await holder.metrics(), 'ingress_arbiter_engine_lag_seconds', '"red"', '"one"')).to.equal(0);
    // Nobody ends its connection: its silence does.
    await eventually(async () => expect(figure(await holder.metrics(), 'ingress_arbiter_engine_connected', '"red"', '"three"')).to.equal(0), 25_000);
    expect(figure(await holder.metrics(), 'ingress_arbiter_engine_connected', '"red"', '"one"')).to.equal(1);
    lab.heal(host('three'), 'stream');
    for (const name of CLASSES) await eventually(() => serves(three, name, 'without-three', `${name}-without-three`), 60_000);
    await eventually(async () => expect(figure(await holder.metrics(), 'ingress_arbiter_engine_lag_seconds', '"red"', '"three"')).to.equal(0), 20_000);
  });

  it('a silent holder is noticed by its silence, and a standby that engines reach brings them nothing while it holds no claim', async () => {
    const holder = await rig.holder('red');
    const epoch = await epochOf('red', holder);
    lab.cut(hostOf(holder), 'stream');
    // It has the cluster, so it keeps its claim; engines find nobody.
    await rig.expectChange('other-class', { classes: ['blue'] });
    await rig.serve('red', 'unheard');
    for (const engine of rig.engines) await eventually(() => expect(engine.output()).to.match(/class red: .*(silent for 15000 ms|timeout|EHOSTUNREACH|aborted)/i), 40_000);
    for (const engine of rig.engines) {
      await serves(engine, 'red', 'unheard', undefined);
      await engine.expectReady();
    }
    lab.heal(hostOf(holder), 'stream');
    for (const engine of rig.engines) await eventually(() => serves(engine, 'red', 'unheard', 'red-unheard'), 60_000);
    expect(await epochOf('red', await rig.holder('red'))).to.equal(epoch);
  });

  it('a holder without its cluster loses its claim, the other takes over under the next epoch, and the old one brings nothing more', async () => {
    const holder = await rig.holder('red');
    const epoch = await epochOf('red', holder);
    lab.cut(hostOf(holder), 'api');
    const next = await eventually(async () => {
      const other = rig.controllersOf('red').find(({ stream }) => stream !== holder.stream)!;
      expect(await epochOf('red', other)).to.equal(epoch + 1);
      return other;
    }, 60_000);
    await rig.expectChange('taken-over');
    expect(holder.output()).to.match(/class red: gives the claim up/);
    for (const engine of rig.engines) expect(figure(await next.metrics(), 'ingress_arbiter_engine_taken_epoch', '"red"', `"${nameOf(engine)}"`)).to.equal(epoch + 1);
    lab.heal(hostOf(holder), 'api');
    await eventually(async () => expect(figure(await holder.metrics(), 'ingress_arbiter_claim_held', '"red"')).to.equal(0), 30_000);
    await rig.expectChange('healed');
  });

  it('everything is cut from everything: engines serve on, and all comes back', async () => {
    const cables = [...hosts].flatMap(([name, one]) => (ENGINES.includes(name) ? ['stream'] : ['api', 'stream']).map((network) => [one, network] as const));
    for (const [one, network] of cables) lab.cut(one, network);
    const before = loads.map(({ report }) => report.answered);
    // Longer than a Lease and the silence of a stream.
    await eventually(() => { for (const [at, { report }] of loads.entries()) expect(report.answered - before[at]!).to.be.greaterThan(RATE * 18); }, 40_000);
    for (const engine of rig.engines) await engine.expectReady();
    for (const [one, network] of cables) lab.heal(one, network);
    await rig.expectChange('all-back', { withinMs: 90_000 });
  });

  it('no request was lost', async () => {
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const report of reports) expect(report.answered).to.equal(report.sent);
    nothingFailed();
    const sent = reports.reduce((sum, report) => sum + report.sent, 0);
    console.log(`      0 failed of ${sent} requests (95 % bound 3/N = ${(3 / sent).toExponential(1)})`);
  });
});

function nameOf({ file }: EngineProgram): string {
  return /([^/]+)\.yaml$/.exec(file)![1]!;
}
