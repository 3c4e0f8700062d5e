// What a scrape is answered with: own names, ingress-nginx's names, one class only, both formats.
import { expect } from 'chai';
import { type Metrics, type MetricsOptions, type Reading, createMetrics } from '../../../src/metrics/metrics.js';
import { figureSlots, figures } from '../../../src/route-table/figures.js';

/** A list of figures with one value in each, in its second bucket. */
const measured = figures.reduce((slots, { at }) => {
  slots[at] = 2;
  slots[at + 2] = 1;
  return slots;
}, Array.from({ length: figureSlots }, () => 0));

const readings: Reading[] = [
  { name: 'requests', labels: ['blue', 'shop', 'web', 'web', 'GET', '200', 'a.example.com', '/'], values: [3] },
  { name: 'requests', labels: ['blue', 'shop', 'web', 'web', 'GET', '200', 'b.example.com', '/"x"'], values: [4] },
  { name: 'requests', labels: ['green', '', '', '', 'GET', '404', '', ''], values: [5] },
  { name: 'requests', labels: ['green', '', '(folded)', '', 'GET', '200', '', ''], values: [6] },
  { name: 'figures', labels: ['blue', 'shop', 'web', 'web'], values: measured },
  { name: 'unknownHosts', labels: ['green'], values: [5] },
  { name: 'dropped', labels: [], values: [0] },
  { name: 'zone', labels: ['ia_records'], values: [10, 100] },
  { name: 'certificateExpiry', labels: ['blue', 'a.example.com'], values: [1_900_000_000] },
  { name: 'nginxProcesses', labels: ['master'], values: [1] },
  { name: 'nginxProcesses', labels: ['worker'], values: [2] },
  { name: 'of-a-later-version', labels: ['blue'], values: [1] },
];

