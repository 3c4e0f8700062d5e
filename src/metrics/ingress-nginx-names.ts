// The traffic under the names and labels that ingress-nginx gives it, with `ingress_class` added, so that dashboards and
// alerts go on working when people move. Where this product counts less finely, the label is empty; docs/metrics.md says where.

import type { TrafficMetricName } from './traffic-rendering.js';

export interface FamiliarMetric {
  name: `nginx_ingress_controller_${string}`;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  /** The metric that its values are of. */
  from: TrafficMetricName | 'certificateExpiry' | 'nginxCpu' | 'nginxMemory' | 'nginxVirtualMemory' | 'nginxOpenFiles' | 'nginxProcesses' | 'buildInfo';
}

/** Labels of ingress-nginx that are the same for everything. */
export interface FamiliarIdentity {
  /** Namespace and pod of the controller, as its users select them. */
  namespace: string;
  pod: string;
}

export const familiarController = 'ingress-arbiter.io/controller';
export const familiarOrigin = ['ingress_class', 'namespace', 'ingress', 'service'] as const;
export const familiarRequest = [...familiarOrigin, 'method', 'status', 'host', 'path', 'canary'] as const;
export const familiarIdentity = ['controller_class', 'controller_namespace', 'controller_pod'] as const;

export const familiarCatalogue: readonly FamiliarMetric[] = [
  { name: 'nginx_ingress_controller_requests', type: 'counter', from: 'requests', help: 'The total number of client requests.' },
  { name: 'nginx_ingress_controller_request_duration_seconds', type: 'histogram', from: 'requestDuration', help: 'The request processing time.' },
  { name: 'nginx_ingress_controller_response_duration_seconds', type: 'histogram', from: 'upstreamResponse', help: 'The time spent on receiving the response from the endpoint.' },
  { name: 'nginx_ingress_controller_header_duration_seconds', type: 'histogram', from: 'upstreamHeader', help: 'The time spent on receiving the first header from the endpoint.' },
  { name: 'nginx_ingress_controller_connect_duration_seconds', type: 'histogram', from: 'upstreamConnect', help: 'The time spent on establishing a connection with the endpoint.' },
  { name: 'nginx_ingress_controller_request_size', type: 'histogram', from: 'requestSize', help: 'The request length.' },
  { name: 'nginx_ingress_controller_response_size', type: 'histogram', from: 'responseSize', help: 'The response length.' },
  { name: 'nginx_ingress_controller_bytes_sent', type: 'histogram', from: 'responseSize', help: 'The number of bytes sent to a client.' },
  { name: 'nginx_ingress_controller_ssl_expire_time_seconds', type: 'gauge', from: 'certificateExpiry', help: 'Seconds since 1970 until the certificate of the host ends.' },
  { name: 'nginx_ingress_controller_nginx_process_cpu_seconds_total', type: 'counter', from: 'nginxCpu', help: 'Processor time in seconds.' },
  { name: 'nginx_ingress_controller_nginx_process_resident_memory_bytes', type: 'gauge', from: 'nginxMemory', help: 'Resident memory in bytes.' },
  { name: 'nginx_ingress_controller_nginx_process_virtual_memory_bytes', type: 'gauge', from: 'nginxVirtualMemory', help: 'Virtual memory in bytes.' },
  { name: 'nginx_ingress_controller_nginx_process_num_procs', type: 'gauge', from: 'nginxProcesses', help: 'Number of processes.' },
  { name: 'nginx_ingress_controller_build_info', type: 'gauge', from: 'buildInfo', help: 'Always 1: which version runs.' },
];
