// Renders docs/annotations.md from the registry, so that the document can say nothing that is not so.

import type { Annotation } from './annotation.js';
import { ownAnnotations, ownPrefix } from './own-annotations.js';
import { usualPrefixes } from './annotation-name.js';
import { annotationRegistry, annotationTopics } from './registry.js';

const marks = { full: 'yes', approximated: 'in part', 'not-yet': 'not yet', no: 'no' } as const;
const consequences = { open: 'left out', closed: '503', refuse: 'not served' } as const;

/** The document, as Markdown. */
export function renderAnnotationsDocument(): string {
  const topics = Object.entries(annotationTopics).map(([topic, rows]) => renderTopic(topic, Object.entries(rows)));
  return [
    '# Annotations', '',
    'Every annotation of ingress-nginx, and what becomes of it here. Generated from the registry (src/core/annotations) by',
    '`make docs`; do not edit it.', '',
    `The prefix is \`${usualPrefixes.join()}/\` unless a claim sets others (\`annotationPrefixes\`, docs/run.md); with several, each counts, and one`,
    'annotation under two of them must have one value. An unknown name under a prefix is a finding (IA154) and does nothing. What keeps',
    'requests out (*503* below) under a prefix that does not count is a finding as well (IA155). An empty value counts as none. "If it can\'t be" says what becomes of the routes of an Ingress whose value is',
    'invalid or that is not carried out: *left out* serves them without the annotation, *503* closes them, *not served* gives the',
    'Ingress no routes. Each case is a finding.', '',
    summary(), '', ...topics,
    renderTopic('Our own', Object.entries(ownAnnotations), `Their prefix is \`${ownPrefix}/\`. They do safely what raw configuration is mostly written for.`),
  ].join('\n');
}

function summary(): string {
  const rows = [...annotationRegistry.values()];
  const count = (support: Annotation<unknown>['support']): number => rows.filter((row) => row.support === support).length;
  return `Of ${rows.length} annotations ${count('full')} are carried out, ${count('approximated')} in part, ${count('not-yet')} not yet, ${count('no')} will not be.`;
}

function renderTopic(topic: string, rows: readonly (readonly [string, Annotation<unknown>])[], intro?: string): string {
  const lines = rows.map(([name, row]) => {
    const names = row.alias === undefined ? `\`${name}\`` : `\`${name}\`, \`${row.alias}\``;
    const cells = [names, marks[row.support], row.grammar?.form ?? '', row.initial, consequences[row.failMode], `${row.scope}, ${row.risk}`, row.note];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [`## ${topic}`, '', ...(intro === undefined ? [] : [intro, '']), '| annotation | carried out | values | without it | if it can\'t be | scope, risk | |', '|---|---|---|---|---|---|---|', ...lines, ''].join('\n');
}
