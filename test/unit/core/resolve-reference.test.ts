import { expect } from 'chai';
import { classAnnotation, resolveReference } from '../../../src/core/resolve-reference.js';

type Row = [name: string, annotation: string | undefined, field: string | undefined, annotationFirst: object, fieldFirst: object];

const nothing = { by: 'nothing' };
const rows: Row[] = [
  ['neither', undefined, undefined, nothing, nothing],
  ['both empty', '', '', nothing, nothing],
  ['annotation only', 'a', undefined, { by: 'annotation', value: 'a' }, { by: 'annotation', value: 'a' }],
  ['field only', undefined, 'b', { by: 'field', value: 'b' }, { by: 'field', value: 'b' }],
  ['empty annotation', '', 'b', { by: 'field', value: 'b' }, { by: 'field', value: 'b' }],
  ['empty field', 'a', '', { by: 'annotation', value: 'a' }, { by: 'annotation', value: 'a' }],
  ['equal', 'a', 'a', { by: 'annotation', value: 'a' }, { by: 'field', value: 'a' }],
  ['different', 'a', 'b', { by: 'annotation', value: 'a', overruled: 'b' }, { by: 'field', value: 'b', overruled: 'a' }],
  ['blanks are kept', ' ', 'b', { by: 'annotation', value: ' ', overruled: 'b' }, { by: 'field', value: 'b', overruled: ' ' }],
];

describe('core: resolve-reference', () => {
  for (const [name, annotation, field, annotationFirst, fieldFirst] of rows) {
    it(name, () => {
      const ingress = {
        metadata: { name: 'web', namespace: 'shop', ...(annotation !== undefined && { annotations: { [classAnnotation]: annotation } }) },
        spec: { ...(field !== undefined && { ingressClassName: field }) },
      };
      expect(resolveReference(ingress, 'annotation')).to.deep.equal(annotationFirst);
      expect(resolveReference(ingress, 'field')).to.deep.equal(fieldFirst);
    });
  }

  it('an Ingress without spec and annotations names nothing', () => {
    expect(resolveReference({ metadata: { name: 'web' } }, 'annotation')).to.deep.equal(nothing);
  });
});
