// A picture of a whole dashboard, as a page for a browser, from a Prometheus that has scraped a real run.

import type { Dashboard } from './dashboard.js';
import { type Panel, layOut } from './panel.js';
import { type Series, svgPanel, valueText } from './svg-panel.js';

interface Answered {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

export interface DrawOptions {
  /** Answers paths of Prometheus' HTTP API with their `data`. */
  get: (path: string) => Promise<unknown>;
  /** Seconds since 1970. */
  from: number;
  to: number;
  /** The class that the dashboard of one class shows. */
  className: string;
}

const STEP = 2;
const COLUMN = 64;
const UNIT = 34;
const GAP = 8;

/** The page, and how high it is in pixels. */
export async function drawDashboard(dashboard: Dashboard, options: DrawOptions): Promise<{ html: string; height: number }> {
  const panels = new Map(dashboard.rows.flatMap((row) => row.panels.map((panel) => [panel.title, panel] as const)));
  const parts: string[] = [];
  let height = 0;
  for (const { title, type, gridPos } of layOut(dashboard.rows) as { title: string; type: string; gridPos: { h: number; w: number; x: number; y: number } }[]) {
    const [x, y] = [gridPos.x * COLUMN + GAP, gridPos.y * UNIT + 46];
    const box = { width: gridPos.w * COLUMN - GAP, height: gridPos.h * UNIT - GAP };
    height = Math.max(height, y + box.height + GAP);
    const panel = panels.get(title);
    const drawn = type === 'row' ? `<text class="row" x="4" y="20">${title}</text>` : panel!.kind === 'table' ? await table(panel!, box, options) : svgPanel(panel!, await ask(panel!, options), box);
    parts.push(`<g transform="translate(${x},${y})">${drawn}</g>`);
  }
  const style = 'text{font:12px sans-serif;fill:#24292e}.title{font-weight:bold;font-size:13px}.names{fill:#5b6b7a;font-size:11px}.row{font-size:15px;font-weight:bold}.figure{font-size:28px;font-weight:bold}.head{font-size:19px;font-weight:bold}';
  const width = 24 * COLUMN + GAP;
  return { height, html: `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#f4f5f7"><svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><style>${style}</style><text class="head" x="10" y="30">${dashboard.title}</text>${parts.join('')}</svg>` };
}

function substituted(expr: string, { className }: DrawOptions): string {
  return expr.replaceAll('$__rate_interval', '10s').replaceAll('="$ingress_class"', `="${className}"`).replace(/=~"\$ingress_\w+"/g, '=~".*"');
}

async function ask(panel: Panel, options: DrawOptions): Promise<Series[]> {
  const answers = await Promise.all(panel.queries.map(async ({ expr, legend }) => {
    const query = new URLSearchParams({ query: substituted(expr, options), start: String(options.from), end: String(options.to), step: String(STEP) });
    const { result } = await options.get(`/api/v1/query_range?${query.toString()}`) as { result: Answered[] };
    return result.map(({ metric, values = [] }) => ({
      name: legend.replace(/\{\{(\w+)\}\}/g, (_, name: string) => metric[name] ?? ''),
      points: values.map(([time, value]) => [time, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
    }));
  }));
  return answers.flat().filter(({ points }) => points.length > 0);
}

async function table(panel: Panel, box: { width: number; height: number }, options: DrawOptions): Promise<string> {
  const rows = new Map<string, string[]>();
  for (const [column, { expr }] of panel.queries.entries()) {
    const { result } = await options.get(`/api/v1/query?${new URLSearchParams({ query: substituted(expr, options), time: String(options.to) }).toString()}`) as { result: Answered[] };
    for (const { metric, value } of result) {
      const name = Object.values(metric).join(' ');
      const row = rows.get(name) ?? [];
      row[column] = valueText(Number(value![1]), panel.columns![column]!.unit);
      rows.set(name, row);
    }
  }
  const columns = panel.columns!;
  const at = (column: number): number => 220 + (column + 1) * (box.width - 240) / columns.length;
  const text = (x: number, y: number, words: string, end: boolean): string => `<text x="${x}" y="${y}" ${end ? 'text-anchor="end"' : ''}>${words.replace(/[&<>]/g, '')}</text>`;
  const head = columns.map(({ title }, column) => text(at(column), 48, title, true)).join('');
  const lines = [...rows].sort().map(([name, cells], line) => text(14, 76 + line * 26, name, false) + columns.map((_, column) => text(at(column), 76 + line * 26, cells[column] ?? '–', true)).join(''));
  return `<rect width="${box.width}" height="${box.height}" rx="3" fill="#fff" stroke="#d5dae0"/><text class="title" x="10" y="19">${panel.title}</text>${head}${lines.join('')}`;
}
