// Lists of revoked certificates that there is no room for: they are told of, and who is known still gets in.
import { expect } from 'chai';
import type { Finding } from '../../../src/core/finding.js';
import type { InspectedRevocations } from '../../../src/core/inspect-certificate.js';
import type { Secret } from '../../../src/core/kubernetes-objects.js';
import { planClientCertificates } from '../../../src/core/plan-client-certificates.js';

describe('plan client certificates', () => {
  it('says how many lists of a ca.crl are left out', () => {
    const findingsOf = (more: Partial<InspectedRevocations>): string[] => {
      const notes = { findings: [] as Finding[], secrets: [] as string[] };
      const secret: Secret = { metadata: { name: 'ca', namespace: 'shop' }, type: 'Opaque', data: { 'ca.crt': 'eA==', 'ca.crl': 'eA==' } };
      const planned = planClientCertificates({ 'auth-tls-secret': 'ca' }, {
        object: 'Ingress shop/web', namespace: 'shop', secrets: [new Map([['shop/ca', secret]])], notes,
        inspect: () => ({ id: 'authority', chain: 'x', key: '', names: [], revocations: { id: 'lists', lists: [], pem: 'x', ...more } }),
      });
      expect(planned).to.have.nested.property('clients.revoked', 'lists');
      return notes.findings.map(({ code, message }) => `${code} ${message}`);
    };
    expect(findingsOf({})).to.deep.equal([]);
    const [told, ...others] = findingsOf({ leftOut: 2 });
    expect(told).to.match(/^IA151 annotation auth-tls-secret: the lists in ca\.crl of Secret shop\/ca name more than 5000 certificates together; the oldest 2 of them are left out/);
    expect(others).to.deep.equal([]);
  });
});
