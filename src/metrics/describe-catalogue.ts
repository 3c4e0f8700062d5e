// Writes docs/metrics.md from the catalogue, so that what people read is what is there.

import { type MetricDescription, catalogue, controllerCatalogue, engineCatalogue, trafficCatalogue } from './catalogue.js';
import { familiarCatalogue, familiarIdentity, familiarOrigin, familiarRequest } from './ingress-nginx-names.js';

const INTRODUCTION = `# Metrics

This file is written from src/metrics by \`make generate\`; change it there.

\`/metrics\` has everything, \`/metrics/<class>\` what belongs to one class, so that each team can scrape its own. Both speak
Prometheus' text format, and OpenMetrics when the request asks for it. Every figure of a class has the label
\`ingress_class\`. Labels never repeat what a scrape adds (namespace, pod, service, instance, job), and none holds what a client
chooses: a host or a path only as an Ingress has it, a method or a status only from a list (others are \`OTHER\`, \`4xx\`).

- **Counts survive** a worker's death: they lie in shared memory. When nginx itself dies, what it had counted at the last
  reading stays (the engine reads at every scrape and every 10 s), and nothing goes backwards.
- **Times and sizes** are gathered in each worker and join the others once a second; a worker that is killed loses that second
  of them, never a request. They are kept for each class, or with \`metrics.histogramsPerIngress: true\` for each Ingress and
  Service; then the Ingress labels are filled, and sums over them are the same.
- **Idle Ingresses** are present: every one has its series \`method="GET",code="200"\` from the beginning.
- **Limits:** a class has at most \`metrics.seriesPerClass\` series of requests (20,000). What is new beyond that is counted under the
  Ingress \`(folded)\`, and in \`ingress_arbiter_requests_folded_total\`. Series of an Ingress that has gone stay for
  \`metrics.goneSeconds\` (600).
- A request that no route takes is counted under the first class of its listener, without an Ingress.`;

const FAMILIAR = `## Under the names of ingress-nginx

With \`metrics.ingressNginxNames: true\` in the engine's settings (\`make dev\` has it; \`--metrics-compat none\` switches it off) the same
traffic is also shown as below: with the labels that controller has, and \`ingress_class\`. What differs:

- \`status\` 4xx, 5xx and the like stand for numbers that HTTP does not know; \`canary\` is empty.
- Histograms have no \`method\`, \`status\`, \`host\` and \`path\`; without \`histogramsPerIngress\` they have no \`namespace\`, \`ingress\` and
  \`service\` either.
- Requests that no Ingress took are not there, as in that controller's default.
- \`config_*\`, \`orphan_ingress\`, \`leader_election_status\`, \`admission_*\` and \`nginx_process_requests_total\` are not there: nothing
  here reloads, and the own names tell more.`;

/** The whole document. */
export function describeCatalogue(): string {
  return [
    INTRODUCTION,
    `## Traffic\n\n${table(Object.values(trafficCatalogue))}`,
    `## Engine\n\n${table(Object.values(engineCatalogue))}`,
    `## Arbitration\n\n${table(Object.values(controllerCatalogue))}`,
    `Buckets of times, in seconds: ${trafficCatalogue.requestDuration.bounds.join(', ')}. Of sizes, in bytes: ${trafficCatalogue.requestSize.bounds.join(', ')}.`,
    FAMILIAR,
    familiarTable(),
  ].join('\n\n') + '\n';
}

function table(metrics: readonly MetricDescription[]): string {
  const rows = metrics.map(({ name, type, unit, labels, help }) => `| \`${name}\` | ${type} | ${unit ?? ''} | ${labels.join(', ')} | ${help} |`);
  return ['| name | type | unit | labels | |', '|---|---|---|---|---|', ...rows].join('\n');
}

function familiarTable(): string {
  const labelsOf = (from: string): string => {
    if (from === 'requests') return familiarRequest.join(', ');
    if (from === 'certificateExpiry') return 'ingress_class, host';
    return from.startsWith('upstream') || from.startsWith('request') || from.startsWith('response') ? familiarOrigin.join(', ') : '';
  };
  const rows = familiarCatalogue.map(({ name, type, from }) => `| \`${name}\` | ${type} | ${labelsOf(from)} | ${ownName(from)} |`);
  return [`All have ${familiarIdentity.join(', ')}.`, '', '| name | type | further labels | is |', '|---|---|---|---|', ...rows].join('\n');
}

function ownName(from: (typeof familiarCatalogue)[number]['from']): string {
  return `\`${catalogue[from].name}\``;
}
