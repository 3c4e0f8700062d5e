// Every rule by its name: one Ingress, some claims, some classes, and who has it.
import { expect } from 'chai';
import { type Claim, claimOf, ownController } from '../../../src/core/claim.js';
import type { Ingress, IngressClass, Namespace } from '../../../src/core/kubernetes-objects.js';
import { type OwnerRule, resolveOwner } from '../../../src/core/resolve-owner.js';
import { classAnnotation } from '../../../src/core/resolve-reference.js';

function ingress(names: { annotation?: string; field?: string }): Ingress {
  return {
    metadata: { name: 'web', namespace: 'shop', annotations: names.annotation === undefined ? {} : { [classAnnotation]: names.annotation } },
    spec: names.field === undefined ? {} : { ingressClassName: names.field },
  };
}

function classes(controllers: Record<string, string>): Map<string, IngressClass> {
  return new Map(Object.entries(controllers).map(([name, controller]) => [name, { metadata: { name }, spec: { controller } }]));
}

const blue = claimOf('blue');
const red = claimOf('red');
interface Row {
  rule: OwnerRule;
  why: string;
  names: { annotation?: string; field?: string };
  claims: Claim[];
  controllers?: Record<string, string>;
  owner?: string;
  findings?: string[];
}

const rows: Row[] = [
  { rule: 'field', why: 'class of our controller', names: { field: 'blue' }, claims: [red, blue], controllers: { blue: ownController }, owner: 'blue' },
  { rule: 'field', why: 'controller that the claim accepts', names: { field: 'blue' }, claims: [claimOf('blue', { acceptedControllers: ['x/y'] })], controllers: { blue: 'x/y' }, owner: 'blue' },
  { rule: 'annotation', why: 'class name, without an object', names: { annotation: 'blue' }, claims: [blue], owner: 'blue' },
  { rule: 'annotation', why: 'listed value', names: { annotation: 'nginx' }, claims: [claimOf('blue', { annotationValues: ['nginx'] })], owner: 'blue' },
  { rule: 'annotation', why: 'listed value twice: the first by name', names: { annotation: 'nginx' }, claims: [claimOf('red', { annotationValues: ['nginx'] }), claimOf('blue', { annotationValues: ['nginx'] })], owner: 'blue', findings: ['annotation-value-claimed-twice'] },
  { rule: 'annotation', why: 'class of our controller that the annotation names', names: { annotation: 'blue' }, claims: [blue], controllers: { blue: ownController }, owner: 'blue' },
  { rule: 'classless', why: 'one claim takes such', names: {}, claims: [claimOf('blue', { claimClassless: true }), red], owner: 'blue' },
  { rule: 'no-reference', why: 'nobody takes such', names: {}, claims: [blue], findings: ['no-class'] },
  { rule: 'no-reference', why: 'no claims', names: {}, claims: [], findings: ['no-class'] },
  { rule: 'unknown-class', why: 'no object of that name', names: { field: 'blue' }, claims: [blue], findings: ['unknown-class'] },
  { rule: 'foreign-controller', why: 'claimed name, foreign controller', names: { field: 'blue' }, claims: [blue], controllers: { blue: 'x/y' } },
  { rule: 'foreign-controller', why: 'not even the name is ours', names: { field: 'green' }, claims: [blue], controllers: { green: 'x/y' } },
  { rule: 'foreign-controller', why: 'class without controller', names: { field: 'blue' }, claims: [blue], controllers: { blue: undefined as never } },
  { rule: 'class-not-claimed', why: 'our controller, nobody claims it', names: { field: 'green' }, claims: [blue], controllers: { green: ownController } },
  { rule: 'annotation-not-claimed', why: 'unknown value', names: { annotation: 'green' }, claims: [blue] },
  { rule: 'foreign-class-of-that-name', why: 'a foreign class goes before a listed value', names: { annotation: 'nginx' }, claims: [claimOf('blue', { annotationValues: ['nginx'] })], controllers: { nginx: 'x/y' }, findings: ['foreign-class-of-that-name'] },
  { rule: 'foreign-class-of-that-name', why: 'also before the claim of that name', names: { annotation: 'blue' }, claims: [blue, red], controllers: { blue: 'x/y' }, findings: ['foreign-class-of-that-name'] },
  { rule: 'namespace-not-allowed', why: 'other names', names: { annotation: 'blue' }, claims: [claimOf('blue', { namespaces: { names: ['blog'] } })], findings: ['namespace-not-allowed'] },
  { rule: 'namespace-not-allowed', why: 'empty restriction allows nobody', names: { annotation: 'blue' }, claims: [claimOf('blue', { namespaces: {} })], findings: ['namespace-not-allowed'] },
  { rule: 'namespace-not-allowed', why: 'the claim that was meant tells more than others', names: { annotation: 'red' }, claims: [blue, claimOf('red', { namespaces: { names: ['blog'] } })], findings: ['namespace-not-allowed'] },
  { rule: 'foreign-class-of-that-name', why: 'the claim that was meant tells more than others', names: { annotation: 'red' }, claims: [blue, red], controllers: { red: 'x/y' }, findings: ['foreign-class-of-that-name'] },
  { rule: 'annotation', why: 'allowed by label', names: { annotation: 'blue' }, claims: [claimOf('blue', { namespaces: { names: ['blog'], labels: { team: 'a' } } })], owner: 'blue' },
  { rule: 'namespace-not-allowed', why: 'all labels are needed', names: { annotation: 'blue' }, claims: [claimOf('blue', { namespaces: { labels: { team: 'a', tier: 'b' } } })], findings: ['namespace-not-allowed'] },
  { rule: 'namespace-not-allowed', why: 'a label that every object inherits is none', names: { annotation: 'blue' }, claims: [claimOf('blue', { namespaces: { labels: { constructor: 'x' } } })], findings: ['namespace-not-allowed'] },
  { rule: 'classless-claimed-twice', why: 'two take such', names: {}, claims: [claimOf('blue', { claimClassless: true }), claimOf('red', { claimClassless: true })], findings: ['classless-claimed-twice'] },
];

