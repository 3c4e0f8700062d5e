// What a scrape tells of the health of the watches (guard G16): every figure is there, under its public name, and follows
// what happens to the watch.
import { expect } from 'chai';
import { controllerReadings } from '../../../src/controller/controller-readings.js';
import { createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { ingresses, leases } from '../../../src/kubernetes/resources.js';
import { startWatches } from '../../../src/kubernetes/start-watches.js';
import { createMetrics } from '../../../src/metrics/metrics.js';
import { eventually } from '../../fixtures/eventually.js';
import { until } from '../../fixtures/fake-clock.js';
import { FaultApiServer, status } from '../../fixtures/fault-api-server.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';
import { anIngress, plainConnection } from '../kubernetes/list-watch-rig.js';

/** What has to be told of every watch. */
const figures = [
  'ingress_arbiter_watch_objects', 'ingress_arbiter_watch_up', 'ingress_arbiter_watch_silence_seconds',
  'ingress_arbiter_watch_event_age_seconds', 'ingress_arbiter_watch_list_age_seconds', 'ingress_arbiter_watch_resource_version',
  'ingress_arbiter_watch_events_total', 'ingress_arbiter_watch_streamed_lists_total', 'ingress_arbiter_watch_reopened_total',
  'ingress_arbiter_watch_consistency_checks_total',
  ...['initial', 'gone', 'drift', 'stream'].map((reason) => `ingress_arbiter_watch_relists_total reason="${reason}"`),
  ...['list_failures', 'watch_failures', 'dropped_lines', 'stale_events', 'stale_lists', 'mass_delete_brakes', 'drift_repairs', 'listener_errors']
    .map((kind) => `ingress_arbiter_watch_troubles_total kind="${kind}"`),
];

describe('controller: readings of the watches', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let set: ReturnType<typeof begin>;
  const metrics = createMetrics({ readings: async () => [], version: '0', nodeVersion: '0' });

  const begin = () => startWatches({
    api: createKubeApi({ connection }), watches: { ingresses: { resource: ingresses }, leases: { resource: leases } }, onChange: () => undefined, random: () => 0,
  });
  const scrape = async (resource: string): Promise<Map<string, number>> => {
    const lines = (await metrics.render({ format: 'text' })).pieces.join('').split('\n').filter((line) => line.includes(`resource="${resource}"`));
    return new Map(lines.map((line) => {
      const [, name, more, value] = /^(\w+)\{claims="blue",resource="\w+",?([^}]*)\} (.+)$/.exec(line)!;
      return [more === '' ? name! : `${name} ${more}`, Number(value)];
    }));
  };

  beforeEach(async () => {
    server = new FaultApiServer([ingresses, leases]);
    server.initialEvents = 'send';
    connection = plainConnection(await server.start());
    server.put(ingresses, anIngress('a'));
    set = begin();
    await set.synced;
  });
  afterEach(async () => {
    await set.stop();
    await connection.close();
    await server.stop();
  });

  it('G16: tells of every watch its last event, its last list, its relists by reason, its dropped lines and its version', async () => {
    const remove = metrics.addSource(controllerReadings([claimOf('blue')], {
      findings: () => [], arbiter: createArbiter([claimOf('blue')], inspectStub), cluster: { watches: { ingresses: set.watches.ingresses } } as never,
      leases: { watch: set.watches.leases, heartbeat: { lagMs: 1500, misses: 2 } },
    }));
    try {
      for (const resource of ['ingresses', 'leases']) expect([...(await scrape(resource)).keys()].sort()).to.deep.equal([...figures].sort());
      const before = await scrape('ingresses');
      expect([before.get('ingress_arbiter_watch_resource_version'), before.get('ingress_arbiter_watch_streamed_lists_total')]).to.deep.equal([101, 1]);
      await new Promise((resolve) => { setTimeout(resolve, 120); });
      const later = await scrape('ingresses');
      for (const age of ['ingress_arbiter_watch_event_age_seconds', 'ingress_arbiter_watch_list_age_seconds']) expect(later.get(age), age).to.be.within(0.1, 30);
      server.put(ingresses, anIngress('b'));
      await until(() => set.watches.ingresses.size === 2);
      const fed = await scrape('ingresses');
      expect(fed.get('ingress_arbiter_watch_event_age_seconds')).to.be.lessThan(later.get('ingress_arbiter_watch_event_age_seconds')!);
      expect(fed.get('ingress_arbiter_watch_list_age_seconds'), 'an event is no list').to.be.at.least(later.get('ingress_arbiter_watch_list_age_seconds')!);
      expect(fed.get('ingress_arbiter_watch_resource_version')).to.equal(102);
      server.openWatches('ingresses')[0]!.send('no event\n');
      await eventually(() => expect(server.openWatches('ingresses')).to.have.length(1).and.satisfy(() => server.watches.length === 3));
      server.openWatches('ingresses')[0]!.send(`${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired', 'too old') })}\n`);
      await until(() => set.watches.ingresses.counters.relists.gone === 1 && set.watches.ingresses.state === 'watch');
      const hurt = await scrape('ingresses');
      expect(hurt.get('ingress_arbiter_watch_troubles_total kind="dropped_lines"')).to.equal(1);
      expect(hurt.get('ingress_arbiter_watch_relists_total reason="gone"')).to.equal(1);
      expect(hurt.get('ingress_arbiter_watch_reopened_total')).to.equal(2);
    } finally {
      remove();
    }
  });

  it('G17: tells how far the watch of Leases is behind', async () => {
    const remove = metrics.addSource(controllerReadings([claimOf('blue')], {
      findings: () => [], arbiter: createArbiter([claimOf('blue')], inspectStub), cluster: { watches: {} } as never,
      leases: { watch: set.watches.leases, heartbeat: { lagMs: 1500, misses: 2 } },
    }));
    const text = (await metrics.render({ format: 'text' })).pieces.join('').split('\n');
    remove();
    expect(text).to.include.members(['ingress_arbiter_lease_watch_lag_seconds{claims="blue"} 1.5', 'ingress_arbiter_lease_watch_misses_total{claims="blue"} 2']);
  });
});
