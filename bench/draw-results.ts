// Draws docs/pictures/performance-*.svg from bench/results/*.json: node dist/bench/draw-results.js. Only what was measured: a result that
// is missing is missing in the picture, and one whose load was the bottleneck is drawn pale.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface Bar {
  label: string;
  value: number;
  /** Spread, when there is one. */
  from?: number;
  to?: number;
  pale?: boolean;
  /** A line to stay below. */
  limit?: number;
}

interface ProxyResult {
  name: string;
  summaries?: { proxy: string; void: boolean; limit?: number; ratio?: { median: number; from: number; to: number }; name?: string; p99ToQuiet?: { median: number; least: number; most: number } }[];
  instructions?: { proxy: string; instructions: number }[];
  result?: { ingresses?: number; ingressMs?: { p50: number; p99: number }; endpointMs?: { p50: number; p99: number }; listedMs?: number; servedMs?: number };
}

const WIDTH = 760;
const LEFT = 300;
const ROW = 24;

/** Horizontal bars with their values, as SVG. */
function renderBars(title: string, bars: readonly Bar[], unit: string): string {
  const most = Math.max(...bars.map(({ value, to, limit }) => Math.max(value, to ?? 0, limit ?? 0))) * 1.1;
  const x = (value: number): number => LEFT + (WIDTH - LEFT - 90) * value / most;
  const rows = bars.flatMap(({ label, value, from, to, pale, limit }, at) => {
    const y = 40 + at * ROW;
    return [
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escape(label)}</text>`,
      `<rect x="${LEFT}" y="${y + 3}" width="${(x(value) - LEFT).toFixed(1)}" height="15" fill="${pale === true ? '#c8d4e3' : '#4a78b0'}"/>`,
      ...(from === undefined || to === undefined ? [] : [`<line x1="${x(from).toFixed(1)}" x2="${x(to).toFixed(1)}" y1="${y + 10}" y2="${y + 10}" stroke="#222" stroke-width="2"/>`]),
      ...(limit === undefined ? [] : [`<line x1="${x(limit).toFixed(1)}" x2="${x(limit).toFixed(1)}" y1="${y}" y2="${y + 21}" stroke="#c03030" stroke-width="2"/>`]),
      `<text x="${(x(Math.max(value, to ?? 0)) + 6).toFixed(1)}" y="${y + 14}">${value.toPrecision(3)}${unit}${pale === true ? ' (void)' : ''}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${56 + bars.length * ROW}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/><text x="12" y="22" font-size="14">${escape(title)}</text>
${rows.join('\n')}
</svg>
`;
}

const escape = (text: string): string => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);

const results = readdirSync('bench/results').filter((file) => file.endsWith('.json')).sort()
  .map((file) => JSON.parse(readFileSync(path.join('bench/results', file), 'utf8')) as ProxyResult);
const cpu = results.flatMap(({ name, summaries = [] }) => summaries.flatMap(({ proxy, ratio, limit, void: pale }): Bar[] => (ratio === undefined ? []
  : [{ label: `${name}: ${proxy}`, value: ratio.median, from: ratio.from, to: ratio.to, pale, ...(limit === undefined ? {} : { limit }) }])));
const instructions = results.flatMap(({ name, instructions: counted = [] }) => counted.map(({ proxy, instructions: value }): Bar => ({ label: `${name}: ${proxy}`, value: value / 1000 })));
const changes = results.flatMap(({ result }) => (result?.ingressMs === undefined ? [] : [result])).sort((a, b) => a.ingresses! - b.ingresses!).flatMap((one): Bar[] => [
  { label: `${one.ingresses} Ingresses: an Ingress, p50`, value: one.ingressMs!.p50 }, { label: 'p99', value: one.ingressMs!.p99 },
  { label: 'endpoints, p50', value: one.endpointMs!.p50 }, { label: 'p99', value: one.endpointMs!.p99 },
]);
/** Of changes, not of the controls beside them. */
const MOST_P99 = 1.3;
const rates = results.flatMap(({ summaries = [] }) => summaries.flatMap(({ name, p99ToQuiet }): Bar[] => (name === undefined || p99ToQuiet === undefined ? []
  : [{ label: name, value: p99ToQuiet.median, from: p99ToQuiet.least, to: p99ToQuiet.most, ...(/^\d/.test(name) ? { limit: MOST_P99 } : {}) }])));
const starts = results.flatMap(({ result }) => (result?.listedMs === undefined ? [] : [result])).sort((a, b) => a.ingresses! - b.ingresses!).flatMap((one): Bar[] => [
  { label: `${one.ingresses} Ingresses: listed`, value: one.listedMs! / 1000 }, { label: 'served', value: one.servedMs! / 1000, limit: one.ingresses === 10_000 ? 1 : 6 },
]);
mkdirSync('docs/pictures', { recursive: true });
for (const [name, title, bars, unit] of [
  ['cpu', 'Processor time for a request against the base of each scenario (line: middle half of all rounds; red: figure to reach)', cpu, ''],
  ['instructions', 'Thousand instructions for a request, without the kernel', instructions, 'k'],
  ['rate', 'p99 of requests beside changes, against that of quiet seconds before and after (line: all rounds; red: figure to reach)', rates, ''],
  ['start', 'From the start of controller and engine, both without anything (red: figure to reach)', starts, ' s'],
  ['change', 'From the write at the API server to the first answer by it', changes, ' ms'],
] as const) {
  if (bars.length > 0) writeFileSync(`docs/pictures/performance-${name}.svg`, renderBars(title, bars, unit));
}