const namespaces = new Map<string, Namespace>([['shop', { metadata: { name: 'shop', labels: { team: 'a' } } }]]);

describe('core: resolve-owner', () => {
  for (const { rule, why, names, claims, controllers = {}, owner, findings = [] } of rows) {
    it(`${rule}: ${why}`, () => {
      for (const order of [claims, [...claims].reverse()]) {
        const result = resolveOwner(ingress(names), order, { ingressClasses: classes(controllers), namespaces });
        expect({ rule: result.rule, owner: result.owner, findings: result.findings.map(({ kind }) => kind) }).to.deep.equal({ rule, owner, findings });
      }
    });
  }

  it('covers every rule', () => {
    const all: Record<Exclude<OwnerRule, 'planning-failed'>, true> = {
      field: true, annotation: true, classless: true, 'no-reference': true, 'unknown-class': true, 'foreign-controller': true,
      'class-not-claimed': true, 'annotation-not-claimed': true, 'foreign-class-of-that-name': true,
      'namespace-not-allowed': true, 'classless-claimed-twice': true,
    };
    expect([...new Set(rows.map(({ rule }) => rule))].sort()).to.deep.equal(Object.keys(all).sort());
  });

  it('repeats no long value in a message', () => {
    const { findings } = resolveOwner(ingress({ annotation: 'x\n'.repeat(100_000), field: 'blue' }), [blue], { ingressClasses: new Map(), namespaces });
    expect(findings.map(({ kind }) => kind)).to.deep.equal(['annotation-and-field-differ']);
    expect(findings[0]!.message.length).to.be.below(400);
    expect(findings[0]!.message).to.not.match(/\n/);
  });
});
