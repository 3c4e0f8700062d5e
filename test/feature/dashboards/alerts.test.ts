// Every alert on series that make it fire and on series that don't, evaluated by promtool.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type Alert, alerts } from '../../../dashboards/src/alerts.js';
import { prometheusTool } from '../../fixtures/prometheus.js';

type Series = [series: string, values: string];

interface Case {
  /** Minutes after which it is looked at. */
  at: number;
  fires: Series[];
  quiet: Series[];
  /** Labels besides the severity of the alert that fires. */
  labels: Record<string, string>;
}

const a = 'ingress_class="a"';
const origin = `${a},ingress_namespace="shop",ingress_name="web",backend_service="web"`;
const requests = (code: string, values: string): Series => [`ingress_arbiter_requests_total{${origin},method="GET",code="${code}"}`, values];
const bucket = (histogram: string, le: string, values: string): Series => [`${histogram}_bucket{${a},le="${le}"}`, values];
const always = (value: number): string => `${value}x60`;
const grows = (by: number): string => `0+${by}x60`;
const endsInDays = (days: number): Series => [`ingress_arbiter_certificate_expiry_timestamp_seconds{${a},host="www.example.com"}`, always(days * 86_400)];
const ownEndsInDays = (days: number): Series => ['ingress_arbiter_own_certificate_expiry_timestamp_seconds{program="engine",claims="",certificate="own",instance="1"}', always(days * 86_400)];
/** Requests of one Ingress that another class serves too. */
const answers = (className: string, code: string, values: string): Series => [requests(code, values)[0].replace(a, `ingress_class="${className}"`), values];
const slow = (histogram: string, under: string): Series[] => [bucket(histogram, '1', under), bucket(histogram, '2.5', grows(600)), bucket(histogram, '+Inf', grows(600))];
const watch = 'claims="a",resource="ingresses"';
const oldestHandOver = (role: string, phase: string, values: string): Series => [`ingress_arbiter_hand_over_oldest_seconds{${a},role="${role}",phase="${phase}"}`, values];
const job = (status: string, name: string, values: string): Series => [`kube_job_status_${status}{namespace="ingress-arbiter",job_name="${name}"}`, values];

