// What goes into the images: one file each that runs by itself, and in the engine's no Kubernetes client.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';

interface Bundling {
  images: Record<string, string[]>;
  bundle(name: string, target?: string): Promise<{ target: string; metafile: { inputs: Record<string, unknown> } }>;
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

describe('feature: bundles of the images', function () {
  this.timeout(60_000);
  let folder: string;
  const inputs = new Map<string, string[]>();
  const program = (name: string): string => path.join(folder, name, 'dist/src/cli/main.js');

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-bundle-'));
    const { bundle, images } = await import(pathToFileURL('scripts/bundle.mjs').href) as Bundling;
    for (const name of Object.keys(images)) inputs.set(name, Object.keys((await bundle(name, path.join(folder, name))).metafile.inputs));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('hold everything: each runs where there are no node_modules, and knows its version', () => {
    for (const name of inputs.keys()) {
      expect(readdirSync(path.join(folder, name)).sort()).to.deep.equal(['LICENSE', 'dist', 'licenses.txt', 'package.json', 'packages.json']);
      const printed = execFileSync(process.execPath, [program(name), 'version', '-o', 'json'], { cwd: '/', encoding: 'utf8' });
      expect(JSON.parse(printed)).to.deep.equal({ version, node: process.versions.node });
    }
  });

  it('the engine\'s has no Kubernetes client, no kubeconfig and none of the controller\'s code', () => {
    const engine = inputs.get('engine')!;
    expect(engine.filter((file) => /client-node|openid-client|dist\/src\/(kubernetes|controller|dev-cluster|migration)\//.test(file))).to.deep.equal([]);
    const text = readFileSync(program('engine'), 'utf8');
    for (const sign of ['/var/run/secrets/', 'KUBERNETES_SERVICE_HOST', 'loadFromCluster']) expect(text).to.not.include(sign);
    expect(readFileSync(program('controller'), 'utf8'), 'the signs are good ones').to.include('/var/run/secrets/').and.include('KUBERNETES_SERVICE_HOST');
    expect(inputs.get('controller')!.filter((file) => /dist\/src\/dev-cluster\//.test(file))).to.deep.equal([]);
  });

  it('a command of another image says so, and ends with 2', () => {
    const { status, stderr } = spawnSync(process.execPath, [program('engine'), 'controller', '--config', 'x'], { encoding: 'utf8' });
    expect([status, stderr]).to.deep.equal([2, 'ingress-arbiter controller: this image has no such command; it is in another image, or in the package\n']);
  });

  it('the engine finds its Lua beside it, and says what is wrong with its settings', () => {
    expect(readdirSync(path.join(folder, 'engine/dist/lua')).sort()).to.deep.equal(readdirSync('dist/lua').sort());
    const { status, stdout } = spawnSync(process.execPath, [program('engine'), 'engine', '--config', '/nowhere'], { encoding: 'utf8' });
    expect([status, stdout]).to.satisfy(([code, text]: [number, string]) => code === 2 && text.includes('/nowhere'));
  });

  it('the same sources give the same bytes', async () => {
    const { bundle } = await import(pathToFileURL('scripts/bundle.mjs').href) as Bundling;
    const again = path.join(folder, 'again');
    await bundle('engine', again);
    const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    for (const file of ['dist/src/cli/main.js', 'licenses.txt', 'packages.json', 'package.json']) expect(hash(path.join(again, file)), file).to.equal(hash(path.join(folder, 'engine', file)));
  });

  it('every package in them has a licence, and its text is there', () => {
    for (const name of inputs.keys()) {
      const packages = JSON.parse(readFileSync(path.join(folder, name, 'packages.json'), 'utf8')) as { name: string; license?: string }[];
      expect(packages.length).to.be.greaterThan(20);
      expect(packages.filter(({ license }) => !license)).to.deep.equal([]);
    }
  });

  it('the list of what is in an image names Debian\'s packages and those of the bundle', function () {
    if (spawnSync('dpkg-query', ['--version']).status !== 0) return this.skip();
    cpSync(path.join(folder, 'engine'), path.join(folder, 'listed'), { recursive: true });
    const list = JSON.parse(execFileSync(process.execPath, ['image/sbom.mjs', path.join(folder, 'listed')], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })) as { bomFormat: string; specVersion: string; components: { name: string; version: string; purl: string }[] };
    expect([list.bomFormat, list.specVersion]).to.deep.equal(['CycloneDX', '1.5']);
    const purls = list.components.map(({ purl }) => purl);
    expect(purls.some((one) => one.startsWith('pkg:deb/debian/nginx'))).to.equal(true);
    expect(purls.some((one) => one.startsWith('pkg:npm/undici@7'))).to.equal(true);
    expect(purls.some((one) => one.includes('client-node'))).to.equal(false);
    expect(new Set(purls).size).to.equal(purls.length);
  });
});
