// sslPassthrough in settings: who is told of it, what can't be turned while the engine runs, and that an engine without it refuses
// what a controller sends of it.

import { expect } from 'chai';
import { engineSettings, checkReplaceable, passingClasses } from '../../../src/engine/settings.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import { updateRules } from '../../../src/engine/update-rules.js';
import { runSettings } from '../../../src/cli/run/run-settings.js';
import { parseClaim } from '../../../src/cli/sources/parse-claim.js';
import { sampleSettings } from './sample-settings.js';

const [first, second] = sampleSettings().listeners as object[];
const off = engineSettings(sampleSettings());
const on = engineSettings(sampleSettings({ listeners: [{ ...first, sslPassthrough: true }, second] }));
const entry = { namespace: 'shop', ingress: 'web', backend: 'service/shop/web/443' };

describe('sslPassthrough in settings', () => {
  it('is of the classes of the listener, and off by default', () => {
    expect([[...passingClasses(off)], [...passingClasses(on)]]).to.deep.equal([[], ['nginx-internal']]);
    expect(() => engineSettings(sampleSettings({ listeners: [{ ...first, sslPassthrough: 'yes' }] }))).to.throw(/listeners\.0\.sslPassthrough: must be boolean/);
  });

  it('can not be turned on a listener that is there, but comes with a new one', () => {
    for (const [now, next] of [[off, on], [on, off]] as const) expect(() => checkReplaceable(now, next)).to.throw(/listeners\.0\.sslPassthrough \(internal\): can't be changed while the engine runs/);
    const third = { name: 'third', httpPort: 1080, httpsPort: 1443, classes: ['third'], sslPassthrough: true };
    checkReplaceable(on, engineSettings(sampleSettings({ listeners: [{ ...first, sslPassthrough: true }, second, third] })));
  });

  it('run takes it from its listeners, lint and explain from their claims', () => {
    const { claims } = runSettings({ claims: [{ class: 'nginx-internal' }, { class: 'nginx-external' }, { class: 'blue.example.com' }], engine: sampleSettings({ listeners: [{ ...first, sslPassthrough: true }, second] }) });
    expect(claims.map(({ sslPassthrough }) => sslPassthrough)).to.deep.equal([true, undefined, undefined]);
    expect(() => runSettings({ claims: [{ class: 'nginx-internal', sslPassthrough: true }], engine: sampleSettings() })).to.throw(/"sslPassthrough" is not a setting/);
    expect([parseClaim('web:sslPassthrough'), parseClaim('web:sslPassthrough=no')].map((claim) => (typeof claim === 'string' ? 'none' : claim.sslPassthrough))).to.deep.equal([true, 'none']);
  });

  it('an engine takes entries of it for these classes, in their grammar', () => {
    const verdict = (key: string, value: unknown, className = 'nginx-internal'): unknown => checkEntry(key, value, updateRules(on, className));
    expect(verdict('passthrough/a.test', entry)).to.deep.equal({ json: JSON.stringify(entry) });
    expect(verdict('passthrough/*.a.test', { backend: entry.backend, ingress: 'web', namespace: 'shop' })).to.deep.equal({ json: JSON.stringify(entry) });
    expect(verdict('passthrough/a.test', entry, 'nginx-external')).to.deep.equal({ complaint: 'entry "passthrough/a.test": no listener of the class has sslPassthrough; set it on one, or take it out of the claim' });
    for (const key of ['passthrough/', 'passthrough/A.test', 'passthrough/10.0.0.1', 'passthrough/a b', 'passthrough/*']) expect(verdict(key, entry), key).to.have.property('complaint');
    for (const value of [{}, { ...entry, more: 1 }, { ...entry, namespace: 'other' }, { ...entry, backend: 'service/shop/web' }, { ...entry, backend: 'host/a.test' }, { ...entry, backend: 1 }, { ...entry, ingress: 'A' }, { ...entry, namespace: '../shop' }]) expect(verdict('passthrough/a.test', value), JSON.stringify(value)).to.have.property('complaint');
  });
});
