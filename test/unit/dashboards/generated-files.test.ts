// What is written from sources is in step with them, and the dashboards and alerts speak of nothing that is not there.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { alerts, foreignSeries, recordingRules } from '../../../dashboards/src/alerts.js';
import { dashboards, generatedFiles } from '../../../dashboards/src/generated-files.js';
import { type MetricDescription, catalogue } from '../../../src/metrics/catalogue.js';
import { familiarCatalogue } from '../../../src/metrics/ingress-nginx-names.js';

const metrics: readonly MetricDescription[] = Object.values(catalogue);
const panels = dashboards.flatMap(({ uid, rows }) => rows.flatMap((row) => row.panels.map((panel) => ({ uid, panel }))));
const annotations = [...generatedFiles()].filter(([file]) => file.endsWith('.json'))
  .flatMap(([, text]) => (JSON.parse(text) as { annotations: { list: { expr: string }[] } }).annotations.list.map(({ expr }) => expr));
const queries = [...panels.flatMap(({ panel }) => panel.queries.map(({ expr }) => expr)), ...alerts.map(({ expr }) => expr), ...recordingRules.map(({ expr }) => expr), ...annotations];

/** Names of series that the catalogue and the recording rules give. */
const series = new Set([
  ...metrics.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
  ...recordingRules.map(({ record }) => record), ...Object.keys(foreignSeries),
]);

/** What a query speaks of that is not there. */
function unknownIn(expr: string): string[] {
  const names = expr.match(/\b(?:ingress_arbiter|kube|nginx)[a-z0-9_]*[_:][a-z0-9_:]*/g) ?? [];
  const labels = new Set(['le', ...metrics.filter(({ name }) => names.some((one) => one.startsWith(name))).flatMap((one) => one.labels),
    ...(names.some((one) => one.includes(':')) ? ['ingress_class'] : []), ...names.flatMap((one) => foreignSeries[one] ?? [])]);
  const used = [
    ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(',').map((label) => label.trim())),
    ...[...expr.matchAll(/([a-z_]+)(?:=~|!=|=)"/g)].map(([, label]) => label!),
  ];
  return [...names.filter((name) => !series.has(name)), ...used.filter((label) => !labels.has(label))];
}

describe('generated files', () => {
  for (const [file, content] of generatedFiles()) {
    it(`${file} is in step with its source`, () => {
      expect(existsSync(file) ? readFileSync(file, 'utf8') : 'missing', 'run make generate').to.equal(content);
    });
  }

  it('leaves no dashboard behind that has no source', () => {
    const there = readdirSync('dashboards').filter((file) => file.endsWith('.json')).map((file) => `dashboards/${file}`);
    expect(there.filter((file) => !generatedFiles().has(file))).to.deep.equal([]);
  });
});

describe('catalogue', () => {
  it('has each name once, with help, unit and labels that a scrape does not add', () => {
    const names = [...metrics.map(({ name }) => name), ...familiarCatalogue.map(({ name }) => name)];
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, type, unit, labels, help } of metrics) {
      expect(help, name).to.match(/^[A-Z0-9].*\.$/);
      expect(type === 'counter', name).to.equal(name.endsWith('_total'));
      expect(unit, name).to.equal(/_(seconds|bytes)(_total)?$/.exec(name)?.[1]);
      for (const label of labels) expect(['namespace', 'pod', 'service', 'instance', 'job', 'le', 'quantile', 'container', 'endpoint'], name).not.to.include(label);
    }
  });
});

