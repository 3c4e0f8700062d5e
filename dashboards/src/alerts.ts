// Every alert with what it means and what to do, and the recording rules under them. docs/runbooks.md is written from here, so
// that no alert is without its section.

export interface Alert {
  name: `IngressArbiter${string}`;
  severity: 'critical' | 'warning';
  expr: string;
  /** How long it must be so. */
  for: string;
  summary: string;
  means: string;
  todo: string;
}

export interface RecordingRule {
  record: string;
  expr: string;
  help: string;
}

const requests = 'ingress_arbiter_requests_total';
const rate = (labels: string, selector = ''): string => `sum by (${labels}) (rate(${requests}${selector}[5m]))`;
const faults = 'no-reference|unknown-class|foreign-class-of-that-name|namespace-not-allowed|classless-claimed-twice';

export const recordingRules: readonly RecordingRule[] = [
  { record: 'ingress_arbiter:requests:rate5m', expr: rate('ingress_class'), help: 'Requests a second by class' },
  { record: 'ingress_arbiter:errors:ratio5m', expr: `(${rate('ingress_class', '{code=~"5.."}')} or 0 * ${rate('ingress_class')}) / clamp_min(${rate('ingress_class')}, 0.001)`, help: 'Part of the requests answered with 5xx, by class' },
  { record: 'ingress_arbiter:latency:p95_5m', expr: 'histogram_quantile(0.95, sum by (le, ingress_class) (rate(ingress_arbiter_request_duration_seconds_bucket[5m])))', help: '95th percentile of the duration of requests, by class' },
];

/** Series that are not ours, with the labels that are used of them: kube-state-metrics tells of Jobs. */
export const foreignSeries: Readonly<Record<string, readonly string[]>> = {
  kube_job_status_failed: ['namespace', 'job_name'],
  kube_job_status_succeeded: ['namespace', 'job_name'],
};

const ofIngress = 'ingress_class, ingress_namespace, ingress_name';
const refused = rate(ofIngress, '{code=~"[45]..",ingress_name!=""}');
const asked = rate(ofIngress, '{ingress_name!=""}');
/** Part of the requests of an Ingress answered with 4xx or 5xx, by class, where there are enough of them to tell. */
const refusedRatio = `(${refused} or 0 * ${asked}) / (${asked} > 0.1)`;
const ownCertificateLeft = 'min by (program, claims, certificate) (ingress_arbiter_own_certificate_expiry_timestamp_seconds) - time()';

const certificateJobs = '{job_name=~"ingress-arbiter-certificates-.+"}';

