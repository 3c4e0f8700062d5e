// Engine settings: defaults, and a message for each thing that can be wrong in them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { EngineError } from '../../../src/engine/engine-error.js';
import { engineSettings, readEngineSettings, servedClasses } from '../../../src/engine/settings.js';
import { sampleSettings } from './sample-settings.js';

const listener = { name: 'a', httpPort: 80, httpsPort: 443, classes: ['blue'] };

describe('engine settings', () => {
  it('fills in defaults and leaves its input alone', () => {
    const input = sampleSettings({ listeners: [listener] });
    const settings = engineSettings(input);
    expect(settings.listeners[0]!.address).to.equal('0.0.0.0');
    expect(settings.allowLoopbackEndpoints).to.equal(false);
    expect(settings.nginxBinary).to.equal('/usr/sbin/nginx');
    expect(settings.sharedMemoryMegabytes.records).to.equal(256);
    expect(settings.limits).to.include({ requestHeaders: 100, connectSeconds: 5, readSeconds: 60, bodyMegabytes: 1 });
    expect(input).to.deep.equal(sampleSettings({ listeners: [listener] }));
  });

  it('knows every class that a listener serves', () => {
    expect([...servedClasses(engineSettings(sampleSettings()))]).to.deep.equal(['nginx-internal', 'nginx-external', 'blue.example.com']);
  });

  const wrong: [title: string, changes: Record<string, unknown>, message: RegExp][] = [
    ['a key that is none', { listner: [] }, /"listner" is not a setting; remove it or correct its spelling/],
    ['a missing key', { listeners: [{ name: 'a', httpPort: 1, httpsPort: 2 }] }, /listeners\.0: "classes" is missing; add it/],
    ['no listener', { listeners: [] }, /listeners: must NOT have fewer than 1 items/],
    ['a listener without a class', { listeners: [{ ...listener, classes: [] }] }, /listeners\.0\.classes: must NOT have fewer than 1/],
    ['a port twice in a listener', { listeners: [{ ...listener, httpsPort: 80 }] }, /port 80 is already taken by listener "a"/],
    ['a port twice over listeners', { listeners: [listener, { ...listener, name: 'b', httpPort: 81, address: '127.0.0.2' }] }, /listeners\.1: port 443 is already taken by listener "a"/],
    ['a listener name twice', { listeners: [listener, { ...listener, httpPort: 81, httpsPort: 82 }] }, /"a" is used twice/],
    ['a class twice', { listeners: [{ ...listener, classes: ['x', 'x'] }] }, /a class is listed twice/],
    ['a port out of range', { listeners: [{ ...listener, httpPort: 65536 }] }, /httpPort: must be <= 65535/],
    ['a port as text', { listeners: [{ ...listener, httpPort: '80' }] }, /httpPort: must be integer/],
    ['a listener name in upper case', { listeners: [{ ...listener, name: 'Internal' }] }, /listeners\.0\.name: is not a valid name/],
    ['a listener name with a line end', { listeners: [{ ...listener, name: 'a\n' }] }, /name: is not a valid name/],
    ['a listener name of 64 bytes', { listeners: [{ ...listener, name: 'a'.repeat(64) }] }, /name: is not a valid name/],
    ['a class that is no DNS name', { listeners: [{ ...listener, classes: ['a/b'] }] }, /classes\.0: is not a valid name; use a DNS name/],
    ['a class of 254 bytes', { listeners: [{ ...listener, classes: ['a'.repeat(254)] }] }, /must NOT have more than 253/],
    ['a host name as address', { listeners: [{ ...listener, address: 'localhost' }] }, /address: "localhost" is not an IP address/],
    ['a proxy that is no network', { listeners: [{ ...listener, proxyProtocolFrom: ['10.0.0.0/33'] }] }, /proxyProtocolFrom: "10\.0\.0\.0\/33" is no network/],
    ['a proxy by name', { listeners: [{ ...listener, proxyProtocolFrom: ['lb.example.com; }'] }] }, /is no network/],
    ['no proxy', { listeners: [{ ...listener, proxyProtocolFrom: [] }] }, /must NOT have fewer than 1/],
    ['a relative access log', { accessLog: 'requests.json' }, /accessLog: must be an absolute path/],
    ['an access log that could be more than a file', { accessLog: '/a"; x' }, /accessLog: must not contain/],
    ['an address with a zone', { listeners: [{ ...listener, address: 'fe80::1%eth0' }] }, /is not an IP address/],
    ['a relative binary', { nginxBinary: 'nginx' }, /nginxBinary: must be an absolute path/],
    ['an account that is none', { workerUser: 'a b' }, /workerUser: is not a valid name/],
    ['a Lua directory with a semicolon', { luaDirectory: '/opt/a;b' }, /luaDirectory: must not contain ";"/],
    ['a work directory too long for a socket', { workDirectory: `/${'w'.repeat(90)}` }, /too long for a socket in it/],
    ['more idle connections than there are', { limits: { workerConnections: 1024 } }, /leaves none of limits\.workerConnections/],
    ['a number that is not whole', { workers: 1.5 }, /workers: must be integer/],
  ];
  for (const [title, changes, message] of wrong) {
    it(`refuses ${title}`, () => {
      expect(() => engineSettings(sampleSettings(changes))).to.throw(EngineError, message).with.property('code', 'settings');
    });
  }

  for (const hostile of ['/a"b', '/a\nb', '/a\rb', '/a$b', '/a\\b', "/a'b", '/a\u0000b', '/a\u007fb', '/a\u0085b', '/a\u2028b', '/a\ud800b', '/a`b']) {
    for (const key of ['workDirectory', 'nginxBinary', 'modulesDirectory', 'luaDirectory']) {
      it(`refuses ${JSON.stringify(hostile)} as ${key}`, () => {
        expect(() => engineSettings(sampleSettings({ [key]: hostile }))).to.throw(EngineError, new RegExp(`${key}: must not contain`));
      });
    }
  }

  it('names everything that is wrong at once', () => {
    expect(() => engineSettings(sampleSettings({ workers: 0, allowLoopbackEndpoints: 'yes' })))
      .to.throw(EngineError, /workers: must be >= 1.*allowLoopbackEndpoints: must be boolean/);
  });

  for (const input of [undefined, null, [], 'x', 7]) {
    it(`refuses ${JSON.stringify(input)} in place of settings`, () => expect(() => engineSettings(input)).to.throw(EngineError, /the settings: must be object/));
  }

  describe('in a file', () => {
    let directory: string;
    before(() => { directory = mkdtempSync(path.join(tmpdir(), 'ia-settings-')); });
    after(() => rmSync(directory, { recursive: true }));

    it('is read as YAML, with paths relative to the file', () => {
      const file = path.join(directory, 'engine.yaml');
      writeFileSync(file, 'workDirectory: work\nlisteners:\n  - { name: a, httpPort: 80, httpsPort: 443, classes: [blue] }\n');
      expect(readEngineSettings(file).workDirectory).to.equal(path.join(directory, 'work'));
    });

    it('is named when it is not YAML or not there', () => {
      const file = path.join(directory, 'broken.yaml');
      writeFileSync(file, 'a: [\n');
      expect(() => readEngineSettings(file)).to.throw(EngineError, /broken\.yaml: cannot be read as YAML/);
      expect(() => readEngineSettings(path.join(directory, 'none.yaml'))).to.throw(EngineError, /none\.yaml: cannot be read/);
    });
  });
});
