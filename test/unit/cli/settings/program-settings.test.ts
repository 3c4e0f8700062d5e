// The settings files of the controller and engine programs: what is filled in, and what every mistake is called.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { readControllerSettings } from '../../../../src/cli/controller/controller-settings.js';
import { readEngineProgramSettings } from '../../../../src/cli/engine/engine-program-settings.js';

const tls = { certificate: 'tls/a.crt', key: 'tls/a.key', authority: 'tls/ca.crt' };
const listener = { name: 'red', httpPort: 8080, httpsPort: 8443, classes: ['red'] };
const engine = (more: object = {}): object => ({ controllers: { red: ['https://c:9443'] }, tls, engine: { workDirectory: 'work', listeners: [listener] }, ...more });
const controller = (more: object = {}): object => ({ claims: [{ class: 'red' }], stream: { tls }, ...more });

describe('cli: settings of the programs', () => {
  let folder: string;
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'ia-settings-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const written = (content: object | string): string => {
    const file = path.join(folder, 'settings.yaml');
    writeFileSync(file, typeof content === 'string' ? content : stringify(content));
    return file;
  };

  it('fill in what is not said, and take paths from the file\'s folder', () => {
    const read = readEngineProgramSettings(written(engine()));
    expect(read).to.deep.include({ unreadySeconds: 5, admin: { address: '0.0.0.0', port: 10254 } });
    expect(read.name).to.be.a('string').that.is.not.empty;
    expect(read.tls.key).to.equal(path.join(folder, 'tls/a.key'));
    expect(read.engine.workDirectory).to.equal(path.join(folder, 'work'));
    const { stream, claims, installation, statusWritesPerSecond } = readControllerSettings(written(controller()));
    expect(statusWritesPerSecond).to.equal(5);
    expect(stream).to.deep.equal({ address: '0.0.0.0', port: 9443, tls: { certificate: path.join(folder, 'tls/a.crt'), key: path.join(folder, 'tls/a.key'), authority: path.join(folder, 'tls/ca.crt') } });
    expect(claims[0]).to.include({ class: 'red', classPrecedence: 'annotation', claimClassless: false });
    expect(installation).to.deep.equal({ name: 'default', namespace: 'ingress-arbiter' });
  });

  it('take a share from the command line in place of the file\'s', () => {
    expect(readControllerSettings(written(controller({ shard: '1/4' })), { shard: '2/4' }).claims[0]!.shard).to.deep.equal(
      readControllerSettings(written(controller({ shard: '2/4' }))).claims[0]!.shard);
  });

  it('hold those of the file\'s classes that the command line names', () => {
    const file = written(controller({ claims: [{ class: 'red' }, { class: 'blue' }, { class: 'green' }] }));
    const classesOf = (names?: string[]): string[] => readControllerSettings(file, names === undefined ? {} : { class: names }).claims.map((claim) => claim.class);
    expect(classesOf()).to.deep.equal(['red', 'blue', 'green']);
    expect(classesOf(['green', 'red'])).to.deep.equal(['red', 'green']);
    expect(() => classesOf(['red', 'violet'])).to.throw(/--class: "violet" is no class of the file's claims/);
  });

  type Row = [name: string, read: typeof readEngineProgramSettings | typeof readControllerSettings, content: object | string, complaint: RegExp];
  const rows: Row[] = [
    ['a broken YAML', readEngineProgramSettings, 'a: [', /cannot be read as YAML: .*name a settings file/],
    ['an unknown key', readEngineProgramSettings, engine({ contollers: {} }), /"contollers" is not a setting/],
    ['no controllers', readEngineProgramSettings, { tls, engine: {} }, /controllers/],
    ['an address without TLS', readEngineProgramSettings, engine({ controllers: { red: ['http://c:9443'] } }), /controllers\.red\.0/],
    ['a path behind an address', readEngineProgramSettings, engine({ controllers: { red: ['https://c:9443/x'] } }), /controllers\.red\.0/],
    ['a class without controllers', readEngineProgramSettings, engine({ engine: { workDirectory: 'w', listeners: [{ ...listener, classes: ['red', 'blue'] }] } }), /class blue has a listener but no controller/],
    ['a class without a listener', readEngineProgramSettings, engine({ controllers: { red: ['https://c:1'], blue: ['https://c:1'] } }), /class blue has no listener/],
    ['an engine\'s own mistake', readEngineProgramSettings, engine({ engine: { workDirectory: 'w', listeners: [{ ...listener, httpPort: 0 }] } }), /engine settings: .*httpPort/],
    ['no stream', readControllerSettings, { claims: [{ class: 'red' }] }, /stream/],
    ['no certificate', readControllerSettings, controller({ stream: { tls: { key: 'k', authority: 'a' } } }), /certificate/],
    ['a class claimed twice', readControllerSettings, controller({ claims: [{ class: 'red' }, { class: 'red' }] }), /claimed twice/],
    ['a share that is none', readControllerSettings, controller({ shard: '9/8' }), /shard: "9\/8" is no share/],
    ['an engine in the controller\'s file', readControllerSettings, controller({ engine: {} }), /"engine" is not a setting/],
  ];
  for (const [name, read, content, complaint] of rows) {
    it(`name ${name} in one line`, () => {
      expect(() => read(written(content))).to.throw(complaint).with.property('message').that.does.not.include('\n');
    });
  }

  it('name a missing file', () => {
    expect(() => readEngineProgramSettings(path.join(folder, 'gone.yaml'))).to.throw(/gone\.yaml: cannot be read as YAML: ENOENT/);
  });
});
