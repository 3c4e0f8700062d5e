// The dashboards against Grafana's own types (its foundation SDK): every field is known where it stands, has a value that
// Grafana knows, and none is missing that its schema requires.
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { type Dashboard, dashboardJson } from '../../../dashboards/src/dashboard.js';
import { dashboards } from '../../../dashboards/src/generated-files.js';

const SDK = '@grafana/grafana-foundation-sdk';
/** In this folder, so that the SDK is found; never written. */
const FILE = path.resolve('test/unit/dashboards/checked-dashboard.ts');

/** The SDK's types with enums as their values, less the marks by which it tells them apart. */
const types = `
import type { Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel } from '${SDK}/dashboard';
import type { Dataquery } from '${SDK}/prometheus';
${['timeseries', 'stat', 'table', 'heatmap', 'bargauge'].map((kind) => `import type * as ${kind} from '${SDK}/${kind}';`).join('\n')}
type Plain<T> = T extends string ? \`\${T}\` : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : T) : T extends boolean | null | undefined ? T
  : T extends (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T as K extends \`_\${string}\` ? never : K]: Plain<T[K]> } : T;
type Fields<C> = Plain<Omit<FieldConfigSource, 'defaults'>> & { defaults: Plain<Omit<FieldConfig, 'custom'>> & { custom?: Plain<C> } };
type Of<K extends string, O, C = never> = Plain<Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'>> & { type: K; options: Plain<O>; targets: Plain<Dataquery>[]; fieldConfig: Fields<C> };
type Any = (Plain<RowPanel> & { type: 'row' }) | Of<'timeseries', timeseries.Options, timeseries.FieldConfig> | Of<'stat', stat.Options> | Of<'table', table.Options, table.FieldConfig>
  | Of<'heatmap', heatmap.Options, heatmap.FieldConfig> | Of<'bargauge', bargauge.Options>;
type Whole = Plain<Omit<Dashboard, 'panels'>> & { panels: Any[] };
`;

/** What Grafana's types say against each of these dashboards; '' for one that is right. */
function problemsOf(all: readonly string[]): string[] {
  const heads = all.map((_, at) => `export const d${at}: Whole = `);
  const text = [types, ...all.map((json, at) => `${heads[at]}${json};\n`)].join('');
  const options: ts.CompilerOptions = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...more) => (path.resolve(name) === FILE ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...more));
  host.fileExists = (name) => path.resolve(name) === FILE || fileExists.call(host, name);
  host.readFile = (name) => (path.resolve(name) === FILE ? text : readFile.call(host, name));
  const problems = all.map(() => '');
  for (const { start = 0, messageText } of ts.getPreEmitDiagnostics(ts.createProgram([FILE], options, host))) {
    const at = heads.findLastIndex((head) => text.indexOf(head) <= start);
    problems[Math.max(0, at)] += `${ts.flattenDiagnosticMessageText(messageText, '\n')}\n`;
  }
  return problems;
}

const render = (one: Dashboard): string => JSON.stringify(dashboardJson(one));

describe('dashboards, by the types of Grafana', function () {
  this.timeout(30_000);

  it('are what Grafana imports', () => {
    expect(problemsOf(dashboards.map(render))).to.deep.equal(dashboards.map(() => ''));
  });

  it('are not taken for right when a name or a value is none of Grafana\'s', () => {
    const right = dashboards.map(render);
    const wrong: [string, string][] = [
      ['"showHeader":', '"showHeaders":'], ['"drawStyle":"line"', '"drawStyle":"lines"'], ['"legendFormat":', '"legend":'], ['"graphTooltip":1', '"graphTooltip":7'],
      ['"refresh":2', '"refresh":9'], ['"iconColor":', '"iconColour":'], ['"displayMode":"table"', '"displayMode":"grid"'], ['"type":"heatmap"', '"type":"heat"'],
      ['"showLegend":true,', ''], ['"frameIndex":0,', ''], ['"wideLayout":true,', ''], ['"mode":"scheme"', '"mode":"colours"'], ['"gridPos":{"h":', '"gridPos":{"height":'], ['"asDropdown":', '"asMenu":'], ['"schemaVersion":39', '"schemaVersion":"39"'],
    ];
    const spoilt = wrong.map(([from, to]) => {
      const json = right.find((one) => one.includes(from));
      expect(json, from).to.be.a('string');
      return json!.replace(from, to);
    });
    for (const [at, problem] of problemsOf(spoilt).entries()) expect(problem, wrong[at]!.join(' → ')).not.to.equal('');
  });
});
