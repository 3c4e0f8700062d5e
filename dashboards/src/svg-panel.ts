// Draws one panel as SVG from what Prometheus answered, for pictures in the documents. Plain and honest: the values as they
// came, in the panel's unit. It is no Grafana.

import type { Panel, Unit } from './panel.js';

export interface Series {
  name: string;
  /** Seconds since 1970, value. */
  points: readonly (readonly [number, number])[];
}

export interface Box {
  width: number;
  height: number;
}

const COLOURS = ['#3274d9', '#e0752d', '#56a64b', '#8f3bb8', '#e02f44', '#c9a000', '#1f9e9e', '#7a4b2a', '#5b6b7a', '#d6459b'];
const LEFT = 58;
const TOP = 30;
const LINE = 15;
const MOST_NAMES = 4;

const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const label = (x: number, y: number, text: string, more = ''): string => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(text)}</text>`;

/** A value as people read it. */
export function valueText(value: number, unit: Unit): string {
  if (unit === 's') return value < 1 ? `${round(value * 1000)} ms` : `${round(value)} s`;
  if (unit === 'percentunit') return `${round(value * 100)} %`;
  if (unit === 'bool_yes_no') return value > 0 ? 'yes' : 'no';
  const [by, suffix] = Math.abs(value) >= 1e9 ? [1e9, ' G'] : Math.abs(value) >= 1e6 ? [1e6, ' M'] : Math.abs(value) >= 1e4 ? [1e3, ' k'] : [1, ''];
  return `${round(value / by)}${suffix}${{ reqps: '/s', ops: '/s', cps: '/s', Bps: ' B/s', bytes: ' B', d: ' d' }[unit as string] ?? ''}`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** The whole panel. Tables get their rows as series of one point, named by their labels and columns. */
export function svgPanel(panel: Panel, series: readonly Series[], box: Box): string {
  const body = series.length === 0 ? label(box.width / 2, box.height / 2, 'nothing to show', 'class="names" text-anchor="middle"') : panel.kind === 'timeseries' ? lines(panel, series, box) : panel.kind === 'heatmap' ? heat(series, box) : panel.kind === 'stat' ? figures(panel, series, box) : bars(panel, series, box);
  return `<g><rect width="${box.width}" height="${box.height}" rx="3" fill="#fff" stroke="#d5dae0"/>${label(10, 19, panel.title, 'class="title"')}${body}</g>`;
}

function lines(panel: Panel, unsorted: readonly Series[], { width, height }: Box): string {
  const series = [...unsorted].sort((a, b) => last(b) - last(a));
  const names = series.slice(0, MOST_NAMES);
  const bottom = height - 30 - LINE * names.length;
  const times = series.flatMap(({ points }) => points.map(([time]) => time));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const drawn = panel.stacked ? stack(series) : series;
  const highest = Math.max(...drawn.flatMap(({ points }) => points.map(([, value]) => value)));
  const most = highest > 0 ? highest : 1;
  const x = (time: number): number => LEFT + (time - from) / Math.max(to - from, 1) * (width - LEFT - 12);
  const y = (value: number): number => bottom - value / most * (bottom - TOP - 6);
  const grid = [0, 0.5, 1].map((part) => `<line x1="${LEFT}" x2="${width - 12}" y1="${y(part * most)}" y2="${y(part * most)}" stroke="#e8ebef"/>${label(LEFT - 6, y(part * most) + 4, valueText(part * most, panel.unit), 'class="names" text-anchor="end"')}`);
  const ticks = [from, to].map((time, at) => label(x(time), bottom + 14, new Date(time * 1000).toISOString().slice(11, 19), `class="names" text-anchor="${at === 0 ? 'start' : 'end'}"`));
  const paths = drawn.map(({ points }, at) => `<polyline fill="none" stroke="${colour(at)}" stroke-width="1.5" points="${points.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}"/>`);
  const legend = names.map(({ name, points }, at) => `<rect x="${LEFT}" y="${bottom + 30 + at * LINE - 6}" width="10" height="3" fill="${colour(at)}"/>${label(LEFT + 16, bottom + 30 + at * LINE, `${name}: ${valueText(points.at(-1)?.[1] ?? 0, panel.unit)}${at === MOST_NAMES - 1 && series.length > MOST_NAMES ? `, and ${series.length - MOST_NAMES} more` : ''}`, 'class="names"')}`);
  return [...grid, ...ticks, ...paths.reverse(), ...legend].join('');
}

function last({ points }: Series): number {
  return points.at(-1)?.[1] ?? 0;
}

function stack(series: readonly Series[]): Series[] {
  const below = new Map<number, number>();
  return series.map(({ name, points }) => ({
    name, points: points.map(([time, value]) => {
      const top = (below.get(time) ?? 0) + value;
      below.set(time, top);
      return [time, top] as const;
    }),
  }));
}

/** Buckets hold all smaller ones; what is drawn is what each has alone. */
function heat(series: readonly Series[], { width, height }: Box): string {
  const sorted = [...series].sort((a, b) => bound(a) - bound(b));
  const cells = sorted.map(({ points }, at) => points.map(([time, value]) => [time, Math.max(0, value - (sorted[at - 1]?.points.find(([other]) => other === time)?.[1] ?? 0))] as const));
  const most = Math.max(...cells.flatMap((row) => row.map(([, value]) => value)), 1e-9);
  const h = (height - TOP - 20) / sorted.length;
  return sorted.map((one, at) => {
    const y = height - 14 - (at + 1) * h;
    const w = (width - LEFT - 12) / Math.max(cells[at]!.length, 1);
    return label(LEFT - 6, y + h / 2 + 4, one.name === '+Inf' ? 'more' : valueText(Number(one.name), 's'), 'class="names" text-anchor="end"') +
      cells[at]!.map(([, value], column) => `<rect x="${(LEFT + column * w).toFixed(1)}" y="${y.toFixed(1)}" width="${(w + 0.3).toFixed(1)}" height="${(h - 1).toFixed(1)}" fill="#e0752d" fill-opacity="${(0.04 + 0.96 * Math.sqrt(value / most)).toFixed(2)}"/>`).join('');
  }).join('');
}

function bound({ name }: Series): number {
  return name === '+Inf' ? Number.POSITIVE_INFINITY : Number(name);
}

function figures(panel: Panel, series: readonly Series[], { width, height }: Box): string {
  return series.map(({ name, points }, at) => {
    const x = (at + 0.5) * width / series.length;
    return label(x, height / 2 + 18, valueText(points.at(-1)?.[1] ?? 0, panel.unit), 'class="figure" text-anchor="middle"') + label(x, height - 12, name, 'class="names" text-anchor="middle"');
  }).join('');
}

function bars(panel: Panel, series: readonly Series[], { width, height }: Box): string {
  const most = panel.unit === 'percentunit' ? 1 : Math.max(...series.map(({ points }) => points.at(-1)?.[1] ?? 0), 1e-9);
  const step = Math.min(26, (height - TOP - 10) / series.length);
  return series.map(({ name, points }, at) => {
    const value = points.at(-1)?.[1] ?? 0;
    const y = TOP + 8 + at * step;
    return `<rect x="150" y="${y}" width="${Math.max(1, value / most * (width - 250))}" height="${step - 8}" fill="${colour(at)}" fill-opacity="0.7"/>` +
      label(142, y + step / 2, name, 'class="names" text-anchor="end"') + label(width - 12, y + step / 2, valueText(value, panel.unit), 'class="names" text-anchor="end"');
  }).join('');
}

function colour(at: number): string {
  return COLOURS[at % COLOURS.length]!;
}
