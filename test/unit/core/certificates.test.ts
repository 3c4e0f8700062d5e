import { expect } from 'chai';
import { claimOf } from '../../../src/core/claim.js';
import { decide } from '../../../src/core/decide.js';
import type { Ingress, Secret } from '../../../src/core/kubernetes-objects.js';
import { emptySnapshot } from '../../../src/core/snapshot.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const secret = (name: string, names: string, more: Partial<Secret> = {}): [string, Secret] =>
  [`shop/${name}`, { metadata: { name, namespace: 'shop' }, type: 'kubernetes.io/tls', data: { 'tls.crt': btoa(`names: ${names}`), 'tls.key': btoa('key') }, ...more }];
const secrets = new Map([
  secret('a', 'a.test'), secret('b', 'b.test'), secret('both', 'a.test, b.test'), secret('any', '*.a.test'), secret('upper', 'A.TEST'),
  secret('opaque', 'a.test', { type: 'Opaque' }), secret('no-key', 'a.test', { data: { 'tls.crt': btoa('names: a.test') } }),
  secret('no-base64', 'a.test', { data: { 'tls.crt': '%%%', 'tls.key': '' } }), ['shop/empty', { metadata: { name: 'empty' }, type: 'kubernetes.io/tls' }],
]);
const ingress = (hosts: string[], tls: { hosts?: string[]; secretName?: string }[], name = 'web'): Ingress =>
  ({ metadata: { name, namespace: 'shop', annotations: { 'kubernetes.io/ingress.class': 'web' } }, spec: { rules: hosts.map((host) => ({ host })), tls } });

function add(...ingresses: Ingress[]): { keys: string[]; findings: string[] } {
  const snapshot = { ...emptySnapshot(), secrets, ingresses: new Map(ingresses.map((one) => [`shop/${one.metadata.name}`, one])) };
  const { tables, findings } = decide(snapshot, [claimOf('web')], inspectStub);
  const keys = [...tables.get('web')!].filter(([key]) => /^(sni|certificate)\//.test(key)).map(([key, value]) => ('certificate' in value ? `${key} ${value.certificate}` : key)).sort();
  return { keys, findings: findings.map(({ kind }) => kind) };
}

const aliased = (one: Ingress, alias: string): Ingress => ({ ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, 'nginx.ingress.kubernetes.io/server-alias': alias } } });

type Row = [name: string, ingress: Ingress, keys: string[], findings: string[]];
const a = ['certificate/for-a.test', 'sni/a.test for-a.test'];
const rows: Row[] = [
  ['a host of the rules', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'a' }]), a, []],
  ['spelt otherwise', ingress(['A.test.'], [{ hosts: ['a.TEST'], secretName: 'a' }]), a, []],
  ['no hosts: those that it is valid for', ingress(['a.test', 'c.test'], [{ secretName: 'a' }]), a, []],
  ['names in upper case', ingress(['a.test'], [{ secretName: 'upper' }]), ['certificate/for-A.TEST', 'sni/a.test for-A.TEST'], []],
  ['a name that an entry has goes before what merely covers it', aliased(ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'both' }, { hosts: ['b.test'], secretName: 'b' }]), 'b.test'),
    ['certificate/for-a.test-b.test', 'certificate/for-b.test', 'sni/a.test for-a.test-b.test', 'sni/b.test for-b.test'], []],
  ['a host of nobody', ingress(['a.test'], [{ hosts: ['b.test'], secretName: 'b' }]), [], ['host-not-in-rules']],
  ['a host that is none', ingress(['a.test'], [{ hosts: ['a.test\n', '*'], secretName: 'a' }]), [], ['host-not-in-rules', 'host-not-in-rules']],
  ['a wildcard serves the rules that it covers', ingress(['x.a.test', 'b.test'], [{ hosts: ['*.a.test'], secretName: 'any' }]), ['certificate/for-any.a.test', 'sni/x.a.test for-any.a.test'], []],
  ['not valid for the host', ingress(['b.test'], [{ hosts: ['b.test'], secretName: 'a' }]), ['certificate/for-a.test', 'sni/b.test for-a.test'], ['certificate-does-not-cover-host']],
  ['no Secret', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'gone' }]), [], ['secret-missing']],
  ['of another namespace', ingress(['a.test'], [{ hosts: ['a.test'], secretName: '../shop/a' }]), [], ['secret-missing']],
  ['of another type', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'opaque' }]), [], ['secret-missing']],
  ['no key', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'no-key' }]), [], ['secret-invalid']],
  ['no base64', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'no-base64' }]), [], ['secret-invalid']],
  ['no data', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'empty' }]), [], ['secret-invalid']],
  ['no secretName', ingress(['a.test'], [{ hosts: ['a.test'] }, { hosts: ['a.test'], secretName: '' }]), [], []],
  ['a rule without host has no server name', ingress([''], [{ secretName: 'a' }]), [], []],
  ['two entries for one host: the first', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'a' }, { hosts: ['a.test'], secretName: 'both' }]), a, ['server-name-taken']],
  ['one Secret twice', ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'a' }, { hosts: ['a.test'], secretName: 'a' }]), a, []],
];

describe('core: certificates of a class', () => {
  for (const [name, one, keys, findings] of rows) it(name, () => expect(add(one)).to.deep.equal({ keys, findings }));

  it('leaves a name to the older Ingress, and keeps no certificate that nobody is served with', () => {
    const older = ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'a' }], 'a-older');
    const newer = ingress(['a.test'], [{ hosts: ['a.test'], secretName: 'both' }], 'b-newer');
    expect(add(older, newer)).to.deep.equal({ keys: a, findings: ['server-name-taken'] });
  });
});
