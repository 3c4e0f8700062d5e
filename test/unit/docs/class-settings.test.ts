// docs/class-settings.md is made from the registry of settings, so that no key is undocumented and no default is wrong.
// UPDATE_DOCS=1 writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { type Setting, settingRegistry } from '../../../src/core/class-settings.js';
import { isCarriedOut } from '../../../src/core/annotations/registry.js';
import { findingCatalogue } from '../../../src/core/finding.js';

const file = path.resolve('docs/class-settings.md');

const row = ({ key, kind, default: otherwise, form, help }: Setting): string =>
  `| \`${key}\` | ${help}${kind === 'annotation' && !isCarriedOut(key) ? ' Not carried out yet.' : ''} | ${form.replaceAll('|', '\\|')} | ${otherwise} |`;
const table = (kind: Setting['kind']): string =>
  ['| key | what it does | value | default |', '|---|---|---|---|', ...settingRegistry.filter((setting) => setting.kind === kind).map(row)].join('\n');
const code = (kind: keyof typeof findingCatalogue): string => findingCatalogue[kind].code;

function render(): string {
  return `# Settings of a class

<!-- Made from src/core/class-settings.ts: change it there, then UPDATE_DOCS=1 make unit -->

A class gets settings of its own from a ConfigMap that its IngressClass names:

    apiVersion: networking.k8s.io/v1
    kind: IngressClass
    metadata: {name: nginx-external}
    spec:
      controller: ingress-arbiter.io/controller
      parameters: {kind: ConfigMap, name: external-settings, scope: Namespace, namespace: edge}

With \`scope: Cluster\` the ConfigMap is in the controller's own namespace. A change counts at once and touches this class only.

- An empty value is the same as no key.
- An unknown key changes nothing and is a finding (${code('setting-unknown')}); a bad value is one too (${code('setting-invalid')}), and the default counts
  instead, unless that could let more in: a bad allow-list allows nobody, a bad \`global-auth-url\` closes the routes. The finding says what counts.
- When the ConfigMap does not exist or may not be read, the class answers 503 (${code('settings-missing')}): its settings may be what keeps requests
  out. When it is deleted, what it said counts for the claim's grace, ten minutes by default (${code('settings-deleted')}).

## Defaults for annotations

Named as in ingress-nginx's own ConfigMap. An Ingress that has the annotation \`nginx.ingress.kubernetes.io/<key>\` decides for itself; an
empty annotation is none. A default that is not carried out yet is a finding (${code('setting-not-carried-out')}).

${table('annotation')}

## The class itself

${table('class')}
`;
}

describe('docs: settings of a class', () => {
  it('are the registry\'s', () => {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(file, render());
    expect(readFileSync(file, 'utf8'), 'docs/class-settings.md is old: UPDATE_DOCS=1 writes it').to.equal(render());
  });
});
