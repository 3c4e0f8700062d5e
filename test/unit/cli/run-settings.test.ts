// The settings of `run`: what is filled in, and what each wrong one is told.
import path from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { readRunSettings, runSettings } from '../../../src/cli/run/run-settings.js';

const listener = { name: 'web', httpPort: 8080, httpsPort: 8443, classes: ['blue'] };
const engine = { workDirectory: '/tmp/ia-nginx', listeners: [listener] };
const given = (change: object = {}): object => ({ claims: [{ class: 'blue' }], engine, ...change });

describe('cli: settings of run', () => {
  it('fills in everything that is left out', () => {
    const settings = runSettings(given(), '/etc/arbiter');
    expect(settings.claims).to.deep.equal([{
      class: 'blue', annotationValues: [], acceptedControllers: [], classPrecedence: 'annotation', claimClassless: false, addresses: [], allowLoopbackEndpoints: false,
    }]);
    expect(settings).to.deep.include({ installation: { name: 'default', namespace: 'ingress-arbiter' }, kubeconfig: { kind: 'default' }, admin: { address: '127.0.0.1', port: 10254 }, statusWritesPerSecond: 5 });
    expect(settings.engine.workers).to.equal(2);
  });

  it('takes everything that can be said', () => {
    const claim = {
      class: 'blue', annotationValues: ['nginx'], acceptedControllers: ['k8s.io/ingress-nginx'], classPrecedence: 'field', claimClassless: true,
      namespaces: { names: ['shop'], labels: { team: 'a' } }, addresses: [{ ip: '192.0.2.1' }, { hostname: 'lb.example.com' }],
    };
    const settings = runSettings({
      claims: [claim], installation: 'second', leaseNamespace: 'locks', kubeconfig: 'kube/config', context: 'prod', shard: '2/3',
      admin: { address: '0.0.0.0', port: 0 }, engine: { ...engine, allowLoopbackEndpoints: true, workDirectory: './nginx' },
    }, '/etc/arbiter');
    expect(settings.claims).to.deep.equal([{ ...claim, allowLoopbackEndpoints: true, shard: { member: '2', members: ['1', '2', '3'] } }]);
    expect(settings.kubeconfig).to.deep.equal({ kind: 'path', path: '/etc/arbiter/kube/config', context: 'prod' });
    expect(settings.installation).to.deep.equal({ name: 'second', namespace: 'locks' });
    expect(settings.engine.workDirectory).to.equal('/etc/arbiter/nginx');
  });

  it('takes an address from a Service, and the order of classes from the listener that they share', () => {
    const listeners = [{ ...listener, classes: ['red', 'blue'] }];
    const settings = runSettings({ claims: [{ class: 'blue', publish: 'edge/proxy', deletedGraceMs: 1000 }, { class: 'red' }], engine: { ...engine, listeners } }, '/');
    expect(settings.claims.map(({ listener: at }) => at)).to.deep.equal([{ name: 'web', place: 1 }, { name: 'web', place: 0 }]);
    expect(settings.claims[0]).to.deep.include({ publish: 'edge/proxy', deletedGraceMs: 1000 });
    expect(() => runSettings(given({ claims: [{ class: 'blue', publish: 'proxy' }] }), '/')).to.throw(/claims\.0\.publish/);
    expect(() => runSettings(given({ claims: [{ class: 'blue', publish: 'edge/proxy', addresses: [{ ip: '192.0.2.1' }] }] }), '/')).to.throw(/exclude each other/);
  });

  it('lets the command line name the share in place of the file', () => {
    expect(runSettings(given({ shard: '1/2' }), '/', { shard: 'b/a,b' }).claims[0]!.shard).to.deep.equal({ member: 'b', members: ['a', 'b'] });
  });

  it('changes nothing of what it was given', () => {
    const input = Object.freeze({ claims: Object.freeze([Object.freeze({ class: 'blue' })]), engine: Object.freeze(engine) });
    expect(() => runSettings(input)).to.not.throw();
  });

  const wrong: [string, unknown, RegExp][] = [
    ['nothing', null, /the file: must be object/],
    ['more status writes than an API server may be asked for', given({ statusWritesPerSecond: 201 }), /statusWritesPerSecond: must be <= 200/],
    ['no status writes', given({ statusWritesPerSecond: 0 }), /statusWritesPerSecond: must be >= 1/],
    ['no claims', { engine }, /"claims" is missing; add it/],
    ['a misspelt key', given({ adress: 1 }), /"adress" is not a setting; remove it or correct its spelling/],
    ['a misspelt key of a claim', given({ claims: [{ class: 'blue', adresses: [] }] }), /claims\.0: "adresses" is not a setting/],
    ['a class that is no name', given({ claims: [{ class: 'Blue' }] }), /claims\.0\.class: is not a valid name/],
    ['a precedence that there is not', given({ claims: [{ class: 'blue', classPrecedence: 'spec' }] }), /classPrecedence: must be one of annotation, field/],
    ['a class claimed twice', given({ claims: [{ class: 'blue' }, { class: 'blue' }] }), /claims\.1\.class: "blue" is claimed twice/],
    ['a class without a listener', given({ claims: [{ class: 'blue' }, { class: 'red' }] }), /no listener of the engine serves class "red"; add it/],
    ['a listener for a class that nobody claims', given({ engine: { ...engine, listeners: [{ ...listener, classes: ['blue', 'red'] }] } }), /class "red" is claimed by nobody/],
    ['an address that is none', given({ claims: [{ class: 'blue', addresses: [{ ip: 'lb.test' }] }] }), /addresses\.0\.ip: "lb\.test" is not an IP address; use hostname/],
    ['a host name that is none', given({ claims: [{ class: 'blue', addresses: [{ hostname: '192.0.2.1' }] }] }), /addresses\.0\.hostname: "192\.0\.2\.1" is not a DNS name; use ip/],
    ['an address that is two', given({ claims: [{ class: 'blue', addresses: [{ ip: '192.0.2.1', hostname: 'a.test' }] }] }), /addresses\.0: must NOT have more than 1 properties/],
    ['namespaces that would allow nobody', given({ claims: [{ class: 'blue', namespaces: {} }] }), /namespaces: must NOT have fewer than 1/],
    ['a share that is none', given({ shard: '9/8' }), /shard: "9\/8" is no share of a class: "9" is none of its members/],
    ['a share that makes a name too long', given({ claims: [{ class: 'b'.repeat(250) }], shard: '1/2', engine: { ...engine, listeners: [{ ...listener, classes: ['b'.repeat(250)] }] } }), /longer than 253 characters/],
    ['an admin address that is none', given({ admin: { address: 'localhost' } }), /admin\.address: "localhost" is not an IP address/],
    ['a port that is none', given({ admin: { port: 70_000 } }), /admin\.port: must be <= 65535/],
    ['an engine that is wrong', given({ engine: { listeners: [listener] } }), /"workDirectory" is missing; add it/],
  ];
  for (const [what, input, message] of wrong) {
    it(`refuses ${what}`, () => expect(() => runSettings(input)).to.throw(message));
  }

  it('names all that is wrong at once', () => {
    expect(() => runSettings(given({ installation: 'A B', admin: { port: -1 } }))).to.throw(/installation: .*admin\.port: /);
  });

  it('reads a file, with paths relative to it, and names it when it can not be read', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ia-run-'));
    try {
      const file = path.join(folder, 'run.yaml');
      writeFileSync(file, 'claims: [{class: blue}]\nkubeconfig: config\nengine:\n  workDirectory: nginx\n  listeners: [{name: web, httpPort: 8080, httpsPort: 8443, classes: [blue]}]\n');
      expect(readRunSettings(file).kubeconfig).to.deep.equal({ kind: 'path', path: path.join(folder, 'config') });
      writeFileSync(file, 'claims: [');
      expect(() => readRunSettings(file)).to.throw(file);
      expect(() => readRunSettings(path.join(folder, 'none.yaml'))).to.throw(/none\.yaml: cannot be read/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
