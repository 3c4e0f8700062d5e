// Every file that is written from sources, by its path: documents, dashboards, rules. `make generate` writes them, and a test
// holds them in step.

import { describeCatalogue } from '../../src/metrics/describe-catalogue.js';
import { arbitration } from './arbitration.js';
import { classMigration } from './class-migration.js';
import { type Dashboard, dashboardJson } from './dashboard.js';
import { engine } from './engine.js';
import { oneClass } from './one-class.js';
import { overview } from './overview.js';
import { prometheusRule, rulesFile, runbooks } from './rules-files.js';

export const dashboards: readonly Dashboard[] = [overview, oneClass, arbitration, classMigration, engine];

/** Path from the root of the package, and content. */
export function generatedFiles(): Map<string, string> {
  return new Map([
    ['docs/metrics.md', describeCatalogue()],
    ['docs/runbooks.md', runbooks()],
    ['dashboards/alerts/ingress-arbiter.rules.yaml', rulesFile()],
    ['dashboards/alerts/prometheus-rule.yaml', prometheusRule()],
    ...dashboards.map((one) => [`dashboards/${one.uid}.json`, `${JSON.stringify(dashboardJson(one), undefined, 2)}\n`] as const),
  ]);
}
