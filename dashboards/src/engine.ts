// "Engine": nginx and the agent as processes: memory, files, zones, what could not be counted.

import { type Dashboard, classVariable } from './dashboard.js';
import { byClass, rateBy } from './queries.js';

export const engine: Dashboard = {
  uid: 'ingress-arbiter-engine',
  title: 'Ingress arbiter: engine',
  description: 'nginx under the engine: processes, memory, shared memory zones, class tables, limits of counting.',
  variables: [classVariable],
  rows: [
    { title: 'Processes', panels: [
      { kind: 'stat', title: 'Workers', width: 4, unit: 'short', description: 'Worker processes of nginx.', queries: [{ expr: 'sum(ingress_arbiter_nginx_processes{role="worker"})', legend: 'workers' }] },
      { kind: 'stat', title: 'Starts of nginx', width: 4, unit: 'short', warnAt: 2, description: 'More than one: nginx has died and was started again.', queries: [{ expr: 'max(ingress_arbiter_nginx_starts_total)', legend: 'starts' }] },
      { kind: 'stat', title: 'Replaced', width: 4, unit: 'short', description: 'How often somebody had nginx replaced by a new one.', queries: [{ expr: 'max(ingress_arbiter_nginx_replacements_total)', legend: 'replaced' }] },
      { kind: 'stat', title: 'Version', width: 12, unit: 'short', description: 'Which versions run, and how many of each.', queries: [{ expr: 'count by (version, node_version) (ingress_arbiter_build_info)', legend: '{{version}} on Node {{node_version}}' }] },
      { kind: 'timeseries', title: 'Processor', width: 8, unit: 'percentunit', description: 'Cores that nginx uses.', queries: [{ expr: 'sum(rate(ingress_arbiter_nginx_cpu_seconds_total[$__rate_interval]))', legend: 'nginx' }] },
      { kind: 'timeseries', title: 'Memory', width: 8, unit: 'bytes', description: 'Of all processes; what they share is counted for each.', queries: [{ expr: 'sum(ingress_arbiter_nginx_resident_memory_bytes)', legend: 'resident' }, { expr: 'sum(ingress_arbiter_nginx_virtual_memory_bytes)', legend: 'virtual' }] },
      { kind: 'timeseries', title: 'Open files', width: 8, unit: 'short', description: 'Files and sockets of all processes of nginx.', queries: [{ expr: 'sum(ingress_arbiter_nginx_open_files)', legend: 'open files' }] },
    ] },
    { title: 'Load', panels: [
      { kind: 'timeseries', title: 'Processor time of a request', width: 12, unit: 's', description: 'Processor time of nginx by request answered.', queries: [{ expr: 'sum(rate(ingress_arbiter_nginx_cpu_seconds_total[$__rate_interval])) / clamp_min(sum(rate(ingress_arbiter_requests_total[$__rate_interval])), 0.001)', legend: 'by request' }] },
      { kind: 'timeseries', title: 'Connections by listener', width: 12, unit: 'short', description: 'Open connections of clients.', queries: [{ expr: `sum by (listener, scheme) (ingress_arbiter_connections${byClass})`, legend: '{{listener}} {{scheme}}' }] },
    ] },
    { title: 'TLS that passes through', panels: [
      { kind: 'timeseries', title: 'Open', width: 8, unit: 'short', description: 'Open connections that go to a backend with their TLS, by Ingress.', queries: [{ expr: `sum by (ingress_namespace, ingress_name) (ingress_arbiter_passthrough_open_connections${byClass})`, legend: '{{ingress_namespace}}/{{ingress_name}}' }] },
      { kind: 'timeseries', title: 'Begun', width: 8, unit: 'ops', description: 'Connections that were to be passed through: joined, or closed because no endpoint is there or takes them.', queries: [{ expr: rateBy('result', 'ingress_arbiter_passthrough_connections_total'), legend: '{{result}}' }] },
      { kind: 'timeseries', title: 'Turned away', width: 8, unit: 'ops', description: 'Connections that a listener with sslPassthrough has closed by itself, by reason.', queries: [{ expr: 'sum by (listener, reason) (rate(ingress_arbiter_passthrough_listener_refused_total[$__rate_interval]))', legend: '{{listener}} {{reason}}' }] },
    ] },
    { title: 'Tables and shared memory', panels: [
      { kind: 'bargauge', title: 'Fill of the zones', width: 8, unit: 'percentunit', warnAt: 0.8, alarmAt: 0.95, description: 'Part of each shared memory zone that is in use. A full zone refuses changes; what is served stays.', queries: [{ expr: '1 - min by (zone) (ingress_arbiter_shared_memory_free_bytes / ingress_arbiter_shared_memory_capacity_bytes)', legend: '{{zone}}' }] },
      { kind: 'timeseries', title: 'Entries by class', width: 8, unit: 'short', description: 'Entries of the class tables that nginx serves, beside those that engines have taken from the controller.',
        queries: [{ expr: `max by (ingress_class) (ingress_arbiter_engine_table_entries${byClass})`, legend: '{{ingress_class}}' }, { expr: `max by (ingress_class) (ingress_arbiter_table_entries${byClass})`, legend: '{{ingress_class}} (taken)' }] },
      { kind: 'timeseries', title: 'Changes of the tables', width: 8, unit: 'ops', description: 'How fast the generation of each class table grows.', queries: [{ expr: `sum by (ingress_class) (rate(ingress_arbiter_engine_table_generation${byClass}[$__rate_interval]))`, legend: '{{ingress_class}}' }] },
    ] },
    { title: 'Limits of counting', panels: [
      { kind: 'timeseries', title: 'Folded requests', width: 12, unit: 'reqps', description: 'Requests counted without their Ingress, because the class has as many series as it may have.', queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_requests_folded_total'), legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Not counted', width: 12, unit: 'ops', description: 'Counts that were lost because the memory of the counters is full. Must be 0.', queries: [{ expr: 'sum(rate(ingress_arbiter_requests_uncounted_total[$__rate_interval]))', legend: 'not counted' }] },
    ] },
  ],
};
