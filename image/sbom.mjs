// Prints what an image is made of as CycloneDX 1.5: Debian's packages, as dpkg has them in this root, and the npm packages in
// the bundle. Runs inside the image while it is made; the same content gives the same bytes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const source = process.argv[2];
const own = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
const bundled = JSON.parse(readFileSync(path.join(source, 'packages.json'), 'utf8'));
const installed = execFileSync('dpkg-query', ['-W', '-f', '${Package}\\t${Version}\\t${Architecture}\\t${db:Status-Abbrev}\\n'], { encoding: 'utf8' })
  .split('\n').map((line) => line.split('\t')).filter(([, , , status]) => status?.startsWith('ii'));

const debian = installed.map(([name, version, architecture]) => {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=trixie`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
});
const npm = bundled.map(({ name, version, license }) => {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, ...(license ? { licenses: [{ license: { id: license } }] } : {}) };
});

process.stdout.write(`${JSON.stringify({
  bomFormat: 'CycloneDX', specVersion: '1.5', version: 1,
  metadata: { component: { type: 'application', 'bom-ref': `ingress-arbiter@${own.version}`, name: own.name, version: own.version, licenses: [{ license: { id: own.license } }] } },
  components: [...debian, ...npm],
}, null, 1)}\n`);
