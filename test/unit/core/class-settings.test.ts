// Each key of a class's settings: what it takes and what it refuses; the readers; selectors; defaults of annotations.
import { expect } from 'chai';
import { annotationRegistry } from '../../../src/core/annotations/registry.js';
import { type ClassSettings, defaultSettings, settingRegistry } from '../../../src/core/class-settings.js';
import { withDefaults } from '../../../src/core/default-annotations.js';
import { matchesLabels, parseLabelSelector } from '../../../src/core/label-selector.js';

const take = (key: string, text: string): Partial<ClassSettings> | 'refused' => {
  const settings = { ...defaultSettings };
  const taken = settingRegistry.find((setting) => setting.key === key)!.take(settings, text, 'edge');
  return taken ? settings : 'refused';
};

describe('core: class settings', () => {
  it('has each key once, with a default, a form and a sentence for people', () => {
    expect(new Set(settingRegistry.map(({ key }) => key)).size).to.equal(settingRegistry.length);
    for (const setting of settingRegistry) {
      expect(setting.key).to.match(/^[a-z]+(-[a-z]+)*$/);
      expect(setting.help).to.match(/^[A-Z].*\.$/);
      expect(setting.default).to.not.equal('');
      expect(setting.form).to.not.equal('');
    }
  });

  const annotations: [key: string, good: [string, string][], bad: string[]][] = [
    ['ssl-redirect', [['true', 'true'], ['T', 'true'], ['0', 'false']], ['yes', 'on', 'TrUe']],
    ['proxy-body-size', [['8m', '8m'], ['0', '0'], ['1024', '1024']], ['8 m', '-1', '8mb', '1e3']],
    ['proxy-read-timeout', [['60', '60']], ['60s', '-1', '86401', '1.5', '']],
    ['proxy-buffering', [['on', 'on']], ['true']],
    ['custom-http-errors', [['404, 503', '404, 503']], ['4xx', '404;', '999']],
    ['proxy-next-upstream', [['error timeout http_502', 'error timeout http_502']], ['error; evil', 'error  timeout']],
    ['proxy-next-upstream-tries', [['3', '3'], ['0', '0']], ['-1', '00', '3x']],
    ['limit-rate', [['0', '0'], ['100', '100']], ['1.5', '100k']],
    // Judged by who carries it out; what is no line of text at all must close, not vanish.
    ['whitelist-source-range', [['10.0.0.0/8,fd00::/8', '10.0.0.0/8,fd00::/8'], ['not a network', 'not a network'], ['10.0.0.1\n', '\u0000']], []],
  ];
  for (const [key, good, bad] of annotations) {
    it(`${key}: a default for the annotation`, () => {
      for (const [text, value] of good) expect(take(key, text), text).to.deep.include({ annotations: { [key]: value } });
      for (const text of bad) expect(take(key, text), text).to.equal('refused');
    });
  }

  const own: [key: string, text: string, settings: Partial<ClassSettings> | 'refused'][] = [
    ['allowed-namespaces', 'shop, blog', { allowedNamespaces: ['shop', 'blog'] }],
    ['allowed-namespaces', 'shop blog', 'refused'],
    ['external-names', 'API.partner.test, *.other.test', { externalNames: ['api.partner.test', '*.other.test'] }],
    ...['localhost', '10.0.0.1', '*', 'a.*.test', 'a b.test', 'a..test', '*.'].map((name): [string, string, 'refused'] => ['external-names', name, 'refused']),
    ['default-backend', 'web', { defaultBackend: { name: 'web' } }],
    ['default-backend', 'edge/web:http', { defaultBackend: { name: 'web', port: 'http' } }],
    ['default-backend', 'other/web', 'refused'],
    ['default-backend', 'a/b/c', 'refused'],
    ['default-ssl-certificate', 'edge/cert', { defaultCertificate: 'cert' }],
    ['default-ssl-certificate', '../cert', 'refused'],
    ['default-ssl-certificate', 'cert:80', 'refused'],
    ['max-hosts-per-namespace', '10', { hostsPerNamespace: 10 }],
    ['max-hosts-per-namespace', '0', 'refused'],
    ['max-certificates-per-namespace', '5', { certificatesPerNamespace: 5 }],
    ['max-kilobytes-per-namespace', '64', { kilobytesPerNamespace: 64 }],
    ['max-paths-per-namespace', '1000001', 'refused'],
    ['hand-over-grace', '1m30s', { handOverGraceMs: 90_000 }],
    ['hand-over-grace', '45', { handOverGraceMs: 45_000 }],
    ['hand-over-grace', '25h', 'refused'],
    ['hand-over-grace', '5 minutes', 'refused'],
  ];
  for (const [key, text, settings] of own) {
    it(`${key}: ${JSON.stringify(text)}`, () => {
      if (settings === 'refused') expect(take(key, text)).to.equal('refused');
      else expect(take(key, text)).to.deep.include(settings);
    });
  }

  it('a value of the class\'s question that can not be read is none that an annotation takes: what it closes is closed', () => {
    const keys = settingRegistry.map(({ key }) => key).filter((key) => key.startsWith('global-auth-'));
    expect(keys.length).to.be.greaterThan(5);
    for (const key of keys) {
      const settings: ClassSettings = { ...defaultSettings };
      expect(settingRegistry.find((one) => one.key === key)!.take(settings, 'X-User\nX-Other', 'edge'), key).to.equal(false);
      const name = key.slice('global-'.length);
      const told = settingRegistry.find((one) => one.key === key)!.whenBad;
      expect(told !== undefined, `${key} says that it closes`).to.equal(annotationRegistry.get(name)!.failMode === 'closed');
      expect(annotationRegistry.get(name)!.grammar!.read(settings.globalAuth![name]!), key).to.have.property('problem');
    }
  });

  it('an allow-list that is none lets nobody in', () => {
    const settings = { ...defaultSettings };
    for (const key of ['allowed-namespaces', 'allowed-namespace-selector']) settingRegistry.find((one) => one.key === key)!.take(settings, '((', 'edge');
    expect(settings.allowedNamespaces).to.deep.equal([]);
    expect(matchesLabels(settings.allowedNamespaceSelector!, { '': '', team: 'web' })).to.equal(false);
  });
});

