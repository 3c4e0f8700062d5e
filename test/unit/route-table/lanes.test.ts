// Lanes: the name of every lane that a policy can ask for is one that nginx.conf has.
import { expect } from 'chai';
import fc from 'fast-check';
import { renderNginxConf } from '../../../src/engine/nginx-conf.js';
import { engineSettings } from '../../../src/engine/settings.js';
import { flowLane, laneOf, statusLane, takenBack } from '../../../src/route-table/lanes.js';
import type { Policy } from '../../../src/route-table/types.js';
import { sampleSettings } from '../engine/sample-settings.js';

describe('lanes', () => {
  it('meet a wish by the next larger step, and by the largest there is', () => {
    expect([flowLane(false, 5, 99).name, flowLane(false, 4, 4).name, flowLane(false, 1000, 4).name]).to.deep.equal(['@flow_off_8k', '@flow_off_4k', '@flow_off_128k']);
    expect([flowLane(true, 4, 1).name, flowLane(true, 9, 9).name, flowLane(true, 128, 1000).name]).to.deep.equal(['@flow_on_4k_4', '@flow_on_16k_16', '@flow_on_128k_8']);
    expect([statusLane([503, 404]), statusLane([503, 503, 200]), statusLane([418])]).to.deep.equal(['@status_404_503', '@status_503', undefined]);
  });

  it('are none for a policy that asks for nothing that nginx can\'t vary', () => {
    expect(laneOf({ bodyBytes: 1 }, false)).to.equal(undefined);
    expect(laneOf({ retry: { error: true, timeout: true, statuses: [], repeat: false, tries: 3, seconds: 0 } }, false)).to.equal(undefined);
  });

  it('are the relay where a page is asked for that no lane of statuses has', () => {
    for (const last of [false, true]) expect(laneOf({ errors: { statuses: [404, 418], whenEmpty: false }, flow: { answers: 'buffered' } }, last)).to.equal('@relayed');
    for (const last of [false, true]) expect(laneOf({ protocol: 'fcgi', flow: { answers: 'buffered' } }, last)).to.equal('@relayed');
  });

  it('are all in nginx.conf', () => {
    const conf = renderNginxConf(engineSettings(sampleSettings())).content;
    const flow = fc.record({ answers: fc.constant('buffered' as const), kilobytes: fc.integer({ min: 1, max: 128 }), buffers: fc.integer({ min: 1, max: 1000 }) }, { requiredKeys: [] });
    const statuses = fc.subarray([...takenBack]);
    const retry = fc.record({ error: fc.boolean(), timeout: fc.boolean(), statuses, repeat: fc.boolean(), tries: fc.constant(3), seconds: fc.constant(0) });
    const policy = fc.record({ flow, retry, errors: fc.record({ statuses: fc.oneof(statuses, fc.uniqueArray(fc.integer({ min: 400, max: 599 }))), whenEmpty: fc.boolean() }) }, { requiredKeys: [] });
    fc.assert(fc.property(policy, fc.boolean(), (asked, last) => {
      const lane = laneOf(asked as Policy, last);
      if (lane !== undefined) expect(conf).to.include(`location ${lane} {`);
    }), { numRuns: 2000 });
  });
});
