// Every metric, in one place: name, type, unit, labels, help. Whoever records or shows a metric takes it from here, and so do
// docs/metrics.md, the dashboards and the alerts. Labels never repeat what a Prometheus scrape adds itself (namespace, pod,
// service, instance, job), and none holds what a client chooses.

import { sizeBounds, timeBounds } from '../route-table/figures.js';

export interface MetricDescription {
  name: `ingress_arbiter_${string}`;
  type: 'counter' | 'gauge' | 'histogram';
  unit?: 'seconds' | 'bytes';
  labels: readonly string[];
  help: string;
  /** Upper bounds of a histogram's buckets, without the last one. */
  bounds?: readonly number[];
}

const origin = ['ingress_class', 'ingress_namespace', 'ingress_name', 'backend_service'] as const;
const time = { type: 'histogram', unit: 'seconds', labels: origin, bounds: timeBounds } as const;
/** Seconds: finer where a change is expected, at a few milliseconds. */
const servedBounds = [0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const size = { type: 'histogram', unit: 'bytes', labels: origin, bounds: sizeBounds } as const;

/** What nginx counts of requests. */
export const trafficCatalogue = {
  requests: {
    name: 'ingress_arbiter_requests_total', type: 'counter', labels: [...origin, 'method', 'code'],
    help: 'Requests, by class and Ingress: counted when their answer begins, without an answer (499) when they end. Without an Ingress: no route took the request. Ingress "(folded)": beyond the limit of series.',
  },
  requestsFolded: {
    name: 'ingress_arbiter_requests_folded_total', type: 'counter', labels: ['ingress_class'],
    help: 'Requests counted without their Ingress, because the class has as many series as it may have.',
  },
  requestsUncounted: {
    name: 'ingress_arbiter_requests_uncounted_total', type: 'counter', labels: [],
    help: 'Counts that no series could be begun for because the memory of the counters is full.',
  },
  requestDuration: { ...time, name: 'ingress_arbiter_request_duration_seconds', help: 'Time from the first byte of a request to the last byte of its answer.' },
  upstreamConnect: { ...time, name: 'ingress_arbiter_upstream_connect_duration_seconds', help: 'Time to connect to the endpoint; 0 on a kept connection. Of several tries the last.' },
  upstreamHeader: { ...time, name: 'ingress_arbiter_upstream_header_duration_seconds', help: 'Time until the endpoint had sent the header of its answer. Of several tries the last.' },
  upstreamResponse: { ...time, name: 'ingress_arbiter_upstream_response_duration_seconds', help: 'Time until the endpoint had sent its answer. Of several tries the last.' },
  requestSize: { ...size, name: 'ingress_arbiter_request_size_bytes', help: 'Length of requests: request line, header and body.' },
  responseSize: { ...size, name: 'ingress_arbiter_response_size_bytes', help: 'Bytes sent to clients: header and body.' },
  retries: { name: 'ingress_arbiter_upstream_retries_total', type: 'counter', labels: origin, help: 'Further tries on another endpoint, after the first one of a request failed.' },
  ejections: { name: 'ingress_arbiter_upstream_ejections_total', type: 'counter', labels: origin, help: 'Times that a worker began to pass over an endpoint that refused or broke connections, for 1 to 30 seconds.' },
  limited: { name: 'ingress_arbiter_limited_requests_total', type: 'counter', labels: [...origin, 'limit'], help: 'Requests refused because their client is beyond a limit of the Ingress: of requests or of connections.' },
  noEndpoints: { name: 'ingress_arbiter_no_endpoint_answers_total', type: 'counter', labels: origin, help: 'Requests answered with 503 because the Service of the route has no ready endpoint.' },
  unknownHosts: { name: 'ingress_arbiter_unknown_host_requests_total', type: 'counter', labels: ['ingress_class'], help: 'Requests for a host that no Ingress of the listener has. Counted under the listener\'s first class.' },
  tlsHandshakes: { name: 'ingress_arbiter_tls_handshakes_total', type: 'counter', labels: ['ingress_class', 'kind'], help: 'TLS handshakes: full ones as they begin, resumed ones with the first request of their connection.' },
  connections: { name: 'ingress_arbiter_connections', type: 'gauge', labels: ['ingress_class', 'listener', 'scheme'], help: 'Open connections of clients. Without a class: the listener serves several.' },
  passthroughOpen: { name: 'ingress_arbiter_passthrough_open_connections', type: 'gauge', labels: ['ingress_class', 'ingress_namespace', 'ingress_name'], help: 'Open connections that are passed to a backend with their TLS (ssl-passthrough).' },
  passthroughConnections: {
    name: 'ingress_arbiter_passthrough_connections_total', type: 'counter', labels: ['ingress_class', 'ingress_namespace', 'ingress_name', 'result'],
    help: 'Connections that were to be passed to a backend with their TLS: joined with an endpoint, or closed because its Service has none (no_endpoint) or none takes connections (unreachable).',
  },
  passthroughRefused: {
    name: 'ingress_arbiter_passthrough_listener_refused_total', type: 'counter', labels: ['listener', 'reason'],
    help: 'Connections that a listener with sslPassthrough has closed by itself: too_many; no_hello: it said too little in time; no_proxy_header; engine_unreachable: nginx did not answer.',
  },
} as const satisfies Record<string, MetricDescription>;

/** How the engine is, and what controllers tell of themselves in the same words. */
export const engineCatalogue = {
  listenerInfo: { name: 'ingress_arbiter_listener_info', type: 'gauge', labels: ['ingress_class', 'listener'], help: 'Always 1: the listener serves the class.' },
  engineGeneration: { name: 'ingress_arbiter_engine_table_generation', type: 'gauge', labels: ['ingress_class'], help: 'Generation of the class table in nginx: grows with every change, begins anew with nginx.' },
  engineEntries: { name: 'ingress_arbiter_engine_table_entries', type: 'gauge', labels: ['ingress_class'], help: 'Entries of the class table that nginx serves.' },
  zoneFree: { name: 'ingress_arbiter_shared_memory_free_bytes', type: 'gauge', unit: 'bytes', labels: ['zone'], help: 'Pages of a shared memory zone that nothing uses yet; of ia_numbers, the numbers of one worker that no series has.' },
  zoneCapacity: { name: 'ingress_arbiter_shared_memory_capacity_bytes', type: 'gauge', unit: 'bytes', labels: ['zone'], help: 'Size of a shared memory zone.' },
  nginxReplacements: { name: 'ingress_arbiter_nginx_replacements_total', type: 'counter', labels: [], help: 'How often a new nginx took the place of one that ran, because somebody asked for it.' },
  nginxStarts: { name: 'ingress_arbiter_nginx_starts_total', type: 'counter', labels: [], help: 'How often nginx was started; more than once means that it had died.' },
  nginxCpu: { name: 'ingress_arbiter_nginx_cpu_seconds_total', type: 'counter', unit: 'seconds', labels: [], help: 'Processor time of all processes of nginx.' },
  nginxMemory: { name: 'ingress_arbiter_nginx_resident_memory_bytes', type: 'gauge', unit: 'bytes', labels: [], help: 'Resident memory of all processes of nginx; what they share is counted for each.' },
  nginxVirtualMemory: { name: 'ingress_arbiter_nginx_virtual_memory_bytes', type: 'gauge', unit: 'bytes', labels: [], help: 'Virtual memory of all processes of nginx.' },
  nginxOpenFiles: { name: 'ingress_arbiter_nginx_open_files', type: 'gauge', labels: [], help: 'Open files and sockets of all processes of nginx.' },
  nginxProcesses: { name: 'ingress_arbiter_nginx_processes', type: 'gauge', labels: ['role'], help: 'Processes of nginx: its master and its workers.' },
  certificateExpiry: { name: 'ingress_arbiter_certificate_expiry_timestamp_seconds', type: 'gauge', unit: 'seconds', labels: ['ingress_class', 'host'], help: 'When the certificate that is served for the host ends, in seconds since 1970.' },
  ownCertificateExpiry: {
    name: 'ingress_arbiter_own_certificate_expiry_timestamp_seconds', type: 'gauge', unit: 'seconds', labels: ['program', 'claims', 'certificate'],
    help: 'When the certificate ends by which an engine or a controller shows who it is (own), or that of the authority which it trusts (authority), in seconds since 1970. Only where both are processes of their own.',
  },
  lastGoodUnwritten: { name: 'ingress_arbiter_last_good_write_failing', type: 'gauge', labels: [], help: '1 while the engine can not write the tables that it serves to disk: after a restart it would serve older ones. Only of an engine that is a program of its own.' },
  lastGoodRefused: { name: 'ingress_arbiter_last_good_refused_entries', type: 'gauge', labels: ['ingress_class'], help: 'Entries of the table that was read from disk at the start which this engine does not take: they are closed or left out until a controller brings a table. Only of an engine that is a program of its own.' },
  buildInfo: { name: 'ingress_arbiter_build_info', type: 'gauge', labels: ['version', 'node_version'], help: 'Always 1: which version runs.' },
} as const satisfies Record<string, MetricDescription>;

/** Of what people wait for: seconds to a day. */
const longTimeBounds = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400] as const;