describe('core: label selectors', () => {
  const labels = { team: 'web', tier: 'a', 'example.com/x': '' };
  const cases: [selector: string, matches: boolean | undefined][] = [
    ['team=web', true], ['team==web,tier!=b', true], ['team=api', false], ['gone=', false], ['gone!=x', true], ['team in (api, web)', true],
    ['team notin (api,web)', false], ['gone notin (a)', true], ['tier', true], ['!tier', false], ['!gone', true], ['example.com/x=', true],
    ['', undefined], ['team=web,', undefined], ['team in web', undefined], ['team=we b', undefined], ['=web', undefined], ['a=b=c', undefined], ['team in ()', false],
    ['__proto__', undefined], ['constructor', false],
  ];
  for (const [selector, matches] of cases) {
    it(`${JSON.stringify(selector)}: ${matches ?? 'no selector'}`, () => {
      const parsed = parseLabelSelector(selector);
      if (matches === undefined) expect(parsed).to.equal(undefined);
      else expect(parsed && matchesLabels(parsed, labels)).to.equal(matches);
    });
  }
});

describe('core: defaults of annotations', () => {
  const prefix = 'nginx.ingress.kubernetes.io/';
  const settings = { ...defaultSettings, annotations: { 'ssl-redirect': 'false', 'whitelist-source-range': '10.0.0.0/8' } };
  const seen = (annotations?: Record<string, string>): Record<string, string> | undefined =>
    withDefaults({ metadata: { name: 'web', ...(annotations && { annotations }) } }, settings, ['nginx.ingress.kubernetes.io']).metadata.annotations;

  it('are not asked for when any prefix or name has a value, and the class\'s question is whole', () => {
    const prefixes = ['nginx.ingress.kubernetes.io', 'own.example'];
    const of = (annotations: Record<string, string>, more: object = {}): Record<string, string> => withDefaults({ metadata: { name: 'web', annotations } }, { ...settings, ...more }, prefixes).metadata.annotations!;
    expect(of({ 'own.example/allowlist-source-range': '1.1.1.1', 'own.example/ssl-redirect': 'true' })).to.deep.equal({ 'own.example/allowlist-source-range': '1.1.1.1', 'own.example/ssl-redirect': 'true' });
    // An empty value counts as none, whatever it is under.
    expect(of({ 'own.example/ssl-redirect': ' ', 'own.example/allowlist-source-range': '', 'own.example/app-root': '' })).to.deep.equal({ [`${prefix}ssl-redirect`]: 'false', [`${prefix}whitelist-source-range`]: '10.0.0.0/8', 'own.example/app-root': '' });
    const globalAuth = { 'auth-url': 'http://a.b.svc/' };
    const question = { annotations: {}, globalAuth };
    expect(of({ 'own.example/auth-url': 'http://x.y.svc/' }, question)).to.deep.equal({ 'own.example/auth-url': 'http://x.y.svc/' });
    expect(of({ 'own.example/enable-global-auth': 'false' }, question)).to.deep.equal({ 'own.example/enable-global-auth': 'false' });
    expect(of({ 'own.example/auth-method': 'POST', [`${prefix}auth-proxy-set-headers`]: 'headers', [`${prefix}auth-cache-key`]: 'x' }, question)).to.deep.equal({ [`${prefix}auth-url`]: 'http://a.b.svc/' });
  });

  it('are for what the Ingress leaves out, and change nothing of it', () => {
    const ingress = { metadata: { name: 'web' } };
    expect(seen()).to.deep.equal({ [`${prefix}ssl-redirect`]: 'false', [`${prefix}whitelist-source-range`]: '10.0.0.0/8' });
    withDefaults(ingress, settings, ['nginx.ingress.kubernetes.io']);
    expect(ingress).to.deep.equal({ metadata: { name: 'web' } });
    expect(withDefaults(ingress, defaultSettings, ['nginx.ingress.kubernetes.io'])).to.equal(ingress);
  });

  it('give way to what it says, also under the other name of the same annotation', () => {
    expect(seen({ [`${prefix}ssl-redirect`]: 'true', [`${prefix}allowlist-source-range`]: '192.0.2.0/24' })).to.deep.equal({
      [`${prefix}ssl-redirect`]: 'true', [`${prefix}allowlist-source-range`]: '192.0.2.0/24',
    });
  });

  it('count when it says nothing at all: an empty list must not let everybody in', () => {
    expect(seen({ [`${prefix}whitelist-source-range`]: ' ' })![`${prefix}whitelist-source-range`]).to.equal('10.0.0.0/8');
  });
});