export const alerts: readonly Alert[] = [
  { name: 'IngressArbiterDown', severity: 'critical', for: '5m', expr: 'absent(ingress_arbiter_build_info)',
    summary: 'No ingress-arbiter is scraped.',
    means: 'Prometheus sees no instance at all: none runs, or the scrape does not reach it.',
    todo: 'Look whether its pods run, then whether Prometheus has the target (Status, Targets) and what it says about it.' },
  { name: 'IngressArbiterClassUnheld', severity: 'critical', for: '5m',
    expr: 'sum by (ingress_class) (ingress_arbiter_listener_info) unless on (ingress_class) (sum by (ingress_class) (ingress_arbiter_claim_held) > 0)',
    summary: 'Nobody holds the claim of class {{ $labels.ingress_class }}.',
    means: 'The engine serves the class, but no controller acts for it: what is served stays, changes wait.',
    todo: 'Look at the Lease named after the class: who holds it, since when? Look in the log of the controllers for why they do not take it.' },
  { name: 'IngressArbiterClassHeldTwice', severity: 'critical', for: '1m', expr: 'sum by (ingress_class) (ingress_arbiter_claim_held) > 1',
    summary: 'Class {{ $labels.ingress_class }} has {{ $value }} holders.',
    means: 'Two controller instances believe that they hold one claim. The engine takes tables of the higher epoch only.',
    todo: 'Compare ingress_arbiter_claim_epoch of both. Two installations with Leases in different namespaces are the usual reason: end one of them or give it another class.' },
  { name: 'IngressArbiterClassConflict', severity: 'critical', for: '5m', expr: 'max by (ingress_class, kind) (ingress_arbiter_class_conflicts{kind!="shard"}) > 0',
    summary: 'Another installation claims class {{ $labels.ingress_class }} or a part of it ({{ $labels.kind }}).',
    means: 'Two installations take the same class, annotation value or controller value: both serve its Ingresses and write their statuses.',
    todo: '`ingress-arbiter classes` and the findings in the log name the other installation. Give one of the two another class.' },
  { name: 'IngressArbiterIngressUnowned', severity: 'warning', for: '10m', expr: `max by (rule) (ingress_arbiter_ingresses_unowned{rule=~"${faults}"}) > 0`,
    summary: '{{ $value }} Ingresses are nobody\'s: {{ $labels.rule }}.',
    means: 'Ingresses get no route, by the rule of that name: they name no class, one that does not exist, or one that their namespace may not use.',
    todo: 'Find them in the log of the controller (IA101 to IA108) or with `ingress-arbiter lint` on their manifests, and correct their class.' },
  { name: 'IngressArbiterFindings', severity: 'warning', for: '15m', expr: 'sum by (ingress_class, code) (ingress_arbiter_findings{severity="error"}) > 0',
    summary: 'Class {{ $labels.ingress_class }} has {{ $value }} findings {{ $labels.code }}.',
    means: 'Something that a user wrote can not be carried out; what else the Ingress says is served. IA124: two Ingresses want one path.',
    todo: 'The log of the controller names the object, the reason and what to do; search it for the code.' },
  { name: 'IngressArbiterTableRefused', severity: 'critical', for: '0m', expr: 'sum by (ingress_class) (increase(ingress_arbiter_table_updates_total{result="refused"}[5m])) > 0',
    summary: 'The engine refuses the table of class {{ $labels.ingress_class }}.',
    means: 'It refuses it as a whole, not for single entries: what was served before stays; nothing new of this class is served until the table is taken.',
    todo: 'The log of the controller has the reason. full: raise sharedMemoryMegabytes. budget: raise the limit, or find the Ingress that grew. nginx: look at the engine\'s log.' },
  { name: 'IngressArbiterEntriesRefused', severity: 'warning', for: '1m', expr: 'max by (ingress_class, engine) (ingress_arbiter_quarantined_entries) > 0',
    summary: 'Engine {{ $labels.engine }} refuses {{ $value }} entries of class {{ $labels.ingress_class }}.',
    means: 'Their routes are answered with 503, their endpoints get no requests, or an older certificate is served, on this engine. Everything else of the class goes on.',
    todo: 'Finding IA170 names each Ingress and the engine\'s reason. When nothing is wrong with the Ingress: do engines and controllers have the same version? Is a limit of this engine (limits.routesPerHost, limits.endpointsPerService, allowLoopbackEndpoints) lower than that of the others? They are offered again by themselves.' },
  { name: 'IngressArbiterTableLag', severity: 'warning', for: '2m', expr: 'max by (ingress_class, engine) (ingress_arbiter_engine_lag_seconds) > 30',
    summary: 'Engine {{ $labels.engine }} is {{ $value | humanizeDuration }} behind in class {{ $labels.ingress_class }}.',
    means: 'It follows the controller and has not taken a change for that long; it serves what it had. Other engines are not held up.',
    todo: 'ingress_arbiter_engine_refusals_total says whether it refuses (and by which word) or does not answer (no-answer); its log says why. It is given the whole table when it is restarted.' },
  { name: 'IngressArbiterLastGoodNotWritten', severity: 'warning', for: '5m', expr: 'max(ingress_arbiter_last_good_write_failing) > 0',
    summary: 'An engine can not write its last good tables.',
    means: 'It serves all the same. Should it be restarted while no controller can be asked, it would serve older tables, or none.',
    todo: 'Its log names the reason: a full or read-only disk, or the rights on workDirectory/tables. It writes again by itself when it can.' },
  { name: 'IngressArbiterLastGoodRefused', severity: 'warning', for: '2m', expr: 'max by (ingress_class) (ingress_arbiter_last_good_refused_entries) > 0',
    summary: 'An engine serves its last good table of class {{ $labels.ingress_class }} without {{ $value }} entries.',
    means: 'It started from its disk, no controller has brought a table since, and it does not take some entries of what it served before: their routes are answered with 503, or an endpoint or a certificate is missing. Everything else of the class is served.',
    todo: 'Its log names each entry and the reason. Was the engine put back to an older version, or a limit of it lowered? Why does no controller reach it (ingress_arbiter_engine_connected)? The first table that one brings takes the place of this one.' },
  { name: 'IngressArbiterSlowToServe', severity: 'warning', for: '10m',
    expr: 'histogram_quantile(0.99, sum by (le, ingress_class) (rate(ingress_arbiter_change_to_served_seconds_bucket[10m]))) > 1',
    summary: 'Changes of class {{ $labels.ingress_class }} take {{ $value | humanizeDuration }} to be served.',
    means: 'From the watch event to the answer of the last engine it should be milliseconds.',
    todo: 'Is one engine behind (ingress_arbiter_engine_lag_seconds)? Is the controller short of processor time? Is one update very big (a Service with thousands of endpoints)? Is nginx being restarted?' },
  { name: 'IngressArbiterWatchDown', severity: 'critical', for: '2m', expr: 'min by (claims, resource) (ingress_arbiter_watch_up) == 0',
    summary: 'The watch of {{ $labels.resource }} is not open.',
    means: 'Changes of these objects are not seen; what is known goes on being served.',
    todo: 'The log of the controller says what the API server answers: no right (RBAC), no connection, an expired token.' },
  { name: 'IngressArbiterWatchSilent', severity: 'warning', for: '1m', expr: 'max by (claims, resource) (ingress_arbiter_watch_silence_seconds) > 600',
    summary: 'The watch of {{ $labels.resource }} has brought nothing for {{ $value | humanizeDuration }}.',
    means: 'The API server sends a bookmark about once a minute; a watch that is open and silent may be dead.',
    todo: 'Is the API server overloaded? Restarting the controller opens new watches; nothing that is served is lost by it.' },
  { name: 'IngressArbiterWatchBlind', severity: 'warning', for: '0m', expr: 'sum by (claims) (increase(ingress_arbiter_lease_watch_misses_total[15m])) > 2',
    summary: 'The watch of Leases does not bring what instance {{ $labels.claims }} writes itself.',
    means: 'The API server takes renewals and does not tell of them within 5 s. Other watches may be as blind; what is known goes on being served.',
    todo: 'Is the API server overloaded, or does a proxy or load balancer before it cut or buffer watches? The watch is opened anew by itself.' },
  { name: 'IngressArbiterWatchDrift', severity: 'warning', for: '0m', expr: 'sum by (claims, resource) (increase(ingress_arbiter_watch_troubles_total{kind="drift_repairs"}[15m])) > 0',
    summary: 'The watch of {{ $labels.resource }} had missed changes.',
    means: 'A comparison with a whole list found what the watch had not told. It has been repaired.',
    todo: 'Nothing at once. When it comes back, a proxy between controller and API server may cut or buffer watches.' },
  { name: 'IngressArbiterStatusWritesFail', severity: 'warning', for: '10m', expr: 'sum by (ingress_class) (rate(ingress_arbiter_status_writes_total{result="failed"}[5m])) > 0',
    summary: 'Statuses of class {{ $labels.ingress_class }} can not be written.',
    means: 'Ingresses show an old address or none; traffic is not touched.',
    todo: 'The log of the controller has the API server\'s answer. Usual: no right on ingresses/status.' },
  { name: 'IngressArbiterStatusFlapping', severity: 'warning', for: '0m', expr: 'sum by (ingress_class) (increase(ingress_arbiter_foreign_status_writes_total[10m])) > 3',
    summary: 'Somebody else writes the statuses of class {{ $labels.ingress_class }}.',
    means: 'The address that was written was overwritten again and again: a second controller serves the same class. It is not fought.',
    todo: 'kubectl get ingress NAME -o yaml --show-managed-fields names who writes status. End one of the two, or give it another class.' },
  { name: 'IngressArbiterHandOverStuck', severity: 'warning', for: '1m',
    expr: 'max by (ingress_class, phase) (ingress_arbiter_hand_over_oldest_seconds{role="to",phase=~"starting|moving"}) > 600',
    summary: 'A hand-over to class {{ $labels.ingress_class }} has been {{ $labels.phase }} for {{ $value | humanizeDuration }}.',
    means: 'It should take seconds. Starting: not every live engine serves the Ingress for its new class. Moving: its status is not written. The old class goes on serving it.',
    todo: 'Finding IA181 and `ingress-arbiter explain` of the Ingress say what it waits for: an engine that is behind or refuses entries, a class that nobody holds, a right that is missing.' },
  { name: 'IngressArbiterMigrationStalled', severity: 'warning', for: '1m',
    expr: 'max by (ingress_class, phase) (ingress_arbiter_hand_over_oldest_seconds{role="to",phase=~"shadow|draining"}) > 86400',
    summary: 'A hand-over to class {{ $labels.ingress_class }} has been {{ $labels.phase }} for {{ $value | humanizeDuration }}.',
    means: 'Nothing fails. Draining: clients still use the address of the old class, so it goes on serving. Shadow: somebody tried the class and has neither taken it nor given it up.',
    todo: '`ingress-arbiter migrate status` names the Ingresses. Draining: find who still uses the old address (DNS that was not changed, clients that never ask again). Shadow: cut over, or roll back.' },
  { name: 'IngressArbiterMigrationMismatch', severity: 'warning', for: '10m',
    expr: `max by (ingress_namespace, ingress_name) (${refusedRatio}) - min by (ingress_namespace, ingress_name) (${refusedRatio}) > 0.05`,
    summary: 'Two classes answer requests of Ingress {{ $labels.ingress_namespace }}/{{ $labels.ingress_name }} differently.',
    means: 'Both classes serve it, while it goes from one to the other or is tried in one, and the parts of their requests that are answered with 4xx or 5xx are more than 5 of 100 apart. Each of them had a request in ten seconds at least.',
    todo: '`ingress-arbiter migrate verify` puts the same requests to both listeners and says where they answer differently, and why. Usual: another client address behind the other load balancer (address lists), a default of the other class, a redirect. Until it is mended: `ingress-arbiter migrate rollback`.' },
  { name: 'IngressArbiterCertificateJobFails', severity: 'critical', for: '5m',
    expr: `max by (namespace, job_name) (kube_job_status_failed${certificateJobs}) > 1 unless on (namespace, job_name) max by (namespace, job_name) (kube_job_status_succeeded${certificateJobs}) > 0`,
    summary: 'Job {{ $labels.namespace }}/{{ $labels.job_name }} can not make the certificates of engines and controllers.',
    means: 'At the first installation nothing serves without them. Later the ones that are there last up to 90 days; then engines and controllers no longer know each other, and changes wait. Needs kube-state-metrics.',
    todo: 'kubectl logs job/NAME tells what is missing: a Secret, the right to patch it, a way to the API server. When it is mended, delete the Job and apply the manifests again, or wait for the next one of the CronJob.' },
  { name: 'IngressArbiterHighErrorRatio', severity: 'critical', for: '5m', expr: 'ingress_arbiter:errors:ratio5m > 0.05 and on (ingress_class) ingress_arbiter:requests:rate5m > 1',
    summary: '{{ $value | humanizePercentage }} of the requests of class {{ $labels.ingress_class }} fail.',
    means: 'More than 5 of 100 requests are answered with 5xx, at more than one request a second.',
    todo: 'The dashboard of the class shows which Ingresses and codes: 502: the pod breaks connections; 503: no endpoint; 504: the pod is too slow.' },
  { name: 'IngressArbiterIngressErrorRatio', severity: 'warning', for: '10m',
    expr: `${rate('ingress_class, ingress_namespace, ingress_name', '{code=~"5..",ingress_name!=""}')} / ${rate('ingress_class, ingress_namespace, ingress_name', '{ingress_name!=""}')} > 0.2 and ${rate('ingress_class, ingress_namespace, ingress_name', '{ingress_name!=""}')} > 0.1`,
    summary: '{{ $value | humanizePercentage }} of the requests of Ingress {{ $labels.ingress_namespace }}/{{ $labels.ingress_name }} fail.',
    means: 'One Ingress answers more than a fifth of its requests with 5xx.',
    todo: 'Look at the pods of its Service. The codes tell: 502 connections break, 503 no endpoint, 504 too slow, 500 the application itself.' },
  { name: 'IngressArbiterHighLatency', severity: 'warning', for: '10m', expr: 'ingress_arbiter:latency:p95_5m > 1 and on (ingress_class) ingress_arbiter:requests:rate5m > 1',
    summary: '95 % of the requests of class {{ $labels.ingress_class }} take up to {{ $value | humanizeDuration }}.',
    means: 'The class is slower than a second for one request of twenty. Change the limit to what you promise.',
    todo: 'On the dashboard of the class, compare connect, header and response time with the whole: is it the pods, or clients on slow lines?' },
  { name: 'IngressArbiterNoEndpoints', severity: 'warning', for: '5m', expr: 'sum by (ingress_class, ingress_namespace, ingress_name, backend_service) (rate(ingress_arbiter_no_endpoint_answers_total[5m])) > 0',
    summary: 'Service {{ $labels.ingress_namespace }}/{{ $labels.backend_service }} has no ready endpoint and is asked for.',
    means: 'Requests of Ingress {{ $labels.ingress_name }} are answered with 503.',
    todo: 'kubectl get endpointslices of the Service: no pod is ready, or its selector or port name fits none.' },
  { name: 'IngressArbiterCertificateExpiresSoon', severity: 'warning', for: '1h', expr: 'min by (ingress_class, host) (ingress_arbiter_certificate_expiry_timestamp_seconds) - time() < 14 * 86400',
    summary: '{{ if $labels.host }}The certificate of {{ $labels.host }}{{ else }}The default certificate of class {{ $labels.ingress_class }}{{ end }} ends in {{ $value | humanizeDuration }}.',
    means: 'Less than two weeks are left; automatic renewal should have come by now. Without a host: the default certificate of the class, for names that no Ingress has one for.',
    todo: 'Look at what renews it (cert-manager: the Certificate and its Order). A new Secret is served at once. The default certificate of a class is in the Secret that default-ssl-certificate of its settings names.' },
  { name: 'IngressArbiterCertificateExpires', severity: 'critical', for: '5m', expr: 'min by (ingress_class, host) (ingress_arbiter_certificate_expiry_timestamp_seconds) - time() < 3 * 86400',
    summary: '{{ if $labels.host }}The certificate of {{ $labels.host }}{{ else }}The default certificate of class {{ $labels.ingress_class }}{{ end }} ends in {{ $value | humanizeDuration }}.',
    means: 'Less than three days are left. A certificate that has ended is not taken into a table any more.',
    todo: 'Renew it by hand, and see why it did not happen by itself.' },
  { name: 'IngressArbiterOwnCertificateExpiresSoon', severity: 'warning', for: '1h', expr: `${ownCertificateLeft} < 14 * 86400`,
    summary: 'A certificate between engines and controllers ends in {{ $value | humanizeDuration }} ({{ $labels.program }} {{ $labels.claims }}, {{ $labels.certificate }}).',
    means: 'Less than two weeks are left of a certificate by which engines and controllers know each other; it should have been renewed by now. own: that of the program itself; authority: that which it trusts.',
    todo: 'Look at what renews it: kubectl get jobs of the CronJob ingress-arbiter-certificates and their logs, or the Certificate of cert-manager; certificates made by hand are renewed with `ingress-arbiter certs`. Running programs take new files by themselves. An authority lasts ten years; docs/install.md says how to begin anew.' },
  { name: 'IngressArbiterOwnCertificateExpires', severity: 'critical', for: '5m', expr: `${ownCertificateLeft} < 3 * 86400`,
    summary: 'A certificate between engines and controllers ends in {{ $value | humanizeDuration }} ({{ $labels.program }} {{ $labels.claims }}, {{ $labels.certificate }}).',
    means: 'When it has ended, no engine gets to a controller by it any more: what is served stays, changes wait, and the API server gets no answers about Ingresses.',
    todo: 'kubectl create job --from=cronjob/ingress-arbiter-certificates renew-now makes new ones at once; without that Job, `ingress-arbiter certs` or cert-manager. Then see why it did not happen by itself.' },
  { name: 'IngressArbiterSharedMemoryNearlyFull', severity: 'warning', for: '10m', expr: 'min by (zone) (ingress_arbiter_shared_memory_free_bytes / ingress_arbiter_shared_memory_capacity_bytes) < 0.1',
    summary: 'Zone {{ $labels.zone }} has {{ $value | humanizePercentage }} of its memory left.',
    means: 'A full zone refuses changes (ia_records, ia_pointers) or new series (ia_counters, ia_numbers). What is served stays.',
    todo: 'Raise its size in sharedMemoryMegabytes and restart the engine, or find the class that grew (ingress_arbiter_engine_table_entries).' },
  { name: 'IngressArbiterNginxRestarted', severity: 'warning', for: '0m', expr: 'increase(ingress_arbiter_nginx_starts_total[15m]) > 0',
    summary: 'nginx has died and was started again.',
    means: 'Open connections were lost; the tables were written again at once.',
    todo: 'The log of the engine has nginx\'s last words. Killed by signal 9: look for memory limits (OOM) of the pod.' },
  { name: 'IngressArbiterSeriesFolded', severity: 'warning', for: '15m', expr: 'sum by (ingress_class) (rate(ingress_arbiter_requests_folded_total[10m])) > 0',
    summary: 'Class {{ $labels.ingress_class }} has more series than it may have.',
    means: 'Requests of further Ingresses are counted together. Totals of the class are still right.',
    todo: 'Raise metrics.seriesPerClass, if Prometheus can carry it.' },
  { name: 'IngressArbiterRequestsUncounted', severity: 'warning', for: '0m', expr: 'sum(increase(ingress_arbiter_requests_uncounted_total[15m])) > 0',
    summary: 'Requests are not counted: the memory of the counters is full.',
    means: 'New series can not begin. Traffic is not touched.',
    todo: 'Raise what is full of sharedMemoryMegabytes.counters (zone ia_counters) and sharedMemoryMegabytes.numbers (ia_numbers), or switch metrics.histogramsPerIngress off.' },
];
