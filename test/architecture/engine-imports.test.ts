// What the engine program is made of: everything that its command can ever load, followed from file to file through static and
// dynamic imports. It has no client of Kubernetes, and nothing that reads a token.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { stringify } from 'yaml';
import { makeCertificates } from '../../src/cli/certs/make-certificates.js';
import { eventually } from '../fixtures/eventually.js';
import { freePorts } from '../fixtures/free-ports.js';
import { httpGet } from '../fixtures/http-get.js';

const root = path.resolve('dist/src');
const command = path.join(root, 'cli/engine/engine-command.js');

/** Every import of a compiled module, `waiting`: also those that wait: `import('…')`. One whose name is computed is an error. */
function importsOf(file: string, waiting: boolean): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) names.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')) {
      const [name] = node.arguments;
      if (name === undefined || !ts.isStringLiteralLike(name)) throw new Error(`${file}: loads a module whose name is computed`);
      if (waiting) names.push(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** Own files by their path below src, and the packages that they load. */
function reachableFrom(start: string, { later = true } = {}): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const name of importsOf(file, later)) {
      if (name.startsWith('.')) waiting.push(path.resolve(path.dirname(file), name));
      else packages.add(name);
    }
  }
  return { files: [...files].map((file) => path.relative(root, file)).sort(), packages: [...packages].sort() };
}

const KUBERNETES = /^(?:kubernetes|controller|dev-cluster|migration)\//;

describe('the engine program', function () {
  this.timeout(60_000);

  it('reads the large packages when nginx is on its way, and not before', () => {
    const { files, packages } = reachableFrom(path.join(root, 'cli/engine/start-engine-program.js'), { later: false });
    expect(files).to.include('engine/control-client.js');
    expect(packages.filter((name) => ['undici', 'express', 'prom-client'].includes(name))).to.deep.equal([]);
  });

  it('can load nothing of the control plane, by whatever way', () => {
    const { files, packages } = reachableFrom(command);
    expect(files.length).to.be.greaterThan(30);
    expect(files).to.include('engine/subscribe-tables.js');
    expect(files.filter((file) => KUBERNETES.test(file))).to.deep.equal([]);
    expect(packages.filter((name) => /kubernetes|kubeconfig/.test(name))).to.deep.equal([]);
  });

  it('would be found out: the controller program loads what the engine must not', () => {
    const { files, packages } = reachableFrom(path.join(root, 'cli/controller/controller-command.js'));
    expect(files.filter((file) => KUBERNETES.test(file))).to.not.be.empty;
    expect(packages.some((name) => name.startsWith('@kubernetes/client-node'))).to.equal(true);
  });

  it('reads no token of a cluster, and no kubeconfig', () => {
    for (const file of reachableFrom(command).files) {
      expect(readFileSync(path.join(root, file), 'utf8'), file).to.not.match(/serviceaccount|KUBECONFIG|KUBERNETES_SERVICE|\.kube\b/i);
    }
  });

  it('does not load any of it when it runs', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ia-imports-'));
    try {
      await makeCertificates({ folder, classes: ['red'], days: 1 });
      const [http, https, admin, nobody] = await freePorts(4) as [number, number, number, number];
      writeFileSync(path.join(folder, 'engine.yaml'), stringify({
        name: 'alone', unreadySeconds: 0, admin: { address: '127.0.0.1', port: admin }, controllers: { red: [`https://127.0.0.1:${nobody}`] },
        tls: { certificate: 'engine.crt', key: 'engine.key', authority: 'ca.crt' },
        engine: { workDirectory: 'work', listeners: [{ name: 'red', address: '127.0.0.1', httpPort: http, httpsPort: https, classes: ['red'] }] },
      }));
      const loaded = path.join(folder, 'loaded');
      const hooks = `import { appendFileSync } from 'node:fs'; export async function load(url, context, next) { appendFileSync(${JSON.stringify(loaded)}, url + '\\n'); return next(url, context); }`;
      writeFileSync(path.join(folder, 'hooks.mjs'), hooks);
      writeFileSync(path.join(folder, 'register.mjs'), `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);`);
      const child = spawn(process.execPath, ['--import', path.join(folder, 'register.mjs'), path.join(root, 'cli/main.js'), 'engine', '--config', path.join(folder, 'engine.yaml')], { stdio: 'ignore' });
      const ended = new Promise((resolve) => { child.once('exit', resolve); });
      try {
        await eventually(async () => expect((await httpGet({ port: admin, host: 'localhost', path: '/readyz' })).status).to.equal(503), 40_000);
        const urls = readFileSync(loaded, 'utf8').split('\n');
        expect(urls.some((url) => url.endsWith('/engine/subscribe-tables.js'))).to.equal(true);
        expect(urls.filter((url) => /client-node|\/dist\/src\/(?:kubernetes|controller|dev-cluster|migration)\//.test(url))).to.deep.equal([]);
      } finally {
        child.kill('SIGTERM');
        await ended;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
