// The health of the watches as a scrape of a real controller on the dev cluster tells it (guards G16 and G17).
import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import { eventually } from '../../fixtures/eventually.js';
import { type ControllerRig, ingressOf, ownClass, startControllerRig } from './controller-rig.js';

describe('feature: health of the watches', function () {
  this.timeout(60_000);
  let rig: ControllerRig;

  beforeEach(async () => { rig = await startControllerRig(); });
  afterEach(() => rig.close());

  it('G16: a scrape shows each watch: its ages, lists, events and version; the version follows the cluster', async () => {
    rig.server.store.create(ownClass('blue'));
    rig.server.store.create(ingressOf('blue', 'one'));
    const { metric } = await rig.start('a', [claimOf('blue')]);
    const of = (resource: string): string => `{claims="blue",resource="${resource}"}`;
    for (const resource of ['ingresses', 'ingressClasses', 'services', 'endpointSlices', 'secrets', 'passwordSecrets', 'namespaces', 'leases']) {
      await eventually(async () => expect(await metric(`ingress_arbiter_watch_up${of(resource)}`), resource).to.equal(1), 10_000);
      expect(await metric(`ingress_arbiter_watch_list_age_seconds${of(resource)}`), resource).to.be.within(0.000001, 30);
      expect(await metric(`ingress_arbiter_watch_event_age_seconds${of(resource)}`), resource).to.be.within(0.000001, 30);
      expect(await metric(`ingress_arbiter_watch_resource_version${of(resource)}`), resource).to.be.greaterThan(0);
      expect(await metric(`ingress_arbiter_watch_streamed_lists_total${of(resource)}`), resource).to.equal(1);
      expect(await metric(`ingress_arbiter_watch_relists_total{claims="blue",resource="${resource}",reason="initial"}`), resource).to.equal(1);
      expect(await metric(`ingress_arbiter_watch_troubles_total{claims="blue",resource="${resource}",kind="dropped_lines"}`), resource).to.equal(0);
    }
    const made = rig.server.store.create(ingressOf('blue', 'two'));
    await eventually(async () => expect(await metric(`ingress_arbiter_watch_objects${of('ingresses')}`)).to.equal(2));
    expect(await metric(`ingress_arbiter_watch_resource_version${of('ingresses')}`)).to.be.at.least(Number(made.metadata.resourceVersion));
  });

  it('G17: the renewals of a real controller come back over its watch', async () => {
    const { controller, metric } = await rig.start('a', [claimOf('blue')]);
    await eventually(() => expect(controller.isStandby()).to.equal(false), 10_000);
    const of = '{claims="blue",resource="leases"}';
    const events = await metric(`ingress_arbiter_watch_events_total${of}`);
    await eventually(async () => expect(await metric(`ingress_arbiter_watch_events_total${of}`)).to.be.at.least(events + 3), 20_000);
    expect(await metric('ingress_arbiter_lease_watch_misses_total{claims="blue"}')).to.equal(0);
    expect(await metric('ingress_arbiter_lease_watch_lag_seconds{claims="blue"}')).to.be.at.most(0.5);
    expect(await metric(`ingress_arbiter_watch_reopened_total${of}`)).to.equal(0);
  });
});
