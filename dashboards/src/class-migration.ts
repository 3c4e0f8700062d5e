// "Class migration": Ingresses on their way from class to class, phase by phase, how long they wait, and what both classes
// serve meanwhile.

import { type Dashboard, classVariable } from './dashboard.js';
import { byClass, quantile, rateBy } from './queries.js';

const handOvers = (role: string, by: string): string => `sum by (${by}) (ingress_arbiter_hand_overs{ingress_class=~"$ingress_class", role="${role}"})`;
const oldest = (role: string): string => `max by (ingress_class, phase) (ingress_arbiter_hand_over_oldest_seconds{ingress_class=~"$ingress_class", role="${role}"})`;

export const classMigration: Dashboard = {
  uid: 'ingress-arbiter-migration',
  title: 'Ingress arbiter: class migration',
  description: 'Ingresses that change their class: how many are in which phase, what is written for them, and the traffic of both classes.',
  variables: [classVariable],
  rows: [
    { title: 'Now', panels: [
      { kind: 'stat', title: 'On their way to the class', width: 12, unit: 'short', description: 'Ingresses whose hand-over to the class is not over, by phase.', queries: [{ expr: handOvers('to', 'phase'), legend: '{{phase}}' }] },
      { kind: 'stat', title: 'On their way from the class', width: 12, unit: 'short', description: 'Ingresses that the class still serves though they have another class, or are being tried in one (shadow).', queries: [{ expr: handOvers('from', 'phase'), legend: '{{phase}}' }] },
    ] },
    { title: 'Phases', panels: [
      { kind: 'timeseries', title: 'To the class, by phase', width: 12, unit: 'short', stacked: true, description: 'Shadow: tried; starting: not every engine has it; moving: the status is about to change; draining: the old class waits for the last request.', queries: [{ expr: handOvers('to', 'ingress_class, phase'), legend: '{{ingress_class}} {{phase}}' }] },
      { kind: 'timeseries', title: 'From the class, by phase', width: 12, unit: 'short', stacked: true, description: 'The same seen from the class that goes on serving.', queries: [{ expr: handOvers('from', 'ingress_class, phase'), legend: '{{ingress_class}} {{phase}}' }] },
      { kind: 'timeseries', title: 'Oldest in its phase', width: 12, unit: 's', description: 'How long the oldest hand-over to the class has been in its phase. Minutes in starting or moving are a hand-over that waits: finding IA181 says why.', queries: [{ expr: oldest('to'), legend: '{{ingress_class}} {{phase}}' }] },
      { kind: 'timeseries', title: 'Time in a phase', width: 12, unit: 's', description: 'How long hand-overs to the class took in each phase that they have left: half, and 95 of 100, took no longer.',
        queries: [0.5, 0.95].map((q) => ({ expr: quantile(q, 'ingress_arbiter_hand_over_phase_seconds', 'ingress_class, phase'), legend: `{{ingress_class}} {{phase}} p${q * 100}` })) },
      { kind: 'timeseries', title: 'Steps written', width: 24, unit: 'ops', description: 'Begin and serve are the way there, leave is its end; turn and revoke are ways back. Result conflict: somebody else wrote first, which is tried again; failed: the API refused.', queries: [{ expr: rateBy('ingress_class, step, result', 'ingress_arbiter_hand_over_steps_total'), legend: '{{ingress_class}} {{step}} {{result}}' }] },
    ] },
    { title: 'Both classes', panels: [
      { kind: 'timeseries', title: 'Requests by class', width: 12, unit: 'reqps', description: 'They go from the one class to the other as clients learn the new address.', queries: [{ expr: rateBy('ingress_class', 'ingress_arbiter_requests_total'), legend: '{{ingress_class}}' }] },
      { kind: 'timeseries', title: 'Waiting hand-overs', width: 12, unit: 'short', alarmAt: 1, description: 'Findings IA180 to IA182: records that nobody can read, hand-overs that wait, classes that may not serve.', queries: [{ expr: `sum by (ingress_class, code) (ingress_arbiter_findings{ingress_class=~"$ingress_class", code=~"IA18."})`, legend: '{{ingress_class}} {{code}}' }] },
      { kind: 'timeseries', title: 'Ingresses by class', width: 24, unit: 'short', stacked: true, description: 'Ingresses with an owner.', queries: [{ expr: `sum by (ingress_class) (ingress_arbiter_ingresses${byClass})`, legend: '{{ingress_class}}' }] },
    ] },
  ],
};
