// Holders that don't know that they are over, against real engines: one that was frozen for longer than its Lease and wakes up,
// and one that never notices. Neither brings anything to an engine, and engines find the one that holds the claim. Leases take
// their time: only with APART_LONG=1.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { TableFanOut } from '../../../src/controller/table-fan-out.js';
import { listenSecurely } from '../../../src/http/listen-securely.js';
import type { Listening } from '../../../src/http/listen.js';
import { tableStreamApp } from '../../../src/http/table-stream-app.js';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { ApartRig, type ControllerProgram } from './apart-rig.js';

describe('e2e: a holder that is over', function () {
  this.timeout(120_000);
  const rig = new ApartRig({ hosts: 1 });
  let engine: EngineProgram;
  let frozen: ControllerProgram;
  let impostor: Listening | undefined;

  const serves = async (name: string): Promise<void> => { expect((await engine.get('red', `${name}.red.test`)).headers['x-backend']).to.equal(`red-${name}`); };

  before(async function () {
    if (process.env.APART_LONG !== '1') this.skip();
    await rig.start();
    for (const at of [0, 1]) await rig.startController('red', at);
    await rig.startController('blue', 0);
    engine = await rig.startEngine('one');
    await rig.allReady();
    frozen = await rig.holder('red');
    await rig.expectChange('first');
  });
  after(async () => {
    frozen?.child.kill('SIGCONT');
    await impostor?.close();
    await rig.stop();
  });

  it('frozen past its Lease: its silence is noticed, the standby takes its place, and nothing comes of it when it wakes up', async () => {
    const [standby] = rig.controllersOf('red').filter((one) => one !== frozen) as [ControllerProgram];
    frozen.child.kill('SIGSTOP');
    await rig.serve('red', 'while-frozen');
    await eventually(() => serves('while-frozen'), 60_000);
    expect(engine.output()).to.match(/class red: https:\S+: silent for 15000 ms/);
    expect(standby.output()).to.match(/class red: holds the claim \(epoch 2\)/);
    frozen.child.kill('SIGCONT');
    // It sees all that has happened, and that its time is over.
    await eventually(() => expect(frozen.output()).to.match(/class red: gives the claim up/), 30_000);
    await rig.expectChange('after', { classes: ['red'] });
    expect(frozen.output()).to.not.match(/served by one \(epoch [2-9]/);
    await serves('while-frozen');
  });

  it('one that never notices is refused by its epoch, told so, and left for the one that holds the claim', async () => {
    const refusals: string[] = [];
    const fanOut = new TableFanOut({
      class: 'red', epoch: () => 1, onOutcome: (_engine, outcome) => { if (!outcome.applied) refusals.push(outcome.reason); },
      pause: (ms) => sleep(ms, undefined, { ref: false }),
    });
    // An older table of this class, with the class's own certificate, at the address of a controller that engines ask.
    fanOut.publish(new Map([['host/h0.red.test', { routes: [] }]]), []);
    await frozen.kill();
    const { hostname, port } = new URL(frozen.stream);
    const tls = { certificate: rig.file('tls/class-red.crt'), key: rig.file('tls/class-red.key'), authority: rig.file('tls/ca.crt') };
    impostor = await listenSecurely(tableStreamApp(new Map([['red', { attach: (name, sink, after) => fanOut.attach(name, sink, after), holder: () => 'here' as const }]])), { host: hostname, port: Number(port), files: tls, onProblem: () => undefined });
    const holder = await rig.holder('red');
    // The engine loses the one that it follows, and asks in turn: it meets the impostor.
    await holder.kill();
    await eventually(() => expect(refusals.join('\n')).to.match(/stale-epoch: epoch 1 is over, the class is at 2/), 30_000);
    holder.again();
    await rig.holder('red');
    await rig.expectChange('found-again', { classes: ['red'], withinMs: 60_000 });
    await serves('h0');
    await engine.expectReady();
  });
});
