import { expect } from 'chai';
import fc from 'fast-check';
import { fieldsOf, fieldSetFromFieldsV1, fieldsV1FromFieldSet, printPath, joinPath } from '../../../src/dev-cluster/field-set.js';

describe('dev-cluster: field sets', () => {
  it('survive the way to FieldsV1 and back', () => {
    const names = fc.string({ minLength: 1, maxLength: 4 }).filter((name) => !name.includes('\u0000'));
    fc.assert(fc.property(fc.dictionary(names, fc.dictionary(names, fc.string())), fc.boolean(), (data, containers) => {
      const set = new Set(fieldsOf({ data }, { kind: 'ConfigMap', containers }).keys());
      expect(fieldSetFromFieldsV1(JSON.parse(JSON.stringify(fieldsV1FromFieldSet(set))))).to.deep.equal(set);
    }));
  });

  it('never contain what the server alone writes', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'n', uid: 'u', generation: 2, labels: { name: 'kept' } } };
    expect([...fieldsOf(object, { kind: 'X', containers: false }).keys()].map(printPath)).to.deep.equal(['.metadata.labels.name']);
  });

  it('print set members by value', () => {
    expect(printPath(joinPath(['f:metadata', 'f:finalizers', 'v:"a/b"']))).to.equal('.metadata.finalizers[="a/b"]');
  });
});