const cases: Record<Alert['name'], Case> = {
  IngressArbiterDown: { at: 10, labels: {}, fires: [['other', always(1)]], quiet: [['ingress_arbiter_build_info{version="1"}', always(1)]] },
  IngressArbiterClassUnheld: {
    at: 10, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_listener_info{${a},listener="x"}`, always(1)], [`ingress_arbiter_claim_held{${a}}`, always(0)]],
    quiet: [[`ingress_arbiter_listener_info{${a},listener="x"}`, always(1)], [`ingress_arbiter_claim_held{${a},instance="1"}`, always(0)], [`ingress_arbiter_claim_held{${a},instance="2"}`, always(1)]],
  },
  IngressArbiterClassHeldTwice: {
    at: 5, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_claim_held{${a},instance="1"}`, always(1)], [`ingress_arbiter_claim_held{${a},instance="2"}`, always(1)]],
    quiet: [[`ingress_arbiter_claim_held{${a},instance="1"}`, always(1)], ['ingress_arbiter_claim_held{ingress_class="b",instance="2"}', always(1)]],
  },
  IngressArbiterClassConflict: {
    at: 10, labels: { ingress_class: 'a', kind: 'class' }, fires: [[`ingress_arbiter_class_conflicts{${a},kind="class"}`, always(1)]],
    quiet: [[`ingress_arbiter_class_conflicts{${a},kind="class"}`, always(0)], [`ingress_arbiter_class_conflicts{${a},kind="shard"}`, always(1)]],
  },
  IngressArbiterIngressUnowned: {
    at: 20, labels: { rule: 'unknown-class' }, fires: [['ingress_arbiter_ingresses_unowned{claims="a",rule="unknown-class"}', always(2)]],
    quiet: [['ingress_arbiter_ingresses_unowned{claims="a",rule="foreign-controller"}', always(2)], ['ingress_arbiter_ingresses_unowned{claims="a",rule="class-not-claimed"}', always(2)]],
  },
  IngressArbiterFindings: {
    at: 20, labels: { ingress_class: 'a', code: 'IA124' }, fires: [[`ingress_arbiter_findings{${a},code="IA124",severity="error"}`, always(1)]],
    quiet: [[`ingress_arbiter_findings{${a},code="IA151",severity="warning"}`, always(1)]],
  },
  IngressArbiterTableRefused: {
    at: 10, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_table_updates_total{${a},result="refused"}`, '0x8 1x50']],
    quiet: [[`ingress_arbiter_table_updates_total{${a},result="refused"}`, '1x60'], [`ingress_arbiter_table_updates_total{${a},result="applied"}`, grows(5)]],
  },
  IngressArbiterEntriesRefused: {
    at: 10, labels: { ingress_class: 'a', engine: 'edge-1' }, fires: [[`ingress_arbiter_quarantined_entries{${a},engine="edge-1"}`, always(2)]],
    quiet: [[`ingress_arbiter_quarantined_entries{${a},engine="edge-1"}`, always(0)], [`ingress_arbiter_quarantined_entries{${a},engine="edge-2"}`, '0x9 1x60']],
  },
  IngressArbiterTableLag: {
    at: 10, labels: { ingress_class: 'a', engine: 'edge-1' }, fires: [[`ingress_arbiter_engine_lag_seconds{${a},engine="edge-1"}`, grows(60)]],
    quiet: [[`ingress_arbiter_engine_lag_seconds{${a},engine="edge-1"}`, always(3)], [`ingress_arbiter_engine_lag_seconds{${a},engine="edge-2"}`, '0x8 31x60']],
  },
  IngressArbiterLastGoodNotWritten: { at: 10, labels: {}, fires: [['ingress_arbiter_last_good_write_failing', always(1)]], quiet: [['ingress_arbiter_last_good_write_failing', '0x8 1x60']] },
  IngressArbiterLastGoodRefused: { at: 10, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_last_good_refused_entries{${a}}`, always(1)]], quiet: [[`ingress_arbiter_last_good_refused_entries{${a}}`, '1x1 0x60']] },
  IngressArbiterSlowToServe: { at: 30, labels: { ingress_class: 'a' }, fires: slow('ingress_arbiter_change_to_served_seconds', grows(500)), quiet: slow('ingress_arbiter_change_to_served_seconds', grows(600)) },
  IngressArbiterWatchDown: {
    at: 10, labels: { claims: 'a', resource: 'ingresses' }, fires: [[`ingress_arbiter_watch_up{${watch}}`, always(0)]], quiet: [[`ingress_arbiter_watch_up{${watch}}`, '0x8 1x60']],
  },
  IngressArbiterWatchSilent: {
    at: 20, labels: { claims: 'a', resource: 'ingresses' }, fires: [[`ingress_arbiter_watch_silence_seconds{${watch}}`, grows(60)]], quiet: [[`ingress_arbiter_watch_silence_seconds{${watch}}`, always(61)]],
  },
  IngressArbiterWatchBlind: {
    at: 20, labels: { claims: 'a' }, fires: [['ingress_arbiter_lease_watch_misses_total{claims="a"}', '0x5 1 2 3 4x50']], quiet: [['ingress_arbiter_lease_watch_misses_total{claims="a"}', '0x15 1x50']],
  },
  IngressArbiterWatchDrift: {
    at: 10, labels: { claims: 'a', resource: 'ingresses' }, fires: [[`ingress_arbiter_watch_troubles_total{${watch},kind="drift_repairs"}`, '0x5 3x60']], quiet: [[`ingress_arbiter_watch_troubles_total{${watch},kind="list_failures"}`, grows(1)]],
  },
  IngressArbiterStatusWritesFail: {
    at: 20, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_status_writes_total{${a},result="failed"}`, grows(1)]], quiet: [[`ingress_arbiter_status_writes_total{${a},result="written"}`, grows(1)]],
  },
  IngressArbiterStatusFlapping: {
    at: 30, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_foreign_status_writes_total{${a}}`, grows(1)]], quiet: [[`ingress_arbiter_foreign_status_writes_total{${a}}`, '0x15 1x60']],
  },
  IngressArbiterHandOverStuck: {
    at: 20, labels: { ingress_class: 'a', phase: 'starting' }, fires: [oldestHandOver('to', 'starting', grows(60))],
    quiet: [oldestHandOver('to', 'starting', always(20)), oldestHandOver('from', 'moving', grows(60)), oldestHandOver('to', 'draining', grows(60))],
  },
  IngressArbiterMigrationStalled: {
    at: 20, labels: { ingress_class: 'a', phase: 'draining' }, fires: [oldestHandOver('to', 'draining', '86000+60x60')],
    quiet: [oldestHandOver('to', 'draining', grows(60)), oldestHandOver('to', 'shadow', always(0)), oldestHandOver('from', 'draining', '86000+60x60')],
  },
  IngressArbiterMigrationMismatch: {
    at: 30, labels: { ingress_namespace: 'shop', ingress_name: 'web' }, fires: [answers('a', '200', grows(600)), answers('b', '200', grows(500)), answers('b', '403', grows(100))],
    quiet: [
      // One in twenty of both, one class that is hardly asked, and an Ingress that only one class serves.
      answers('a', '200', grows(570)), answers('a', '404', grows(30)), answers('b', '200', grows(95)), answers('b', '404', grows(5)), answers('c', '403', grows(5)),
      [answers('a', '500', '')[0].replace('ingress_name="web"', 'ingress_name="alone"'), grows(600)],
    ],
  },
  IngressArbiterCertificateJobFails: {
    at: 20, labels: { namespace: 'ingress-arbiter', job_name: 'ingress-arbiter-certificates-0-1-0' }, fires: [job('failed', 'ingress-arbiter-certificates-0-1-0', always(3)), job('succeeded', 'ingress-arbiter-certificates-0-1-0', always(0))],
    quiet: [job('failed', 'ingress-arbiter-certificates-0-1-0', always(3)), job('succeeded', 'ingress-arbiter-certificates-0-1-0', always(1)), job('failed', 'somebody-elses', always(9))],
  },
  IngressArbiterHighErrorRatio: {
    at: 20, labels: { ingress_class: 'a' }, fires: [requests('200', grows(600)), requests('503', grows(60))], quiet: [requests('200', grows(6)), requests('503', grows(6))],
  },
  IngressArbiterIngressErrorRatio: {
    at: 30, labels: { ingress_class: 'a', ingress_namespace: 'shop', ingress_name: 'web' }, fires: [requests('200', grows(60)), requests('502', grows(60))], quiet: [requests('200', grows(60)), requests('404', grows(60)), requests('502', grows(1))],
  },
  IngressArbiterHighLatency: {
    at: 30, labels: { ingress_class: 'a' }, fires: [requests('200', grows(600)), ...slow('ingress_arbiter_request_duration_seconds', grows(500))],
    quiet: [requests('200', grows(600)), ...slow('ingress_arbiter_request_duration_seconds', grows(590))],
  },
  IngressArbiterNoEndpoints: {
    at: 20, labels: { ingress_class: 'a', ingress_namespace: 'shop', ingress_name: 'web', backend_service: 'web' }, fires: [[`ingress_arbiter_no_endpoint_answers_total{${origin}}`, grows(1)]], quiet: [[`ingress_arbiter_no_endpoint_answers_total{${origin}}`, always(7)]],
  },
  IngressArbiterCertificateExpiresSoon: { at: 90, labels: { ingress_class: 'a', host: 'www.example.com' }, fires: [[endsInDays(13)[0], '1123200x100']], quiet: [[endsInDays(20)[0], '1728000x100']] },
  IngressArbiterCertificateExpires: { at: 10, labels: { ingress_class: 'a', host: 'www.example.com' }, fires: [endsInDays(2)], quiet: [endsInDays(4)] },
  IngressArbiterOwnCertificateExpiresSoon: { at: 90, labels: { program: 'engine', certificate: 'own' }, fires: [[ownEndsInDays(13)[0], '1123200x100']], quiet: [[ownEndsInDays(20)[0], '1728000x100']] },
  IngressArbiterOwnCertificateExpires: { at: 10, labels: { program: 'engine', certificate: 'own' }, fires: [ownEndsInDays(2)], quiet: [ownEndsInDays(4)] },
  IngressArbiterSharedMemoryNearlyFull: {
    at: 20, labels: { zone: 'ia_records' }, fires: [['ingress_arbiter_shared_memory_free_bytes{zone="ia_records"}', always(9)], ['ingress_arbiter_shared_memory_capacity_bytes{zone="ia_records"}', always(100)]],
    quiet: [['ingress_arbiter_shared_memory_free_bytes{zone="ia_records"}', always(50)], ['ingress_arbiter_shared_memory_capacity_bytes{zone="ia_records"}', always(100)]],
  },
  IngressArbiterNginxRestarted: { at: 20, labels: {}, fires: [['ingress_arbiter_nginx_starts_total', '1x10 2x60']], quiet: [['ingress_arbiter_nginx_starts_total', always(1)]] },
  IngressArbiterSeriesFolded: { at: 40, labels: { ingress_class: 'a' }, fires: [[`ingress_arbiter_requests_folded_total{${a}}`, grows(5)]], quiet: [[`ingress_arbiter_requests_folded_total{${a}}`, always(0)]] },
  IngressArbiterRequestsUncounted: { at: 20, labels: {}, fires: [['ingress_arbiter_requests_uncounted_total', '0x10 4x60']], quiet: [['ingress_arbiter_requests_uncounted_total', always(0)]] },
};

