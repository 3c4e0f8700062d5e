// A whole dashboard: variables in the order in which people narrow down, links to the others, marks where a class changed its
// holder and where Ingresses changed their class. Importable into an empty Grafana as it is: the data source is a variable.

import { type Row, datasource, layOut } from './panel.js';

export interface Dashboard {
  uid: `ingress-arbiter-${string}`;
  title: string;
  description: string;
  /** Variables after the data source. */
  variables: readonly Variable[];
  rows: readonly Row[];
}

export interface Variable {
  name: string;
  label: string;
  /** What lists its values. */
  query: string;
  multi: boolean;
}

export const classVariable: Variable = { name: 'ingress_class', label: 'Class', query: 'label_values(ingress_arbiter_listener_info, ingress_class)', multi: true };

const TAG = 'ingress-arbiter';

/** The JSON that Grafana imports. */
export function dashboardJson({ uid, title, description, variables, rows }: Dashboard): object {
  return {
    uid, title, description,
    tags: [TAG, 'ingress'], editable: false, graphTooltip: 1, refresh: '30s', schemaVersion: 39, version: 1, timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', title: 'ingress-arbiter', tags: [TAG], asDropdown: true, includeVars: true, keepTime: true, targetBlank: false, icon: 'external link', tooltip: '', url: '' }],
    templating: { list: [datasourceVariable, ...variables.map(variableJson)] },
    annotations: { list: [takeOvers, handOvers] },
    panels: layOut(rows),
  };
}

const datasourceVariable = {
  name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0, includeAll: false, multi: false, options: [], refresh: 1, regex: '',
};

function variableJson({ name, label, query, multi }: Variable): object {
  return {
    name, label, type: 'query', datasource, query: { query, refId: name }, definition: query, refresh: 2, sort: 1, regex: '', hide: 0, options: [],
    multi, includeAll: multi, ...(multi ? { allValue: '.*', current: { text: ['All'], value: ['$__all'] } } : {}),
  };
}

const mark = { datasource, enable: true, hide: false, textFormat: '', step: '60s', useValueForTime: false };

const takeOvers = {
  ...mark, name: 'Take-overs', iconColor: 'purple', titleFormat: 'Class {{ingress_class}}: new holder', tagKeys: 'ingress_class',
  expr: 'changes(ingress_arbiter_claim_epoch{ingress_class=~"$ingress_class"}[$__interval]) > 0',
};

/** A batch of them is one mark for each class and step. */
export const handOvers = {
  ...mark, name: 'Hand-overs', iconColor: 'blue', titleFormat: 'Class {{ingress_class}}: {{step}}', tagKeys: 'ingress_class,step',
  expr: 'sum by (ingress_class, step) (increase(ingress_arbiter_hand_over_steps_total{ingress_class=~"$ingress_class",step=~"begin|serve|leave|turn|revoke",result="written"}[$__interval])) > 0',
};
