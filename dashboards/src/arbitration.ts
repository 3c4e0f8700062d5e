// "Arbitration and conflicts": who holds which class, what is refused or fought over, and whether the view of the cluster is fresh.

import { type Dashboard, classVariable } from './dashboard.js';
import { byClass, quantile, rateBy } from './queries.js';

const increase = (labels: string, metric: string, selector = byClass): string => `sum by (${labels}) (increase(${metric}${selector}[$__rate_interval]))`;

export const arbitration: Dashboard = {
  uid: 'ingress-arbiter-arbitration',
  title: 'Ingress arbiter: arbitration and conflicts',
  description: 'Who holds which class, what is wrong, who writes what, and how fresh the view of the cluster is.',
  variables: [classVariable],
  rows: [
    { title: 'Claims', panels: [
      { kind: 'timeseries', title: 'Holders by class', width: 8, unit: 'short', alarmAt: 2, description: 'Controller instances that hold the claim of the class: 1 is right, 0 means that nobody acts for it, 2 is a conflict.', queries: [{ expr: `sum by (ingress_class) (ingress_arbiter_claim_held${byClass})`, legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Take-overs and losses', width: 8, unit: 'short', description: 'How often a claim was taken or given up, by reason.', queries: [{ expr: increase('ingress_class, change', 'ingress_arbiter_claim_changes_total'), legend: '{{ingress_class}} {{change}}' }] },
      { kind: 'timeseries', title: 'Epoch', width: 8, unit: 'short', description: 'Grows with every change of holder.', queries: [{ expr: `max by (ingress_class) (ingress_arbiter_claim_epoch${byClass})`, legend: '{{ingress_class}}' }] },
    ] },
    { title: 'Conflicts', panels: [
      { kind: 'timeseries', title: 'Claims of other installations', width: 12, unit: 'short', alarmAt: 1, description: 'Installations that claim the same class, annotation value or controller value; shard: members with another number of shares.', queries: [{ expr: `max by (ingress_class, kind) (ingress_arbiter_class_conflicts${byClass})`, legend: '{{ingress_class}} {{kind}}' }] },
      { kind: 'timeseries', title: 'Findings by code', width: 12, unit: 'short', stacked: true, description: 'What is wrong now. IA10x: class and owner; IA12x: hosts and paths, IA124: two Ingresses want one path; IA13x: backends; IA14x: certificates; IA15x: annotations.', queries: [{ expr: `sum by (code, severity) (ingress_arbiter_findings${byClass})`, legend: '{{code}} ({{severity}})' }] },
      { kind: 'timeseries', title: 'Nobody\'s Ingresses by rule', width: 8, unit: 'short', description: 'Ingresses that no claim of an instance owns. A foreign controller or class is no fault; an unknown class or a forbidden namespace is.', queries: [{ expr: 'max by (claims, rule) (ingress_arbiter_ingresses_unowned)', legend: '{{rule}} (seen by {{claims}})' }] },
      { kind: 'timeseries', title: 'Ingresses by rule', width: 8, unit: 'short', stacked: true, description: 'Ingresses with an owner, by the rule that gave them to it.', queries: [{ expr: `sum by (ingress_class, rule) (ingress_arbiter_ingresses${byClass})`, legend: '{{ingress_class}} {{rule}}' }] },
      { kind: 'timeseries', title: 'Status writes by result', width: 8, unit: 'ops', description: 'Result conflict: somebody else wrote first; failed: the API refused. Overwritten: somebody else changed the address afterwards.', queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_foreign_status_writes_total'), legend: '{{ingress_class}} overwritten' }, { expr: rateBy('ingress_class, result', 'ingress_arbiter_status_writes_total'), legend: '{{ingress_class}} {{result}}' }] },
    ] },
    { title: 'Tables', panels: [
      { kind: 'timeseries', title: 'Table updates by result', width: 8, unit: 'ops', description: 'Result refused: the engine kept what it had; its log and the controller\'s say why. without-entries: it goes again without entries that the engine refuses.', queries: [{ expr: rateBy('ingress_class, result', 'ingress_arbiter_table_updates_total'), legend: '{{ingress_class}} {{result}}' }] },
      { kind: 'timeseries', title: 'Change to served', width: 8, unit: 's', description: 'From the watch event to the answer of the last engine: half and 99 of 100 changes took no longer.',
        queries: [0.5, 0.99].map((q) => ({ expr: quantile(q, 'ingress_arbiter_change_to_served_seconds', 'ingress_class'), legend: `{{ingress_class}} p${q * 100}` })) },
      { kind: 'timeseries', title: 'Refused entries', width: 8, unit: 'short', alarmAt: 1, description: 'Entries that an engine refuses, by engine: closed or left out there while everything else goes on (finding IA170).',
        queries: [{ expr: `max by (ingress_class, engine) (ingress_arbiter_quarantined_entries${byClass})`, legend: '{{ingress_class}} on {{engine}}' }] },
    ] },
    { title: 'Engines', panels: [
      { kind: 'timeseries', title: 'Lag', width: 8, unit: 's', warnAt: 30, description: 'How long the oldest change has waited that the engine does not serve yet; 0 when it serves all.', queries: [{ expr: `max by (ingress_class, engine) (ingress_arbiter_engine_lag_seconds${byClass})`, legend: '{{ingress_class}} on {{engine}}' }] },
      { kind: 'timeseries', title: 'Changes behind', width: 8, unit: 'short', description: 'Changes of the table that the engine does not serve yet.', queries: [{ expr: `max by (ingress_class, engine) (ingress_arbiter_engine_changes_behind${byClass})`, legend: '{{ingress_class}} on {{engine}}' }] },
      { kind: 'timeseries', title: 'Refusals by reason', width: 8, unit: 'ops', description: 'Updates that an engine did not take, by the first word of its reason. no-answer: it has said nothing.', queries: [{ expr: rateBy('engine, reason', 'ingress_arbiter_engine_refusals_total'), legend: '{{engine}} {{reason}}' }] },
      { kind: 'table', title: 'Tables by engine', width: 24, unit: 'short', description: 'Which update each engine has taken last, and whether it follows.',
        columns: [{ title: 'Epoch', unit: 'short' }, { title: 'Sequence', unit: 'short' }, { title: 'Follows', unit: 'bool_yes_no' }],
        queries: ['taken_epoch', 'taken_sequence', 'connected'].map((name) => ({ expr: `max by (ingress_class, shard, engine) (ingress_arbiter_engine_${name}${byClass})`, legend: '', instant: true })) },
    ] },
    { title: 'View of the cluster', panels: [
      { kind: 'timeseries', title: 'Silence of the watches', width: 8, unit: 's', warnAt: 300, description: 'Time since a watch last brought anything. The API server sends a bookmark about once a minute.', queries: [{ expr: 'max by (claims, resource) (ingress_arbiter_watch_silence_seconds)', legend: '{{resource}} ({{claims}})' }] },
      { kind: 'timeseries', title: 'Events', width: 8, unit: 'ops', description: 'Events and bookmarks of the watches.', queries: [{ expr: rateBy('resource', 'ingress_arbiter_watch_events_total', ''), legend: '{{resource}}' }] },
      { kind: 'timeseries', title: 'Lists and troubles', width: 8, unit: 'short', description: 'Whole lists by why they were made, and what went wrong; planning failed: a bug of ingress-arbiter, see the log.',
        queries: [{ expr: increase('claims', 'ingress_arbiter_planning_failures_total', ''), legend: 'planning failed ({{claims}})' }, { expr: increase('reason', 'ingress_arbiter_watch_relists_total', ''), legend: 'list: {{reason}}' }, { expr: increase('kind', 'ingress_arbiter_watch_troubles_total', ''), legend: '{{kind}}' }] },
      { kind: 'stat', title: 'Open watches', width: 12, unit: 'short', description: 'Watches that are open now, by instance.', queries: [{ expr: 'sum by (claims) (ingress_arbiter_watch_up)', legend: '{{claims}}' }] },
      { kind: 'bargauge', title: 'Objects watched', width: 12, unit: 'short', description: 'What the controller knows of the cluster.', queries: [{ expr: 'max by (resource) (ingress_arbiter_watch_objects)', legend: '{{resource}}' }] },
      { kind: 'timeseries', title: 'Ages of events and lists', width: 6, unit: 's', description: 'Time since the last event or bookmark, and since the last whole list. A list may be old as long as events come.',
        queries: ['event', 'list'].map((what) => ({ expr: `max by (resource) (ingress_arbiter_watch_${what}_age_seconds)`, legend: `{{resource}} ${what}` })) },
      { kind: 'timeseries', title: 'Versions that watches lag behind', width: 6, unit: 'short', description: 'Between the instance that has come furthest and the one that has come least: resource versions of the watch of one kind.',
        queries: [{ expr: 'max by (resource) (ingress_arbiter_watch_resource_version) - min by (resource) (ingress_arbiter_watch_resource_version)', legend: '{{resource}}' }] },
      { kind: 'timeseries', title: 'Watches, lists and checks', width: 6, unit: 'short', description: 'Watches that ended and were opened anew, lists that came as the beginning of a watch, and comparisons with a whole list.',
        queries: ['reopened', 'streamed_lists', 'consistency_checks'].map((what) => ({ expr: increase('resource', `ingress_arbiter_watch_${what}_total`, ''), legend: `{{resource}} ${what}` })) },
      { kind: 'timeseries', title: 'Own renewals over the watch', width: 6, unit: 's', warnAt: 5, description: 'How long a renewal of an own Lease waits to come back over the watch, and how often that took more than 5 s: then the watch is opened anew.',
        queries: [{ expr: 'max by (claims) (ingress_arbiter_lease_watch_lag_seconds)', legend: 'waits ({{claims}})' }, { expr: increase('claims', 'ingress_arbiter_lease_watch_misses_total', ''), legend: 'missed ({{claims}})' }] },
    ] },
  ],
};