/** What promtool says of one alert on some series; '' when it is as expected. */
function verdict(folder: string, alert: Alert, { series, at, labels }: { series: Series[]; at: number; labels: Record<string, string> | undefined }): string {
  const file = path.join(folder, `${alert.name}.yaml`);
  writeFileSync(file, stringify({
    rule_files: [path.resolve('dashboards/alerts/ingress-arbiter.rules.yaml')], evaluation_interval: '1m',
    tests: [{
      interval: '1m', input_series: series.map(([name, values]) => ({ series: name, values })),
      // How many fire: the annotations of each hold values that are no matter here.
      promql_expr_test: [{
        eval_time: `${at}m`, expr: `ALERTS{alertname="${alert.name}",alertstate="firing"}`,
        exp_samples: labels === undefined ? [] : [{ labels: `ALERTS{${Object.entries({ ...labels, alertname: alert.name, alertstate: 'firing', severity: alert.severity }).map(([name, value]) => `${name}="${value}"`).join(',')}}`, value: 1 }],
      }],
    }],
  }));
  try {
    execFileSync(prometheusTool('promtool'), ['test', 'rules', file], { stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout}${stderr}`;
  }
}

describe('alerts, by promtool', function () {
  this.timeout(10_000);
  let folder: string;
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'ia-alerts-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const file of ['dashboards/alerts/ingress-arbiter.rules.yaml']) {
    it(`takes ${file}`, () => { execFileSync(prometheusTool('promtool'), ['check', 'rules', file], { stdio: 'pipe' }); });
  }

  it('has a case for each alert and none for anything else', () => {
    expect(Object.keys(cases).sort()).to.deep.equal(alerts.map(({ name }) => name).sort());
  });

  for (const alert of alerts) {
    const { at, fires, quiet, labels } = cases[alert.name]!;
    it(`${alert.name} fires when it should`, () => expect(verdict(folder, alert, { series: fires, at, labels })).to.equal(''));
    it(`${alert.name} is quiet when it should`, () => expect(verdict(folder, alert, { series: quiet, at, labels: undefined })).to.equal(''));
  }
});
