// Properties of convert: what is in today's form passes byte for byte, and what is not means the same afterwards,
// however it is written. The expected meaning comes from a second, plain conversion of the data.
import { expect } from 'chai';
import fc from 'fast-check';
import { parseDocument, stringify, type ToStringOptions } from 'yaml';
import { convertManifests } from '../../../src/cli/convert/convert-manifests.js';

interface OldBackend { serviceName: string; servicePort: string | number }
interface OldPath { path?: string; pathType?: string; backend: OldBackend }
interface OldIngress {
  apiVersion: string;
  kind: 'Ingress';
  metadata: { name: string; annotations: Record<string, string> };
  spec: { backend?: OldBackend; rules: { host: string; http: { paths: OldPath[] } }[] };
}

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const reorder = <T extends object>(object: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.tuple(object, fc.infiniteStream(fc.nat())).map(([value, keys]) =>
  Object.fromEntries(Object.entries(value).map((entry) => [keys.next().value, entry] as const).sort((a, b) => a[0] - b[0]).map(([, entry]) => entry)) as T);
const backend = reorder(fc.record({
  serviceName: name,
  servicePort: fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }).map(String), name),
}));
const path: fc.Arbitrary<OldPath> = reorder(fc.record(
  { path: fc.webPath().map((text) => '/' + text), pathType: fc.constantFrom('Exact', 'Prefix'), backend },
  { requiredKeys: ['backend'] })) as fc.Arbitrary<OldPath>;
const ingress = (apiVersion: string): fc.Arbitrary<OldIngress> => reorder(fc.record({
  apiVersion: fc.constant(apiVersion), kind: fc.constant('Ingress' as const),
  metadata: fc.record({ name, annotations: fc.dictionary(name, fc.string()) }),
  spec: reorder(fc.record(
    { backend, rules: fc.array(fc.record({ host: name, http: fc.record({ paths: fc.array(path, { maxLength: 3 }) }) }), { maxLength: 3 }) },
    { requiredKeys: ['rules'] })) as fc.Arbitrary<OldIngress['spec']>,
}));

const style: fc.Arbitrary<(value: unknown) => string> = fc.oneof(
  fc.record<ToStringOptions>({
    indent: fc.constantFrom(2, 3, 4), indentSeq: fc.boolean(), lineWidth: fc.constant(0), collectionStyle: fc.constantFrom('any', 'flow'),
    defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'), defaultKeyType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE'),
    flowCollectionPadding: fc.boolean(),
  }).map((options) => (value: unknown) => stringify(value, { ...options, aliasDuplicateObjects: false })),
  fc.constantFrom(undefined, 2, '\t').map((indent) => (value: unknown) => JSON.stringify(value, null, indent)));

function today(old: OldIngress): unknown {
  const convert = ({ serviceName, servicePort }: OldBackend): unknown => ({
    service: { name: serviceName, port: /^\d+$/.test(String(servicePort)) ? { number: Number(servicePort) } : { name: servicePort } },
  });
  const { backend: standard, rules } = old.spec;
  return {
    ...old, apiVersion: 'networking.k8s.io/v1',
    spec: {
      ...(standard && { defaultBackend: convert(standard) }),
      rules: rules.map((rule) => ({
        ...rule, http: { paths: rule.http.paths.map((item) => ({ pathType: 'ImplementationSpecific', ...item, backend: convert(item.backend) })) },
      })),
    },
  };
}

describe('convertManifests', () => {
  it('changes the form and keeps the meaning, in any style', () => {
    fc.assert(fc.property(fc.constantFrom('extensions/v1beta1', 'networking.k8s.io/v1beta1').chain(ingress), style, fc.boolean(), (old, print, windows) => {
      const text = windows ? print(old).replaceAll('\n', '\r\n') : print(old);
      const result = convertManifests(text, 'old.yaml');
      const read = parseDocument(result.text);
      expect(read.errors).to.deep.equal([]);
      expect(read.toJS()).to.deep.equal(today(old));
      expect(result.findings).to.deep.equal([]);
      expect(result.converted).to.equal(1);
    }), { numRuns: 500 });
  });

  it('passes what is in today\'s form byte for byte', () => {
    fc.assert(fc.property(ingress('networking.k8s.io/v1'), style, (object, print) => {
      const text = print(object);
      expect(convertManifests(text, 'today.yaml')).to.deep.equal({ text, findings: [], converted: 0 });
    }));
  });

  it('never crashes, and leaves what is no YAML as it is', () => {
    const piece = fc.constantFrom('kind: Ingress\n', 'apiVersion: extensions/v1beta1\n', 'spec:\n', '  backend:\n', '    serviceName: a\n',
      '    servicePort: 80\n', '  rules:\n', '  - http:\n', '{', '}', '[', ']', ',', ': ', '- ', '&a ', '*a', '<<', '? ', '---\n', '"', "'", '\n', '\t', '#', '|\n', '!!x ');
    fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const { findings, text: result } = convertManifests(text, 'x.yaml');
      if (findings.some((finding) => finding.severity === 'fatal')) expect(result).to.equal(text);
    }), { numRuns: 2000 });
  });

  it('says where and what when the text is nested beyond reason', () => {
    const [finding] = convertManifests('['.repeat(200_000), 'deep.json').findings;
    expect(finding).to.include({ file: 'deep.json', severity: 'fatal' });
  });
});
