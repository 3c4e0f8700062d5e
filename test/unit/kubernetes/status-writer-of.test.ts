// Whose name is kept of all the managers of an Ingress: that of whoever wrote its status.
import { expect } from 'chai';
import { statusWriterOf, stripBulk } from '../../../src/kubernetes/kube-object.js';
import { ingresses, services } from '../../../src/kubernetes/resources.js';

const addresses = { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } };
const spec = { 'f:spec': { 'f:rules': {} } };
const managed = (...managedFields: object[]): { metadata: { name: string; managedFields: object[] } } => ({ metadata: { name: 'web', managedFields } });

describe('statusWriterOf', () => {
  const cases: [what: string, fields: object[], writer: string | undefined][] = [
    ['nobody', [], undefined],
    ['only somebody who wrote the rest', [{ manager: 'kubectl', fieldsV1: spec }], undefined],
    ['the owner of the addresses', [{ manager: 'traefik', subresource: 'status', time: '2026-01-01T00:00:00Z', fieldsV1: addresses }, { manager: 'other', subresource: 'status', time: '2026-01-02T00:00:00Z', fieldsV1: {} }], 'traefik'],
    ['the last of several owners', [{ manager: 'a', subresource: 'status', time: '2026-01-02T00:00:00Z', fieldsV1: addresses }, { manager: 'b', subresource: 'status', time: '2026-01-01T00:00:00Z', fieldsV1: addresses }], 'a'],
    ['the last to touch the status when nobody owns addresses', [{ manager: 'a', subresource: 'status', time: '2026-01-01T00:00:00Z', fieldsV1: { 'f:status': {} } }], 'a'],
    ['nobody, when the fields are nonsense', [null as unknown as object, { manager: 7, subresource: 'status' }, { subresource: 'status', fieldsV1: addresses }], undefined],
  ];
  for (const [what, fields, writer] of cases) it(what, () => expect(statusWriterOf(managed(...fields))).to.equal(writer));

  it('is all that is kept of the managers, and of Ingresses only', () => {
    const fields = { manager: 'traefik', subresource: 'status', fieldsV1: addresses };
    expect(stripBulk(managed(fields), ingresses).metadata).to.deep.equal({ name: 'web', statusWriter: 'traefik' });
    expect(stripBulk(managed(fields), services).metadata).to.deep.equal({ name: 'web' });
  });
});
