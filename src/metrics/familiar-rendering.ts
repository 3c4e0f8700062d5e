// Writes the readings under the names of ingress-nginx. Requests that no Ingress took are left out there, as it does; so are
// those counted together beyond the limit of series.

import { figures, foldedName } from '../route-table/figures.js';
import { type Exposition, renderLabels } from './exposition.js';
import { type FamiliarIdentity, type FamiliarMetric, familiarCatalogue, familiarController, familiarIdentity, familiarOrigin, familiarRequest } from './ingress-nginx-names.js';
import { type Reading, type ReadingsByName, renderFigure } from './traffic-rendering.js';

interface Familiar {
  exposition: Exposition;
  readings: ReadingsByName;
  identity: readonly string[];
}

const requestTexts = new WeakMap<readonly string[], string>();
const originTexts = new WeakMap<readonly string[], string>();

export async function renderFamiliar(exposition: Exposition, readings: ReadingsByName, { namespace, pod }: FamiliarIdentity): Promise<void> {
  const familiar: Familiar = { exposition, readings, identity: [familiarController, namespace, pod] };
  for (const metric of familiarCatalogue) {
    exposition.family(metric);
    const figure = figures.find(({ name }) => name === metric.from);
    if (metric.from === 'requests') await renderRequests(familiar);
    else if (figure === undefined) renderPlain(familiar, metric);
    else await renderFigure(exposition, figure, { readings: readings.get('figures') ?? [], labels: (one) => originText(familiar, one) });
  }
}

async function renderRequests({ exposition, readings, identity }: Familiar): Promise<void> {
  const names = [...familiarIdentity, ...familiarRequest];
  for (const { labels, values } of readings.get('requests') ?? []) {
    const [, , ingress] = labels;
    if (ingress === '' || ingress === foldedName) continue;
    let text = requestTexts.get(labels);
    if (text === undefined) {
      text = renderLabels(names, [...identity, ...labels, '']);
      requestTexts.set(labels, text);
    }
    exposition.sample('', text, values[0]!);
    await exposition.pause();
  }
}

function originText({ identity }: Familiar, { labels }: Reading): string {
  let text = originTexts.get(labels);
  if (text === undefined) {
    text = renderLabels([...familiarIdentity, ...familiarOrigin], [...identity, ...labels]);
    originTexts.set(labels, text);
  }
  return text;
}

function renderPlain({ exposition, readings, identity }: Familiar, { from }: FamiliarMetric): void {
  const found = readings.get(from) ?? [];
  if (from === 'certificateExpiry') {
    for (const { labels, values } of found) exposition.sample('', renderLabels([...familiarIdentity, 'ingress_class', 'host'], [...identity, ...labels]), values[0]!);
  } else if (from === 'buildInfo') {
    for (const { labels: [version = ''] } of found) exposition.sample('', renderLabels([...familiarIdentity, 'release', 'repository', 'build'], [...identity, version, 'ingress-arbiter', '']), 1);
  } else if (found.length > 0) {
    exposition.sample('', renderLabels(familiarIdentity, identity), found.reduce((sum, { values }) => sum + values[0]!, 0));
  }
}
