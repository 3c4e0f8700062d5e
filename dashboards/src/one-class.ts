// "One class": everything of one class, down to its Ingresses.

import type { Dashboard } from './dashboard.js';
import { quantile, rateBy } from './queries.js';

const ofClass = '{ingress_class="$ingress_class"}';
const ofIngress = '{ingress_class="$ingress_class",ingress_namespace=~"$ingress_namespace",ingress_name=~"$ingress_name"}';
/** Without the requests that no Ingress took. */
const ofSomeIngress = ofIngress.replace(/}$/, ',ingress_name!=""}');
const duration = 'ingress_arbiter_request_duration_seconds';
const errors = ofSomeIngress.replace(/}$/, ',code=~"5.."}');
const origin = 'ingress_namespace, ingress_name';
const topTen = (expr: string) => [{ expr: `topk(10, ${expr})`, legend: '{{ingress_namespace}}/{{ingress_name}}' }];
const p95 = (metric: string, legend: string) => ({ expr: quantile(0.95, metric, 'ingress_class', ofClass), legend });

export const oneClass: Dashboard = {
  uid: 'ingress-arbiter-class',
  title: 'Ingress arbiter: one class',
  description: 'Traffic, latency, errors, certificates and changes of one ingress class, down to its Ingresses.',
  variables: [
    { name: 'ingress_class', label: 'Class', query: 'label_values(ingress_arbiter_listener_info, ingress_class)', multi: false },
    { name: 'ingress_namespace', label: 'Namespace', query: 'label_values(ingress_arbiter_requests_total{ingress_class="$ingress_class"}, ingress_namespace)', multi: true },
    { name: 'ingress_name', label: 'Ingress', query: 'label_values(ingress_arbiter_requests_total{ingress_class="$ingress_class",ingress_namespace=~"$ingress_namespace"}, ingress_name)', multi: true },
  ],
  rows: [
    { title: 'Traffic', panels: [
      { kind: 'timeseries', title: 'Requests by code', width: 12, unit: 'reqps', stacked: true, description: 'Requests a second by the status of their answer.', queries: [{ expr: rateBy('code', 'ingress_arbiter_requests_total', ofIngress), legend: '{{code}}' }] },
      { kind: 'timeseries', title: 'Latency', width: 12, unit: 's', description: 'Of the whole class: half, 95 and 99 of 100 requests took no longer.',
        queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, duration, 'ingress_class', ofClass), legend: `p${q * 100}` })) },
      { kind: 'heatmap', title: 'Latency of all requests', width: 12, unit: 's', description: 'How many requests of the class took how long.', queries: [{ expr: rateBy('le', `${duration}_bucket`, ofClass), legend: '{{le}}', heatmap: true }] },
      { kind: 'timeseries', title: 'Where the time goes (p95)', width: 12, unit: 's', description: 'Time to connect to an endpoint, until its answer began, until it had ended, and of the whole request.',
        queries: [p95('ingress_arbiter_upstream_connect_duration_seconds', 'connect'), p95('ingress_arbiter_upstream_header_duration_seconds', 'header'), p95('ingress_arbiter_upstream_response_duration_seconds', 'response'), p95(duration, 'whole request')] },
    ] },
    { title: 'Ingresses', panels: [
      { kind: 'timeseries', title: 'Busiest Ingresses', width: 12, unit: 'reqps', description: 'The ten Ingresses with the most requests.', queries: topTen(rateBy(origin, 'ingress_arbiter_requests_total', ofSomeIngress)) },
      { kind: 'timeseries', title: 'Ingresses with most server errors', width: 12, unit: 'reqps', description: 'The ten Ingresses with the most answers 5xx.',
        queries: topTen(`(${rateBy(origin, 'ingress_arbiter_requests_total', errors)} or 0 * ${rateBy(origin, 'ingress_arbiter_requests_total', ofSomeIngress)})`) },
      { kind: 'timeseries', title: 'Slowest Ingresses (p95)', width: 12, unit: 's', description: 'By Ingress when the engine keeps histograms for each; else one line for the class.', queries: topTen(quantile(0.95, duration, origin, ofClass)) },
      { kind: 'timeseries', title: 'Nobody to send to', width: 12, unit: 'reqps', description: 'Requests answered with 503 because the Service has no ready endpoint.', queries: [{ expr: rateBy(`${origin}, backend_service`, 'ingress_arbiter_no_endpoint_answers_total', ofClass), legend: '{{ingress_namespace}}/{{ingress_name}} → {{backend_service}}' }] },
    ] },
    { title: 'Upstream and clients', panels: [
      { kind: 'timeseries', title: 'Beyond limits', width: 24, unit: 'ops', description: 'Requests refused because their client is beyond a limit of the Ingress.', queries: [{ expr: rateBy(`${origin}, limit`, 'ingress_arbiter_limited_requests_total', ofClass), legend: '{{ingress_namespace}}/{{ingress_name}}: {{limit}}' }] },
      { kind: 'timeseries', title: 'Retries', width: 8, unit: 'ops', description: 'Further tries on another endpoint after the first one failed, and endpoints that are passed over since.', queries: [
        { expr: rateBy('backend_service', 'ingress_arbiter_upstream_retries_total', ofClass), legend: '{{backend_service}}' },
        { expr: rateBy('backend_service', 'ingress_arbiter_upstream_ejections_total', ofClass), legend: '{{backend_service}}: passed over' },
      ] },
      { kind: 'timeseries', title: 'TLS handshakes', width: 8, unit: 'ops', description: 'Full handshakes cost much processor time, resumed ones little.', queries: [{ expr: rateBy('kind', 'ingress_arbiter_tls_handshakes_total', ofClass), legend: '{{kind}}' }] },
      { kind: 'timeseries', title: 'Open connections', width: 8, unit: 'short', description: 'Connections of clients by listener.', queries: [{ expr: `sum by (listener, scheme) (ingress_arbiter_connections${ofClass})`, legend: '{{listener}} {{scheme}}' }] },
      { kind: 'timeseries', title: 'Bytes', width: 12, unit: 'Bps', description: 'Received from clients and sent to them.',
        queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_request_size_bytes_sum', ofClass), legend: 'received' }, { expr: rateBy('ingress_class', 'ingress_arbiter_response_size_bytes_sum', ofClass), legend: 'sent' }] },
      { kind: 'table', title: 'Certificates', width: 12, unit: 'd', warnAt: 14, description: 'Days until the certificate of each host ends.', columns: [{ title: 'Days left', unit: 'd' }],
        queries: [{ expr: `min by (host) (ingress_arbiter_certificate_expiry_timestamp_seconds${ofClass} - time()) / 86400`, legend: '', instant: true }] },
    ] },
    { title: 'Changes', panels: [
      { kind: 'timeseries', title: 'Change to served', width: 12, unit: 's', description: 'From the watch event of a change to the engine\'s answer that it is served.',
        queries: [0.5, 0.99].map((q) => ({ expr: quantile(q, 'ingress_arbiter_change_to_served_seconds', 'ingress_class', ofClass), legend: `p${q * 100}` })) },
      { kind: 'timeseries', title: 'Findings', width: 12, unit: 'short', description: 'What is wrong with the class\'s Ingresses now, by code.', queries: [{ expr: `sum by (code, severity) (ingress_arbiter_findings${ofClass})`, legend: '{{code}} ({{severity}})' }] },
    ] },
  ],
};
