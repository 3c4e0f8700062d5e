// The expressions of the ValidatingAdmissionPolicy, evaluated as an API server would (CEL with RE2), over what users write: what
// the policy says of an Ingress the controllers say too, and where the policy can see all of a rule, it misses nothing.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CelInput, celEnv, celMap, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { findingsAsIfServed } from '../../../src/cli/lint/summarize-annotations.js';
import { manifestFiles } from '../../../src/cli/sources/manifest-files.js';
import { readManifests } from '../../../src/cli/sources/read-manifests.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { resolveReference } from '../../../src/core/resolve-reference.js';
import { emptySnapshot } from '../../../src/core/snapshot.js';
import { badInputs } from '../../fixtures/bad-inputs.js';

interface Named { name: string; expression: string }
interface Policy { kind: string; spec: { variables: Named[]; validations: { expression: string; message: string }[] } }
type Evaluate = (bindings: Record<string, CelInput>) => unknown;

const P = 'nginx.ingress.kubernetes.io/';
const [policy] = parseAllDocuments(readFileSync('manifests/components/admission-policy/policy.yaml', 'utf8')).map((document) => document.toJS() as Policy);
const environment = celEnv({ funcs: strings });
const compile = (expression: string): Evaluate => plan(environment, parse(expression)) as Evaluate;
const variables = policy!.spec.variables.map(({ name, expression }) => ({ name, evaluate: compile(expression) }));
const validations = policy!.spec.validations.map(({ expression, message }) => ({ code: message.slice(0, 'IA000'.length), evaluate: compile(expression) }));

/** Maps in place of objects: a key such as "constructor" is one like any other. */
function asMaps(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== 'object' || value === null) return value as CelInput;
  return celMap(new Map(Object.entries(value).map(([key, one]) => [key, asMaps(one)])));
}

/** Codes of the messages that the API server would print about an object. An error of an expression is an error here. */
function warned(ingress: Ingress): string[] {
  const object = asMaps(JSON.parse(JSON.stringify(ingress)));
  const known: Record<string, CelInput> = {};
  for (const { name, evaluate } of variables) known[name] = evaluate({ object, variables: { ...known } }) as CelInput;
  return validations.filter(({ evaluate }) => {
    const result = evaluate({ object, variables: known });
    if (typeof result !== 'boolean') throw new Error(`${JSON.stringify(ingress).slice(0, 400)}: ${String(result)}`);
    return !result;
  }).map(({ code }) => code);
}

/** Codes of what a controller finds in the same object alone. */
function found(ingress: Ingress): Set<string> {
  const snapshot = emptySnapshot();
  (snapshot.ingresses as Map<string, Ingress>).set('default/one', { ...ingress, metadata: { ...ingress.metadata, namespace: 'default', name: 'one' } });
  const codes = findingsAsIfServed(snapshot, 0).map(({ code }) => code as string);
  const reference = resolveReference(ingress, 'annotation');
  return new Set([...codes, ...(reference.by !== 'nothing' && reference.overruled !== undefined ? ['IA104'] : [])]);
}

const hostile = (): Ingress[] => badInputs.flatMap(({ objects }) => objects('a.test', 'default') as { kind: string }[])
  .filter(({ kind }) => kind === 'Ingress') as unknown as Ingress[];
const ordinary = (): Ingress[] => manifestFiles([path.resolve('test/golden/arbitration'), path.resolve('manifests')])
  .filter((file) => /cluster|quick-start|examples/.test(file)).flatMap((file) => [...readManifests([file]).snapshot.ingresses.values()]);
const one = (spec: object, annotations?: Record<string, string>): Ingress =>
  ({ metadata: { name: 'one', namespace: 'default', ...(annotations && { annotations }) }, spec }) as Ingress;

describe('feature: the admission policy, evaluated', () => {
  const path0 = (at: string): object => ({ rules: [{ http: { paths: [{ path: at, pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } }] } }] });
  const cases: [string, Ingress, string[]][] = [
    ['nothing but a default backend', one({ defaultBackend: { service: { name: 'a', port: { number: 80 } } } }), []],
    ['no spec at all but an empty one', one({}), []],
    ['the same class twice', one({ ingressClassName: 'a' }, { 'kubernetes.io/ingress.class': 'a' }), []],
    ['two classes', one({ ingressClassName: 'a' }, { 'kubernetes.io/ingress.class': 'b' }), ['IA104']],
    ['an empty annotation, which is none', one({ ingressClassName: 'a' }, { 'kubernetes.io/ingress.class': '' }), []],
    ['a snippet', one({}, { [`${P}configuration-snippet`]: 'x' }), ['IA152']],
    ['a snippet of another controller', one({}, { 'example.com/configuration-snippet': 'x' }), []],
    ['a host with an underscore', one({ rules: [{ host: 'a_b.test' }] }), ['IA120']],
    ['a wildcard within a host', one({ rules: [{ host: 'a.*.test' }] }), ['IA120']],
    ['a wildcard in front', one({ rules: [{ host: '*.a.test' }] }), []],
    ['a path with a line feed', one(path0('/a\nb')), ['IA121']],
    ['a path with a null', one(path0('/a\u0000b')), ['IA121']],
    ['a path', one(path0('/a b')), []],
    ['everything at once', one({ ingressClassName: 'a', rules: [{ host: '-' }, ...(path0('/\t') as { rules: object[] }).rules] },
      { 'kubernetes.io/ingress.class': 'b', [`${P}server-snippet`]: 'x' }), ['IA104', 'IA152', 'IA120', 'IA121']],
  ];
  for (const [what, ingress, codes] of cases) it(`${what}: ${codes.join(', ') || 'nothing'}`, () => expect(warned(ingress)).to.deep.equal(codes));

  it('warns of nothing that a controller does not find too, over every bad input and every golden cluster', () => {
    const all = [...hostile(), ...ordinary()];
    expect(all.length).to.be.greaterThan(400);
    const seen = new Set<string>();
    for (const ingress of all) {
      const codes = warned(ingress);
      const ours = found(ingress);
      for (const code of codes) seen.add(code);
      expect(codes.filter((code) => !ours.has(code)), JSON.stringify(ingress)).to.deep.equal([]);
      // These two rules need nothing but what the policy sees.
      for (const code of ['IA104', 'IA152']) expect(codes.includes(code), `${code} of ${JSON.stringify(ingress)}`).to.equal(ours.has(code));
    }
    expect([...seen].sort()).to.deep.equal(['IA104', 'IA120', 'IA121', 'IA152']);
  });
});
