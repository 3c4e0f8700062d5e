// How each end of a table stream knows that the other one lives: engines say so, and who says or answers nothing is given up.
import { readFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../../fixtures/eventually.js';
import { HoldingEngine } from '../../fixtures/holding-engine.js';
import { endpoints, key, tableStreamRig } from '../../fixtures/table-stream-rig.js';

describe('feature: table stream, and who lives', function () {
  this.timeout(30_000);
  const { controller, engine, file, ends } = tableStreamRig();

  it('gives an engine up that says that it lives and then says nothing: with nothing to take, and in the middle of an update', async () => {
    const { fanOut, address, refusals } = await controller({ silenceMs: 300, answerMs: 20_000 });
    const material = Object.fromEntries([['cert', 'engine.crt'], ['key', 'engine.key'], ['ca', 'ca.crt']].map(([name, from]) => [name!, readFileSync(file(from!))]));
    const say = (target: string, method = 'GET', body = ''): ClientRequest => {
      const asked = request(address + target, { ...material, method, checkServerIdentity: () => undefined, agent: false, headers: { 'content-type': 'application/json' } }, (answer) => answer.on('error', () => undefined).resume());
      asked.on('error', () => undefined).end(body);
      ends.push(() => { asked.destroy(); });
      return asked;
    };
    const names = (): string[] => fanOut.engines().map(({ engine: name }) => name).sort();
    const follow = (name: string, more = ''): unknown => say(`/v1/classes/red/table?engine=${name}&after=0${more}`);
    follow('gone', '&alive=yes');
    follow('lives', '&alive=yes');
    // It does not know how to say it.
    follow('older');
    await eventually(() => expect(names()).to.deep.equal(['gone', 'lives', 'older']));
    const beat = setInterval(() => say('/v1/classes/red/alive', 'POST', '{"engine":"lives"}'), 50);
    ends.push(() => clearInterval(beat));
    await eventually(() => expect(names()).to.deep.equal(['lives', 'older']));
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    follow('gone', '&alive=yes');
    await eventually(() => expect(names()).to.deep.equal(['gone', 'lives', 'older']));
    await eventually(() => expect(refusals.join()).to.match(/no-answer: silent for 300 ms/));
    await eventually(() => expect(names()).to.deep.equal(['lives', 'older']));
  });

  it('an engine says that it lives, also while an update takes its time, and does not take what it does not read meanwhile for silence', async () => {
    const { fanOut, address } = await controller({ silenceMs: 7000, answerMs: 20_000 });
    const slow = new HoldingEngine();
    let open: () => void = () => undefined;
    slow.gate = new Promise((resolve) => { open = resolve; });
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const { log } = engine([address], { holding: slow, silenceMs: 6000 });
    await eventually(() => expect(fanOut.engines()).to.have.length(1));
    await sleep(9000);
    open();
    await eventually(() => expect(slow.ports).to.deep.equal({ [key(1)]: 1 }));
    await eventually(() => expect(fanOut.engines()).to.deep.equal([{ engine: 'engine-1', served: true }]));
    expect(log, 'one stream').to.deep.equal([`class red: follows ${address}`]);
  });

  it('gives an engine up that takes an update and never answers, and hears it again when it comes back', async () => {
    const { fanOut, address, refusals } = await controller({ answerMs: 200 });
    const stuck = new HoldingEngine();
    let open: () => void = () => undefined;
    stuck.gate = new Promise((resolve) => { open = resolve; });
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    engine([address], { holding: stuck });
    await eventually(() => expect(refusals.join()).to.match(/no answer within 200 ms/));
    open();
    await eventually(() => expect(stuck.ports).to.deep.equal({ [key(1)]: 1 }));
    await eventually(() => expect(fanOut.engines()).to.deep.equal([{ engine: 'engine-1', served: true }]));
  });
});
