// The alerts and recording rules as files: for Prometheus itself, for the Prometheus Operator, and their runbooks for people.

import { stringify } from 'yaml';
import { type Alert, alerts, recordingRules } from './alerts.js';

/** Where runbooks are read; whoever has them elsewhere changes the annotation. */
const RUNBOOKS = 'docs/runbooks.md';

function groups(): object[] {
  return [
    { name: 'ingress-arbiter.rules', rules: recordingRules.map(({ record, expr }) => ({ record, expr })) },
    { name: 'ingress-arbiter.alerts', rules: alerts.map(alertRule) },
  ];
}

function alertRule({ name, expr, severity, summary, means, for: duration }: Alert): object {
  return {
    alert: name, expr, ...(duration === '0m' ? {} : { for: duration }), labels: { severity },
    annotations: { summary, description: means, runbook_url: `${RUNBOOKS}#${name.toLowerCase()}` },
  };
}

const yaml = (value: object): string => `# Written by make generate from dashboards/src/alerts.ts.\n${stringify(value, { lineWidth: 0 })}`;

/** For `rule_files` of Prometheus. */
export function rulesFile(): string {
  return yaml({ groups: groups() });
}

/** For the Prometheus Operator. */
export function prometheusRule(): string {
  return yaml({
    apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule',
    metadata: { name: 'ingress-arbiter', labels: { 'app.kubernetes.io/name': 'ingress-arbiter' } }, spec: { groups: groups() },
  });
}

/** A section for each alert. */
export function runbooks(): string {
  const sections = alerts.map(({ name, severity, expr, for: duration, means, todo }) => [
    `## ${name}`, `${severity === 'critical' ? 'Critical' : 'Warning'}${duration === '0m' ? '' : `, after ${duration}`}.`,
    `**What it means.** ${plain(means)}`, `**What to do.** ${plain(todo)}`, `\`\`\`promql\n${expr}\n\`\`\``,
  ].join('\n\n'));
  const recorded = recordingRules.map(({ record, help }) => `- \`${record}\`: ${help}.`).join('\n');
  return [
    '# Runbooks', 'One section for each alert of dashboards/alerts. This file is written by `make generate` from dashboards/src/alerts.ts; change it there.',
    `Recording rules:\n\n${recorded}`, ...sections,
  ].join('\n\n') + '\n';
}

/** Alerts fill in labels; people read the words. */
function plain(text: string): string {
  return text.replace(/\{\{ \$labels\.(\w+) \}\}/g, '<$1>');
}
