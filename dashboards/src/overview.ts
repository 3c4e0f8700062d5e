// "Classes overview": all classes at a glance, one line each, and how they compare.

import { type Dashboard, classVariable } from './dashboard.js';
import { byClass, errorRatio, quantile, rateBy } from './queries.js';

const p95 = quantile(0.95, 'ingress_arbiter_request_duration_seconds', 'ingress_class');
const daysLeft = `min by (ingress_class) (ingress_arbiter_certificate_expiry_timestamp_seconds${byClass} - time()) / 86400`;
const instant = (expr: string) => ({ expr, legend: '', instant: true });

export const overview: Dashboard = {
  uid: 'ingress-arbiter-overview',
  title: 'Ingress arbiter: classes overview',
  description: 'All ingress classes side by side: traffic, errors, latency, who owns what.',
  variables: [classVariable],
  rows: [
    { title: 'Classes', panels: [
      { kind: 'table', title: 'Classes', width: 24, unit: 'short',
        description: 'One line for each class: requests and errors now, latency, its Ingresses, what is wrong with them, and the days until its first certificate ends.',
        columns: [
          { title: 'Requests', unit: 'reqps' }, { title: '5xx', unit: 'percentunit' }, { title: 'p95', unit: 's' }, { title: 'Ingresses', unit: 'short' },
          { title: 'Held', unit: 'bool_yes_no' }, { title: 'Findings', unit: 'short' }, { title: 'Open connections', unit: 'short' }, { title: 'Certificate', unit: 'd' },
        ],
        queries: [
          instant(rateBy('ingress_class', 'ingress_arbiter_requests_total')), instant(errorRatio('ingress_class')), instant(p95),
          instant(`sum by (ingress_class) (ingress_arbiter_ingresses${byClass})`), instant(`max by (ingress_class) (ingress_arbiter_claim_held${byClass})`),
          instant(`sum by (ingress_class) (ingress_arbiter_findings${byClass})`), instant(`sum by (ingress_class) (ingress_arbiter_connections${byClass})`), instant(daysLeft),
        ] },
    ] },
    { title: 'Traffic', panels: [
      { kind: 'timeseries', title: 'Requests by class', width: 12, unit: 'reqps', stacked: true, description: 'Requests a second that each class answers, whatever the answer.',
        queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_requests_total'), legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Server errors by class', width: 12, unit: 'percentunit', warnAt: 0.01, alarmAt: 0.05, description: 'The part of each class\'s requests that was answered with 5xx. Answers 4xx are the client\'s and not counted here.',
        queries: [{ expr: errorRatio('ingress_class'), legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Latency by class (p95)', width: 12, unit: 's', description: '95 of 100 requests took no longer, from their first byte to the last of the answer.',
        queries: [{ expr: p95, legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Bytes sent by class', width: 12, unit: 'Bps', stacked: true, description: 'Bytes a second that went to clients.',
        queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_response_size_bytes_sum'), legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Open connections by class', width: 12, unit: 'short', description: 'Connections of clients that are open, busy or idle.',
        queries: [{ expr: `sum by (ingress_class) (ingress_arbiter_connections${byClass})`, legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Unknown hosts by class', width: 12, unit: 'reqps', description: 'Requests for a host that no Ingress of the listener has: scanners, old DNS records, an Ingress that lost its class.',
        queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_unknown_host_requests_total'), legend: '{{ingress_class}}' }] },
    ] },
    { title: 'Ownership', panels: [
      { kind: 'timeseries', title: 'Ingresses by class', width: 12, unit: 'short', stacked: true, description: 'Ingresses that each class owns.',
        queries: [{ expr: `sum by (ingress_class) (ingress_arbiter_ingresses${byClass})`, legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Ingresses that nobody here owns', width: 12, unit: 'short', description: 'By the rule that says why. Those of a class that another controller has are no fault.',
        queries: [{ expr: 'min by (rule) (ingress_arbiter_ingresses_unowned)', legend: '{{rule}}' }] },
    ] },
  ],
};
