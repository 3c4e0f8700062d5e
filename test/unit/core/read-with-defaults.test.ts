// Annotations that are alike are read once; whatever makes a difference is read for itself.
import { expect } from 'chai';
import { defaultSettings } from '../../../src/core/class-settings.js';
import type { Ingress } from '../../../src/core/kubernetes-objects.js';
import { readWithDefaults } from '../../../src/core/read-with-defaults.js';

const prefix = 'nginx.ingress.kubernetes.io';
let made = 0;
const annotated = (annotations: Record<string, string | undefined>): Ingress => ({ metadata: { namespace: 'shop', name: `one-${made++}`, annotations } }) as unknown as Ingress;

describe('core: read-with-defaults', () => {
  const timeout = { [`${prefix}/proxy-read-timeout`]: '60' };

  it('reads once what many have alike, whatever else they are annotated with', () => {
    const first = readWithDefaults(annotated(timeout), {});
    expect(first.values).to.deep.equal({ 'proxy-read-timeout': 60 });
    for (const more of [{}, { 'cert-manager.io/issuer': 'one' }, { 'kubernetes.io/ingress.class': 'red' }, { 'ingress-arbiter.io/hand-over': '{"from":["red"],"to":"blue"}' }]) expect(readWithDefaults(annotated({ ...more, ...timeout }), {})).to.equal(first);
  });

  it('tells every Ingress with something wrong of it by its own name', () => {
    for (const wrong of [{ [`${prefix}/proxy-read-timeout`]: 'long' }, { ...timeout, 'other.test/auth-type': 'basic' }, { ...timeout, 'ingress-arbiter.io/unheard-of': '1' }, { ...timeout, [`${prefix}/configuration-snippet`]: 'x' }]) {
      const [one, two] = [annotated(wrong), annotated(wrong)];
      const about = (ingress: Ingress): string[] => readWithDefaults(ingress, {}).findings.map(({ object }) => object);
      expect([about(one), about(two)], JSON.stringify(wrong)).to.deep.equal([one, two].map(({ metadata: { name } }) => [`Ingress shop/${name}`]));
    }
  });

  it('takes no value for another annotation', () => {
    const [key, other] = [`${prefix}/proxy-read-timeout`, `${prefix}/whitelist-source-range`];
    expect(readWithDefaults(annotated({ [key]: '61', [other]: '192.0.2.0/24' }), {}).values).to.have.keys(['proxy-read-timeout', 'allowlist-source-range']);
    for (const text of [`61","${other}","192.0.2.0/24`, `61\n${other}\n192.0.2.0/24`, `61,${other},192.0.2.0/24`]) expect(readWithDefaults(annotated({ [key]: text }), {}).values, text).to.deep.equal({});
  });

  it('reads anew under other settings and other prefixes', () => {
    const closed = { ...defaultSettings, closed: true };
    const one = annotated(timeout);
    expect([{}, { settings: closed }, {}].map((claim) => readWithDefaults(one, claim).closed)).to.deep.equal([false, true, false]);
    const settings = { ...defaultSettings, annotations: { 'proxy-send-timeout': '7' } };
    expect(readWithDefaults(one, { settings }).values).to.deep.equal({ 'proxy-read-timeout': 60, 'proxy-send-timeout': 7 });
    expect(readWithDefaults(one, { annotationPrefixes: ['blue.test'] }).values).to.deep.equal({});
  });
});
