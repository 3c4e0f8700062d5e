// Passwords out of Secrets: every way in which they can be missing closes the routes.
import { expect } from 'chai';
import type { AnnotationValues } from '../../../src/core/annotations/registry.js';
import type { Finding } from '../../../src/core/finding.js';
import type { Secret } from '../../../src/core/kubernetes-objects.js';
import { planBasicAuth } from '../../../src/core/plan-basic-auth.js';

const sha = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
const secret = (data?: Record<string, string>): Secret => ({ metadata: { name: 'users', namespace: 'shop' }, type: 'Opaque', ...(data && { data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)])) }) });

function plan(values: AnnotationValues, stored?: Secret): { result: ReturnType<typeof planBasicAuth>; kinds: string[]; asked: string[] } {
  const notes = { findings: [] as Finding[], secrets: [] as string[] };
  const result = planBasicAuth(values, { object: 'Ingress shop/web', namespace: 'shop', secrets: new Map(stored ? [['shop/users', stored]] : []), notes });
  return { result, kinds: notes.findings.map(({ kind }) => kind), asked: notes.secrets };
}
const basic: AnnotationValues = { 'auth-type': 'basic', 'auth-secret': 'users' };

describe('core: plan-basic-auth', () => {
  it('asks for nothing without being asked', () => expect(plan({ 'auth-realm': 'x' }).result).to.equal(undefined));

  it('reads a file, and leaves out what is no user', () => {
    expect(plan(basic, secret({ auth: `# a\n\na:${sha}\r\nb:${sha}` }))).to.deep.equal({ result: { realm: 'Authentication Required', users: [`a:${sha}`, `b:${sha}`] }, kinds: [], asked: ['shop/users'] });
    expect(plan({ ...basic, 'auth-realm': 'r' }, secret({ auth: `a:${sha}\nb:{PLAIN}x` }))).to.deep.equal({ result: { realm: 'r', users: [`a:${sha}`] }, kinds: ['secret-invalid'], asked: ['shop/users'] });
  });

  it('reads a map', () => expect(plan({ ...basic, 'auth-secret-type': 'auth-map', 'auth-secret': 'shop/users' }, secret({ a: `${sha}\n` })).result).to.deep.equal({ realm: 'Authentication Required', users: [`a:${sha}`] }));

  it('reads what htdigest writes, of its realm only', () => {
    const md5 = '0123456789abcdef0123456789ABCDEF';
    const digest: AnnotationValues = { ...basic, 'auth-type': 'digest', 'auth-realm': 'r:x' };
    const lines = [`a:r:x:${md5}`, `b:other:${md5}`, `c"d:r:x:${md5}`, 'e:r:x:short', `f:${sha}`];
    expect(plan(digest, secret({ auth: lines.join('\n') }))).to.deep.equal({ result: { realm: 'r:x', users: [`a:${md5.toLowerCase()}`], digest: true }, kinds: ['secret-invalid'], asked: ['shop/users'] });
    expect(plan({ ...digest, 'auth-secret-type': 'auth-map' }, secret({ a: `r:x:${md5}` })).result).to.deep.equal({ realm: 'r:x', users: [`a:${md5.toLowerCase()}`], digest: true });
  });

  const unusable: [string, AnnotationValues, Secret][] = [
    ['digest with hashes of passwords', { ...basic, 'auth-type': 'digest' }, secret({ auth: `a:${sha}` })], ['digest of another realm', { ...basic, 'auth-type': 'digest' }, secret({ auth: `a:r:${'0'.repeat(32)}` })],
    ['no data', basic, secret()], ['an empty file', basic, secret({ auth: '\n# x\n' })], ['another key', basic, secret({ users: `a:${sha}` })], ['only what is no user', basic, secret({ auth: 'x\ny:z' })],
    ['base64 that is none', basic, { ...secret(), data: { auth: '%%%' } }], ['too many users', basic, secret({ auth: Array.from({ length: 501 }, (_, at) => `u${at}:${sha}`).join('\n') })],
  ];
  const never: [string, AnnotationValues, Secret][] = [
    ['no type', { 'auth-secret': 'users' }, secret({ auth: `a:${sha}` })], ['no name', { 'auth-type': 'basic' }, secret({ auth: `a:${sha}` })],
    ['another namespace', { ...basic, 'auth-secret': 'blog/users' }, secret({ auth: `a:${sha}` })],
  ];
  for (const [kind, cases] of [['secret-invalid', unusable], ['protection-not-supported', never]] as const) {
    for (const [why, values, stored] of cases) {
      it(`closes: ${why}`, () => {
        const { result, kinds } = plan(values, stored);
        expect([result, kinds.at(-1)]).to.deep.equal(['closed', kind]);
      });
    }
  }

  it('closes for a Secret that is not there, and remembers it, so that its coming is noticed', () => {
    expect(plan(basic)).to.deep.equal({ result: 'closed', kinds: ['secret-missing'], asked: ['shop/users'] });
  });
});
