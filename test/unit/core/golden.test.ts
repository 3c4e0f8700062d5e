// Every folder of test/golden/arbitration is a case: cluster.yaml, perhaps claims.yaml, and the decision they must lead to.
// UPDATE_GOLDEN=1 writes decision.yaml; read what it wrote against the rules before you keep it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import { decide } from '../../../src/core/decide.js';
import { parseManifests, snapshotOf } from '../../fixtures/manifests.js';
import { renderDecision } from '../../fixtures/render-decision.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const root = path.resolve('test/golden/arbitration');
const usual = [claimOf('nginx-internal'), claimOf('nginx-external', { annotationValues: ['nginx'] })];

function readClaims(file: string): Claim[] {
  if (!existsSync(file)) return usual;
  return (parse(readFileSync(file, 'utf8')) as Claim[]).map(({ class: name, ...settings }) => claimOf(name, settings));
}

describe('golden: arbitration', () => {
  const cases = readdirSync(root).sort();

  it('has its cases', () => expect(cases.length).to.be.at.least(60));

  for (const name of cases) {
    it(name, () => {
      const file = (leaf: string): string => path.join(root, name, leaf);
      const cluster = readFileSync(file('cluster.yaml'), 'utf8');
      expect(cluster.split('\n')[0], 'the first line says what the case shows').to.match(/^# .{20,}/);
      const decision = decide(snapshotOf(parseManifests(cluster)), readClaims(file('claims.yaml')), inspectStub);
      const rendered = renderDecision(decision);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file('decision.yaml'), stringify(rendered, { lineWidth: 0 }));
      expect(existsSync(file('decision.yaml')), `${file('decision.yaml')} is missing: UPDATE_GOLDEN=1 writes it`).to.equal(true);
      expect(rendered).to.deep.equal(parse(readFileSync(file('decision.yaml'), 'utf8')));
    });
  }
});
