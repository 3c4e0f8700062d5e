// The few parts of a Grafana dashboard that ours are made of, as typed functions. Every panel says what it shows, in which
// unit, from which queries; places and ids are given in order, so that the same source is always the same JSON.

export type Unit = 'reqps' | 's' | 'percentunit' | 'Bps' | 'bytes' | 'short' | 'cps' | 'ops' | 'd' | 'bool_yes_no' | 'percent';

export interface Query {
  expr: string;
  legend: string;
  /** The latest value only, for tables and single figures. */
  instant?: boolean;
  /** For heat maps. */
  heatmap?: boolean;
}

export interface Panel {
  kind: 'timeseries' | 'stat' | 'table' | 'heatmap' | 'bargauge';
  title: string;
  description: string;
  unit: Unit;
  queries: readonly Query[];
  /** Of the 24 columns. */
  width: number;
  stacked?: boolean;
  /** Where colours change, from the value on: green before the first. */
  warnAt?: number;
  alarmAt?: number;
  /** Of a table: a title and a unit for each query's column. */
  columns?: readonly { title: string; unit: Unit }[];
}

export interface Row {
  title: string;
  panels: readonly Panel[];
}

export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

const HEIGHTS = { timeseries: 8, stat: 4, table: 8, heatmap: 8, bargauge: 8 } as const;
const COLUMNS = 24;

/** Rows from the top, panels from the left; a panel that does not fit begins a new line. */
export function layOut(rows: readonly Row[]): object[] {
  const laid: object[] = [];
  let y = 0;
  for (const row of rows) {
    laid.push({ id: laid.length + 1, type: 'row', title: row.title, collapsed: false, gridPos: { h: 1, w: COLUMNS, x: 0, y }, panels: [] });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      if (x + panel.width > COLUMNS) {
        y += height;
        [x, height] = [0, 0];
      }
      const h = HEIGHTS[panel.kind];
      laid.push({ id: laid.length + 1, ...panelJson(panel), gridPos: { h, w: panel.width, x, y } });
      x += panel.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return laid;
}

function panelJson(panel: Panel): object {
  return {
    type: panel.kind,
    title: panel.title,
    description: panel.description,
    datasource,
    targets: panel.queries.map(target),
    fieldConfig: { defaults: { unit: panel.unit, min: 0, ...thresholds(panel), ...custom(panel) }, overrides: overrides(panel) },
    options: OPTIONS[panel.kind],
    ...(panel.kind === 'table' ? { transformations: transformations(panel) } : {}),
  };
}

function target({ expr, legend, instant = false, heatmap = false }: Query, at: number): object {
  return {
    refId: String.fromCharCode(65 + at), datasource, expr, legendFormat: legend, instant, range: !instant, editorMode: 'code',
    format: heatmap ? 'heatmap' : instant ? 'table' : 'time_series',
  };
}

function thresholds({ warnAt, alarmAt }: Panel): object {
  const steps = [{ color: 'green', value: null }, ...(warnAt === undefined ? [] : [{ color: 'orange', value: warnAt }]), ...(alarmAt === undefined ? [] : [{ color: 'red', value: alarmAt }])];
  return steps.length === 1 ? {} : { thresholds: { mode: 'absolute', steps } };
}

function custom({ kind, stacked = false }: Panel): object {
  if (kind !== 'timeseries') return {};
  return { custom: { drawStyle: 'line', lineWidth: 1, fillOpacity: stacked ? 30 : 8, showPoints: 'never', spanNulls: false, stacking: { mode: stacked ? 'normal' : 'none', group: 'A' } } };
}

/** Whatever Grafana's schema has as required, so that nothing depends on what an import fills in. */
const OPTIONS: { [Kind in Panel['kind']]: object } = {
  timeseries: { legend: { showLegend: true, displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } },
  stat: { ...latest(), colorMode: 'value', graphMode: 'area', textMode: 'value_and_name', justifyMode: 'auto', wideLayout: true, showPercentChange: false, percentChangeColorMode: 'standard' },
  table: { frameIndex: 0, showHeader: true, cellHeight: 'sm' },
  heatmap: {
    calculate: false, color: { mode: 'scheme', scheme: 'Oranges', fill: 'dark-orange', exponent: 0.5, steps: 64, reverse: false }, yAxis: { unit: 's' }, cellGap: 1, showValue: 'auto',
    legend: { show: true }, tooltip: { mode: 'single', yHistogram: false, showColorScale: false }, exemplars: { color: 'rgba(255,0,255,0.7)' },
  },
  bargauge: {
    ...latest(), displayMode: 'gradient', valueMode: 'color', namePlacement: 'auto', showUnfilled: true, sizing: 'auto', minVizWidth: 8, minVizHeight: 16, maxVizHeight: 300,
    legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
  },
};

function latest(): object {
  return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, orientation: 'auto' };
}

/** One line for each label set, one column for each query. */
function transformations({ columns = [] }: Panel): object[] {
  const renameByName = Object.fromEntries(columns.map(({ title }, at) => [columns.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + at)}`, title]));
  return [{ id: 'merge', options: {} }, { id: 'organize', options: { excludeByName: { Time: true }, indexByName: {}, renameByName } }];
}

function overrides({ columns = [] }: Panel): object[] {
  return columns.map(({ title, unit }) => ({ matcher: { id: 'byName', options: title }, properties: [{ id: 'unit', value: unit }] }));
}