/** A table of a controller as one engine has it; `shard` is the member when the class is shared, else empty. */
const toEngine = ['ingress_class', 'shard', 'engine'] as const;

/** What a controller instance decides and does. */
export const controllerCatalogue = {
  ingresses: { name: 'ingress_arbiter_ingresses', type: 'gauge', labels: ['ingress_class', 'rule'], help: 'Ingresses owned by the class, by the rule that gave them to it.' },
  ingressesUnowned: { name: 'ingress_arbiter_ingresses_unowned', type: 'gauge', labels: ['claims', 'rule'], help: 'Ingresses that no claim of this controller instance owns, by the rule that says why. The claims of another instance may own them.' },
  findings: { name: 'ingress_arbiter_findings', type: 'gauge', labels: ['ingress_class', 'code', 'severity'], help: 'What is wrong now, by code of the finding.' },
  planningFailures: { name: 'ingress_arbiter_planning_failures_total', type: 'counter', labels: ['claims'], help: 'Bugs of ingress-arbiter met while something was planned: what was served of it stays or is closed, the log has the error.' },
  claimHeld: { name: 'ingress_arbiter_claim_held', type: 'gauge', labels: ['ingress_class'], help: '1 while this controller instance holds the claim of the class, else 0.' },
  claimEpoch: { name: 'ingress_arbiter_claim_epoch', type: 'gauge', labels: ['ingress_class'], help: 'Epoch of the claim when it was last held here: grows with every change of holder.' },
  claimChanges: { name: 'ingress_arbiter_claim_changes_total', type: 'counter', labels: ['ingress_class', 'change'], help: 'How often the claim was taken (acquired) or given up (by reason).' },
  classConflicts: { name: 'ingress_arbiter_class_conflicts', type: 'gauge', labels: ['ingress_class', 'kind'], help: 'Claims of other installations that take the same as this class, by what it is: class, annotation-value, controller; shard: other members.' },
  tableEntries: { name: 'ingress_arbiter_table_entries', type: 'gauge', labels: ['ingress_class'], help: 'Entries of the class table that the engine has last taken.' },
  tableSequence: { name: 'ingress_arbiter_table_sequence', type: 'gauge', labels: ['ingress_class'], help: 'Sequence of the class table that the engine has last taken.' },
  tableUpdates: { name: 'ingress_arbiter_table_updates_total', type: 'counter', labels: ['ingress_class', 'result'], help: 'Updates of the class table, by what the engine said: applied; refused; without-entries: it goes again without entries that the engine refuses.' },
  changeToServed: {
    name: 'ingress_arbiter_change_to_served_seconds', type: 'histogram', unit: 'seconds', labels: ['ingress_class'], bounds: servedBounds,
    help: 'Time from the watch event of a change to the answer of the last engine that follows that it is served.',
  },
  engineConnected: { name: 'ingress_arbiter_engine_connected', type: 'gauge', labels: toEngine, help: '1 while the engine takes the table from this controller; 0 for two minutes after it has gone, then the series ends. At most 250 engines have series.' },
  engineEpoch: { name: 'ingress_arbiter_engine_taken_epoch', type: 'gauge', labels: toEngine, help: 'Epoch of the last update that the engine has taken.' },
  engineSequence: { name: 'ingress_arbiter_engine_taken_sequence', type: 'gauge', labels: toEngine, help: 'Sequence of the last update that the engine has taken.' },
  engineLag: { name: 'ingress_arbiter_engine_lag_seconds', type: 'gauge', unit: 'seconds', labels: toEngine, help: 'How long the oldest change has waited that the engine does not serve yet; 0 when it serves all.' },
  engineBehind: { name: 'ingress_arbiter_engine_changes_behind', type: 'gauge', labels: toEngine, help: 'Changes of the table that the engine does not serve yet.' },
  engineRefusals: { name: 'ingress_arbiter_engine_refusals_total', type: 'counter', labels: [...toEngine, 'reason'], help: 'Updates that the engine did not take, by the first word of its reason; no-answer: it has said nothing.' },
  entriesQuarantined: { name: 'ingress_arbiter_quarantined_entries', type: 'gauge', labels: toEngine, help: 'Entries of the table that the engine refuses and that are left out or closed there, while everything else goes on.' },
  statusWrites: { name: 'ingress_arbiter_status_writes_total', type: 'counter', labels: ['ingress_class', 'result'], help: 'Writes of Ingress statuses, by result.' },
  handOvers: { name: 'ingress_arbiter_hand_overs', type: 'gauge', labels: ['ingress_class', 'role', 'phase'], help: 'Ingresses on their way from (role from) or to (role to) the class, by phase: shadow, starting, moving, draining.' },
  handOverOldest: { name: 'ingress_arbiter_hand_over_oldest_seconds', type: 'gauge', unit: 'seconds', labels: ['ingress_class', 'role', 'phase'], help: 'For how long the oldest of them has been in its phase, as this process has seen it; 0 when there is none.' },
  handOverPhase: {
    name: 'ingress_arbiter_hand_over_phase_seconds', type: 'histogram', unit: 'seconds', labels: ['ingress_class', 'phase'], bounds: longTimeBounds,
    help: 'How long hand-overs to the class were in a phase, told when they leave it. What had begun before its controller did counts from then.',
  },
  handOverSteps: { name: 'ingress_arbiter_hand_over_steps_total', type: 'counter', labels: ['ingress_class', 'step', 'result'], help: 'Steps of hand-overs written in the name of the class: begin, join, serve (served and moved), leave (drained: done), turn (back, or on to a third class), revoke (taken back before it had moved), tidy.' },
  foreignStatusWrites: { name: 'ingress_arbiter_foreign_status_writes_total', type: 'counter', labels: ['ingress_class'], help: 'Times that somebody else has overwritten the address in the status of an Ingress of the class.' },
  watchObjects: { name: 'ingress_arbiter_watch_objects', type: 'gauge', labels: ['claims', 'resource'], help: 'Objects that the watch knows.' },
  watchUp: { name: 'ingress_arbiter_watch_up', type: 'gauge', labels: ['claims', 'resource'], help: '1 while the watch is open, else 0.' },
  watchSilence: { name: 'ingress_arbiter_watch_silence_seconds', type: 'gauge', unit: 'seconds', labels: ['claims', 'resource'], help: 'Time since the watch last brought anything: an event, a bookmark, a list.' },
  watchEventAge: { name: 'ingress_arbiter_watch_event_age_seconds', type: 'gauge', unit: 'seconds', labels: ['claims', 'resource'], help: 'Time since the last event or bookmark of the watch.' },
  watchListAge: { name: 'ingress_arbiter_watch_list_age_seconds', type: 'gauge', unit: 'seconds', labels: ['claims', 'resource'], help: 'Time since the last whole list that was believed.' },
  watchVersion: { name: 'ingress_arbiter_watch_resource_version', type: 'gauge', labels: ['claims', 'resource'], help: 'Resource version that the watch has reached. Between instances it shows which one lags behind.' },
  watchEvents: { name: 'ingress_arbiter_watch_events_total', type: 'counter', labels: ['claims', 'resource'], help: 'Events and bookmarks of the watch.' },
  watchRelists: { name: 'ingress_arbiter_watch_relists_total', type: 'counter', labels: ['claims', 'resource', 'reason'], help: 'Whole lists, by why they were made.' },
  watchStreamedLists: { name: 'ingress_arbiter_watch_streamed_lists_total', type: 'counter', labels: ['claims', 'resource'], help: 'Whole lists that came as the beginning of their watch. 0: the API server does not have that, and lists come in pages.' },
  watchReopened: { name: 'ingress_arbiter_watch_reopened_total', type: 'counter', labels: ['claims', 'resource'], help: 'Watches that have ended, as agreed or not; each was followed by another one.' },
  watchChecks: { name: 'ingress_arbiter_watch_consistency_checks_total', type: 'counter', labels: ['claims', 'resource'], help: 'Comparisons of what is known with a whole list. What they found is the trouble drift_repairs.' },
  leaseWatchLag: { name: 'ingress_arbiter_lease_watch_lag_seconds', type: 'gauge', unit: 'seconds', labels: ['claims'], help: 'How long a renewal of an own Lease has been waiting to come back over the watch; 0 when all have.' },
  leaseWatchMisses: { name: 'ingress_arbiter_lease_watch_misses_total', type: 'counter', labels: ['claims'], help: 'Renewals of an own Lease that did not come back over the watch within 5 s; each time the watch was opened anew.' },
  watchTroubles: { name: 'ingress_arbiter_watch_troubles_total', type: 'counter', labels: ['claims', 'resource', 'kind'], help: 'What went wrong with the watch: failed lists and watches, dropped lines, stale answers, braked mass deletes, repaired drift.' },
} as const satisfies Record<string, MetricDescription>;

export const catalogue = { ...trafficCatalogue, ...engineCatalogue, ...controllerCatalogue } as const satisfies Record<string, MetricDescription>;

export type MetricName = keyof typeof catalogue;