describe('dashboards and alerts', () => {
  it('ask for metrics and labels of the catalogue only', () => {
    expect(queries.length).to.be.greaterThan(70);
    for (const expr of queries) expect(unknownIn(expr), expr).to.deep.equal([]);
  });

  it('are not taken for right when they ask for something else', () => {
    expect(unknownIn('rate(ingress_arbiter_request_total[5m])')).to.deep.equal(['ingress_arbiter_request_total']);
    expect(unknownIn('ingress_arbiter_request_duration_seconds')).to.deep.equal(['ingress_arbiter_request_duration_seconds']);
    expect(unknownIn('sum by (class) (ingress_arbiter_claim_held)')).to.deep.equal(['class']);
    expect(unknownIn('ingress_arbiter_requests_total{status="500"}')).to.deep.equal(['status']);
  });

  it('show every metric of the catalogue somewhere', () => {
    const shown = queries.join('\n');
    // Counted in the same figures as the durations and sizes that are shown.
    expect(metrics.map(({ name }) => name).filter((name) => !shown.includes(name) && name !== 'ingress_arbiter_table_sequence')).to.deep.equal([]);
  });

  it('every panel has a title of its own on its dashboard, a description, a unit, and a query', () => {
    for (const { uid, rows } of dashboards) {
      const titles = rows.flatMap((row) => row.panels.map(({ title }) => title));
      expect(new Set(titles).size, uid).to.equal(titles.length);
    }
    for (const { panel } of panels) {
      expect(panel.description, panel.title).to.match(/^[A-Z0-9].*\.$/);
      expect(panel.queries, panel.title).to.have.length.greaterThan(0);
      if (panel.kind === 'table') expect(panel.columns, panel.title).to.have.length(panel.queries.length);
    }
  });

  it('every dashboard can be imported as it is: stable uid, data source as a variable, no input to fill in', () => {
    for (const [file, text] of generatedFiles()) {
      if (!file.endsWith('.json')) continue;
      const json = JSON.parse(text) as { uid: string; templating: { list: { type: string }[] }; panels: { id: number; type: string; datasource?: { uid: string } }[] };
      expect(file).to.equal(`dashboards/${json.uid}.json`);
      expect(json).not.to.have.property('__inputs');
      expect(json).not.to.have.property('id');
      expect(json.templating.list[0]!.type).to.equal('datasource');
      expect(new Set(json.panels.map(({ id }) => id)).size).to.equal(json.panels.length);
      for (const { type, datasource } of json.panels) if (type !== 'row') expect(datasource!.uid).to.equal('${datasource}');
      const sources: unknown[] = [];
      JSON.parse(text, (key, value: unknown) => { if (key === 'datasource') sources.push(value); return value; });
      // Of each panel, query, variable and mark.
      expect(sources.length).to.be.greaterThan(2 * json.panels.filter(({ type }) => type !== 'row').length);
      for (const source of sources) expect(source).to.deep.equal({ type: 'prometheus', uid: '${datasource}' });
    }
  });

  it('no dashboard stands in the way of another one, and no panel in that of another panel', () => {
    const all = [...generatedFiles()].filter(([file]) => file.endsWith('.json')).map(([, text]) => JSON.parse(text) as {
      uid: string; title: string; schemaVersion: number; tags: string[]; links: { type: string; tags: string[] }[];
      panels: { title: string; gridPos: { x: number; y: number; w: number; h: number } }[]; templating: { list: { name: string }[] }; annotations: { list: { name: string }[] };
    });
    expect(new Set(all.map(({ uid }) => uid)).size).to.equal(all.length);
    expect(new Set(all.map(({ title }) => title)).size, 'Grafana takes a title once in a folder').to.equal(all.length);
    for (const { uid, schemaVersion, tags, links, panels: placed, templating, annotations: marks } of all) {
      expect(marks.list.map(({ name }) => name), uid).to.deep.equal(['Take-overs', 'Hand-overs']);
      for (const [, variable] of JSON.stringify(marks).matchAll(/"\$(\w+)/g)) expect(templating.list.map(({ name }) => name), uid).to.include(variable);
      // What Grafana takes for a uid.
      expect(uid).to.match(/^[a-zA-Z0-9_-]{1,40}$/);
      expect(schemaVersion, uid).to.be.a('number');
      for (const link of links) expect(tags, uid).to.include.members(link.tags);
      expect(new Set(templating.list.map(({ name }) => name)).size, uid).to.equal(templating.list.length);
      const cells = placed.flatMap(({ title, gridPos: { x, y, w, h } }) => {
        expect(x + w, `${uid}: ${title}`).to.be.at.most(24);
        return Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`);
      });
      expect(new Set(cells).size, `${uid}: panels that overlap`).to.equal(cells.length);
    }
  });

  it('every alert has a runbook, a summary and a severity', () => {
    const text = readFileSync('docs/runbooks.md', 'utf8');
    for (const { name, summary, means, todo } of alerts) {
      expect(text).to.include(`## ${name}\n`);
      for (const words of [summary, means, todo]) expect(words, name).to.match(/[.?]$/);
    }
  });
});
