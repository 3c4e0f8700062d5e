// Every folder of test/golden/arbitration is a case: cluster.yaml, perhaps claims.yaml, and the decision they must lead to.
// history.yaml: what happens afterwards, step by step, and when; the decision is the one after the last step.
// events.yaml, when it is there: the Events that the decision wants.
// UPDATE_GOLDEN=1 writes decision.yaml; read what it wrote against the rules before you keep it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import { createArbiter } from '../../../src/core/arbiter.js';
import { decisionOf } from '../../../src/core/decide.js';
import { type IngressEvent, planEvents } from '../../../src/core/plan-events.js';
import { parseManifests } from '../../fixtures/manifests.js';
import { playHistory } from '../../fixtures/play-history.js';
import { renderDecision } from '../../fixtures/render-decision.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const root = path.resolve('test/golden/arbitration');
const usual = [claimOf('nginx-internal'), claimOf('nginx-external', { annotationValues: ['nginx'] })];

/** Where users of other controllers are caught when classes come, change and go: a case for each, which names it. */
const traps = [
  'class-appears-after-ingress', 'class-deleted-name-alone-is-not-enough', 'class-updated-default-mark', 'class-updated-controller',
  'annotation-edited-away-releases', 'status-cleared-on-leaving', 'status-noise-changes-nothing', 'class-deleted-classless-taker-takes-nothing',
  'order-of-classes-is-irrelevant', 'two-ways-to-one-class-one-route', 'class-cloned-same-controller', 'annotation-a-field-b', 'tie-by-name-not-uid',
];

function readClaims(file: string): Claim[] {
  if (!existsSync(file)) return usual;
  return (parse(readFileSync(file, 'utf8')) as Claim[]).map(({ class: name, ...settings }) => claimOf(name, settings));
}

function compare(file: string, rendered: unknown): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, stringify(rendered, { lineWidth: 0 }));
  expect(existsSync(file), `${file} is missing: UPDATE_GOLDEN=1 writes it`).to.equal(true);
  expect(rendered).to.deep.equal(parse(readFileSync(file, 'utf8')));
}

function renderEvent({ ingress, class: name, type, reason, message }: IngressEvent): string {
  return `${type} ${reason} ${ingress} by ${name}: ${message}`;
}

describe('golden: arbitration', () => {
  const cases = readdirSync(root).sort();

  it('has its cases', () => expect(cases.length).to.be.at.least(60));

  it('has a case for each trap, which names it', () => {
    for (const name of traps) expect(readFileSync(path.join(root, name, 'cluster.yaml'), 'utf8'), name).to.match(/^# Trap \([^)]+\)/);
  });

  for (const name of cases) {
    it(name, () => {
      const file = (leaf: string): string => path.join(root, name, leaf);
      const cluster = readFileSync(file('cluster.yaml'), 'utf8');
      expect(cluster.split('\n')[0], 'the first line says what the case shows').to.match(/^# .{20,}/);
      const arbiter = createArbiter(readClaims(file('claims.yaml')), inspectStub);
      playHistory(arbiter, parseManifests(cluster), existsSync(file('history.yaml')) ? readFileSync(file('history.yaml'), 'utf8') : '');
      const decision = decisionOf(arbiter);
      compare(file('decision.yaml'), renderDecision(decision));
      if (existsSync(file('events.yaml'))) compare(file('events.yaml'), planEvents(decision.findings, arbiter).map(renderEvent));
    });
  }
});