describe('metrics', () => {
  const make = (changes: Partial<MetricsOptions> = {}): Metrics => createMetrics({ readings: async () => readings, version: '1.2.3', nodeVersion: '20', ...changes });
  const text = async (metrics: Metrics, options: { format?: 'text' | 'openmetrics'; className?: string } = {}): Promise<string[]> =>
    (await metrics.render({ format: 'text', ...options })).pieces.join('').split('\n');

  it('sums requests over hosts and paths under the own name', async () => {
    expect(await text(make())).to.include.members([
      'ingress_arbiter_requests_total{ingress_class="blue",ingress_namespace="shop",ingress_name="web",backend_service="web",method="GET",code="200"} 7',
      'ingress_arbiter_requests_total{ingress_class="green",ingress_namespace="",ingress_name="",backend_service="",method="GET",code="404"} 5',
      'ingress_arbiter_requests_folded_total{ingress_class="green"} 6',
      'ingress_arbiter_requests_folded_total{ingress_class="blue"} 0',
      'ingress_arbiter_shared_memory_free_bytes{zone="ia_records"} 10',
      'ingress_arbiter_shared_memory_capacity_bytes{zone="ia_records"} 100',
      'ingress_arbiter_requests_uncounted_total 0',
      'ingress_arbiter_build_info{version="1.2.3",node_version="20"} 1',
    ]);
  });

  it('shows histograms with buckets that hold all smaller ones', async () => {
    const lines = (await text(make())).filter((line) => line.startsWith('ingress_arbiter_request_duration_seconds_'));
    const labels = 'ingress_class="blue",ingress_namespace="shop",ingress_name="web",backend_service="web"';
    expect(lines.slice(0, 3)).to.deep.equal([0.001, 0.0025, 0.005].map((le, at) => `ingress_arbiter_request_duration_seconds_bucket{${labels},le="${le}"} ${at === 0 ? 0 : 1}`));
    expect(lines.slice(-3)).to.deep.equal([
      `ingress_arbiter_request_duration_seconds_bucket{${labels},le="+Inf"} 1`, `ingress_arbiter_request_duration_seconds_sum{${labels}} 2`, `ingress_arbiter_request_duration_seconds_count{${labels}} 1`,
    ]);
  });

  it('shows nothing under ingress-nginx\'s names unless it is wanted', async () => {
    expect((await text(make())).join('\n')).not.to.include('nginx_ingress_controller');
  });

  it('shows what ingress-nginx has, with its labels and the class, without what no Ingress took', async () => {
    const lines = await text(make({ familiar: { namespace: 'ns', pod: 'pod-1' } }));
    const identity = 'controller_class="ingress-arbiter.io/controller",controller_namespace="ns",controller_pod="pod-1"';
    expect(lines.filter((line) => line.startsWith('nginx_ingress_controller_requests{'))).to.deep.equal([
      `nginx_ingress_controller_requests{${identity},ingress_class="blue",namespace="shop",ingress="web",service="web",method="GET",status="200",host="a.example.com",path="/",canary=""} 3`,
      `nginx_ingress_controller_requests{${identity},ingress_class="blue",namespace="shop",ingress="web",service="web",method="GET",status="200",host="b.example.com",path="/\\"x\\"",canary=""} 4`,
    ]);
    expect(lines).to.include(`nginx_ingress_controller_response_duration_seconds_count{${identity},ingress_class="blue",namespace="shop",ingress="web",service="web"} 1`);
    expect(lines).to.include(`nginx_ingress_controller_ssl_expire_time_seconds{${identity},ingress_class="blue",host="a.example.com"} 1900000000`);
    expect(lines).to.include(`nginx_ingress_controller_nginx_process_num_procs{${identity}} 3`);
  });

  it('shows one class only when asked, and nothing of the engine as a whole', async () => {
    const metrics = make({ familiar: { namespace: 'ns', pod: 'pod-1' } });
    metrics.set('claimHeld', ['blue'], 1);
    metrics.set('claimHeld', ['green'], 1);
    const lines = (await text(metrics, { className: 'green' })).filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).to.have.length.greaterThan(3);
    expect(lines.filter((line) => !line.includes('ingress_class="green"'))).to.deep.equal([]);
  });

  it('records counters, gauges, histograms and what sources give', async () => {
    const metrics = make();
    metrics.add('tableUpdates', ['blue', 'applied']);
    metrics.add('tableUpdates', ['blue', 'applied'], 2);
    metrics.observe('changeToServed', ['blue'], 0.004);
    const remove = metrics.addSource(() => [{ name: 'watchUp', labels: ['blue', 'ingresses'], values: [1] }]);
    const lines = await text(metrics);
    expect(lines).to.include.members([
      'ingress_arbiter_table_updates_total{ingress_class="blue",result="applied"} 3', 'ingress_arbiter_watch_up{claims="blue",resource="ingresses"} 1',
      'ingress_arbiter_change_to_served_seconds_count{ingress_class="blue"} 1',
    ]);
    expect(lines.filter((line) => /change_to_served_seconds_bucket.*le="0.005"/.test(line))).to.have.length(1);
    remove();
    expect((await text(metrics)).join('\n')).not.to.include('watch_up{');
  });

  it('speaks OpenMetrics: counters named without _total, units, an end', async () => {
    const { pieces, contentType } = await make({ familiar: { namespace: 'ns', pod: 'p' } }).render({ format: 'openmetrics' });
    const lines = pieces.join('').split('\n');
    expect(contentType).to.match(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(lines).to.include.members(['# TYPE ingress_arbiter_requests counter', '# UNIT ingress_arbiter_request_duration_seconds seconds', '# TYPE nginx_ingress_controller_requests unknown']);
    expect(lines.slice(-2)).to.deep.equal(['# EOF', '']);
    expect(lines.filter((line) => line.startsWith('# TYPE')).filter((line, at, all) => all.indexOf(line) !== at)).to.deep.equal([]);
  });

  it('fails the scrape when the engine can not be read', async () => {
    const metrics = make({ readings: async () => { throw new Error('nginx does not answer'); } });
    expect(await metrics.render({ format: 'text' }).catch((error: Error) => error.message)).to.equal('nginx does not answer');
  });
});
