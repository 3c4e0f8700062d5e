// lint over real files: places, repetitions, likely names, the summary, exit codes; and over a corpus of manifests, where there
// is one.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { lintManifests } from '../../../src/cli/lint/lint-files.js';
import { findingsAsIfServed, namesAnnotation, summarizeAnnotations } from '../../../src/cli/lint/summarize-annotations.js';
import { defaultClaims, parseClaim } from '../../../src/cli/sources/parse-claim.js';
import { manifestFiles } from '../../../src/cli/sources/manifest-files.js';
import { readManifests } from '../../../src/cli/sources/read-manifests.js';
import { runCommand } from '../../fixtures/run-command.js';

const ingress = (name: string, spec: string, annotations = ''): string =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: ${name}\n  namespace: shop\n${annotations === '' ? '' : `  annotations:\n${annotations}`}spec: {${spec}}\n`;
const external = 'apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx-external}\nspec: {controller: ingress-arbiter.io/controller}\n';

describe('lint', () => {
  let folder: string;
  const file = (name: string, text: string): string => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'lint-')); });
  afterEach(() => { rmSync(folder, { recursive: true }); });
  const lint = async (...args: string[]) => {
    const result = await runCommand(['lint', ...args]);
    return { ...result, lines: result.out.trimEnd().replaceAll(`${folder}/`, '').split('\n') };
  };

  it('names the place where the object begins, the code, and the class that was meant', async () => {
    const name = file('a.yaml', `${external}---\n# a comment\n${ingress('web', 'ingressClassName: ngnix-external')}`);
    const { lines, code } = await lint('-f', name);
    expect(lines).to.deep.equal([
      'a.yaml:7:1  shop/web: nobody (rule unknown-class)',
      'a.yaml:7:1  error    IA101 Ingress shop/web: spec.ingressClassName "ngnix-external": no IngressClass has that name; create it, or name one that exists; did you mean "nginx-external"?',
      '1 Ingress, 1 error, 0 warnings']);
    expect(code).to.equal(1);
  });

  it('finds the place of an item in a list, and of an old form, in the file as it is written', async () => {
    file('a.yaml', 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: Ingress\n  metadata: {name: one}\n  spec: {}\n- {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: two}, spec: {}}\n');
    file('b/old.yaml', '\n\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: old}\nspec:\n  rules:\n  - http:\n      paths:\n      - backend: {serviceName: web, servicePort: 80}\n---\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: older}\nspec: {backend: {serviceName: web, servicePort: 80}}\n');
    const { lines } = await lint('-f', folder);
    expect(lines.filter((line) => line.includes('(rule ')).map((line) => line.split(': nobody')[0])).to.deep.equal([
      'a.yaml:4:3  default/one', 'a.yaml:8:3  default/two', 'b/old.yaml:3:1  default/old', 'b/old.yaml:12:1  default/older']);
  });

  it('tells of an object in two files, and which one counts', async () => {
    file('a.yaml', external + '---\n' + ingress('web', 'ingressClassName: gone'));
    file('b.yaml', ingress('web', 'ingressClassName: nginx-external'));
    const { lines, code } = await lint('-f', folder);
    expect(lines).to.deep.equal([
      'b.yaml:1:1  shop/web: class nginx-external (rule field)',
      `a.yaml:6:1  warning  IA190 Ingress shop/web: is defined again at ${folder}/b.yaml:1:1, which counts; remove one of the two`.replaceAll(`${folder}/`, ''),
      '1 Ingress, 0 errors, 1 warning']);
    expect(code).to.equal(0);
    expect((await lint('-f', folder, '--fail-on', 'warning')).code).to.equal(1);
    expect((await lint('-f', path.join(folder, 'b.yaml'), '--fail-on', 'warning', '--claim', 'x')).code, 'IA101 is an error').to.equal(1);
  });

  it('has exit code 2 for what cannot be used, and names it', async () => {
    expect(await lint('-f', path.join(folder, 'gone.yaml'))).to.include({ code: 2, out: '' });
    expect((await lint()).err).to.match(/nothing to lint/);
    const broken = await lint('-f', file('a.yaml', 'a: [1\n'), '-f', file('b.yaml', ingress('web', '')));
    expect(broken.code).to.equal(2);
    expect(broken.lines[0]).to.match(/^a\.yaml:\d+:\d+ {2}unusable {2}this is not valid YAML/);
    expect(broken.lines.at(-1)).to.match(/^1 Ingress/);
    expect((await lint('-f', file('c.yaml', 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec: {rules: 7}'))).lines[0]).to.match(/^c\.yaml:1:1 {2}unusable {2}Ingress x: spec\.rules must be array/);
    expect((await lint('-f', folder, '--claim', 'Not a class')).code).to.equal(2);
    expect((await lint('-f', folder, '--fail-on', 'info')).code).to.equal(2);
  });

  it('never prints what would leave its line', async () => {
    const { lines } = await lint('-f', file('a.yaml', ingress('"a\\nb\\u001b[31m"', 'ingressClassName: "x\\u2028y"')));
    expect(lines.length).to.equal(3);
    expect(lines.join('')).to.not.match(/[\u0000-\u001f\u2028]/);
  });

  it('counts annotations, whatever the class', async () => {
    file('a.yaml', ingress('one', 'ingressClassName: somebody-elses', '    nginx.ingress.kubernetes.io/rewrite-target: /x\n    nginx.ingress.kubernetes.io/server-snippet: evil\n'));
    file('b.yaml', ingress('two', '', '    nginx.ingress.kubernetes.io/rewrite-target: "no good"\n    other.io/x: y\n') + '---\n' + ingress('three', ''));
    const { lines } = await lint('-f', folder, '--summary');
    expect(lines).to.deep.equal([
      '3 Ingresses, 1 fully supported',
      'ANNOTATION       INGRESSES   CARRIED OUT   IGNORED   REFUSED',
      'rewrite-target   2           1             0         1',
      'server-snippet   1           0             0         1']);
  });

  it('gives the same as data', async () => {
    const { out, code } = await lint('-f', file('a.yaml', ingress('web', 'ingressClassName: x')), '-o', 'json', '--summary');
    const data = JSON.parse(out);
    expect([code, data.ingresses.length, data.findings[0].code, data.findings[0].line, data.summary.fullySupported]).to.deep.equal([1, 1, 'IA101', 1, 1]);
  });
});

describe('parseClaim and defaultClaims', () => {
  it('reads every setting, and says what is wrong', () => {
    expect(parseClaim('red:annotations=a+b,controllers=x/y,classPrecedence=field,claimClassless,namespaces=n')).to.deep.include({
      class: 'red', annotationValues: ['a', 'b'], acceptedControllers: ['x/y'], classPrecedence: 'field', claimClassless: true, namespaces: { names: ['n'] } });
    expect(parseClaim('Red')).to.match(/no name of a class/);
    expect(parseClaim('red:colour=x')).to.match(/"colour=x" is no setting; these are: annotations, /);
    expect(parseClaim('red:classPrecedence=both')).to.match(/is no setting/);
    expect(parseClaim('red:constructor=x')).to.match(/is no setting/);
  });

  it('claims the classes of our controller, or those of dev when there are none', () => {
    const own = (...names: string[]) => defaultClaims({ ingressClasses: new Map(names.map((name) => [name, { metadata: { name }, spec: { controller: 'ingress-arbiter.io/controller' } }])) }).map((claim) => claim.class);
    expect([own(), own('red')]).to.deep.equal([['nginx-internal', 'nginx-external'], ['red']]);
  });
});

const corpus = path.resolve('../shared/corpus');

describe('lint over a corpus of manifests', function () {
  this.timeout(60_000);
  before(function () {
    if (!existsSync(corpus)) {
      console.log(`      skipped: there is no folder ${path.relative('.', corpus)} beside this checkout`);
      this.skip();
    }
  });

  /** Judges, and holds every place against the text of its file. */
  function judge(files: readonly string[]): { ingresses: number; codes: string[] } {
    const manifests = readManifests(files);
    const { ingresses, findings } = lintManifests(manifests, defaultClaims(manifests.snapshot), 0);
    for (const { file, line, column } of [...manifests.positions.values()]) {
      const text = readFileSync(file, 'utf8').split('\n')[line - 1];
      expect(text?.slice(column - 1), `${file}:${line}:${column}`).to.match(/^(?:["{]|[A-Za-z]+:)/);
    }
    const summary = summarizeAnnotations(manifests.snapshot, 0);
    expect(summary.ingresses).to.equal(manifests.snapshot.ingresses.size);
    return { ingresses: ingresses.length, codes: findings.map(({ code }) => code) };
  }

  it('reads every file alone, and all of them together', () => {
    const files = manifestFiles([corpus]);
    const alone = files.map((file) => judge([file]));
    const together = judge(files);
    expect(files.length).to.be.greaterThan(50);
    expect(together.ingresses).to.be.greaterThan(50).and.at.most(alone.reduce((sum, { ingresses }) => sum + ingresses, 0));
    expect(together.codes).to.include('IA190');
  });

  it('finds the annotation of every finding about one', () => {
    const manifests = readManifests(readdirSync(corpus).map((name) => path.join(corpus, name)));
    const findings = findingsAsIfServed(manifests.snapshot, 0).filter(({ code }) => /^IA15/.test(code));
    expect(findings, 'findings to look at').not.to.be.empty;
    for (const finding of findings) {
      const { annotations = {} } = manifests.snapshot.ingresses.get(finding.object.slice('Ingress '.length))!.metadata;
      expect(Object.keys(annotations).some((key) => namesAnnotation(finding, key.slice(key.indexOf('/') + 1))), finding.message).to.equal(true);
    }
  });
});
