// Writes what goes into the images to dist/image/NAME: one file of JavaScript with everything it needs, the Lua of the data
// plane where nginx is, the licences of what was bundled. Needs a build. Commands that are not for an image are left out,
// with all that they would bring along: the engine's has no Kubernetes client.
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** ROOT: another checkout, built, for scripts/skew.sh. */
const root = path.resolve(process.env.ROOT ?? path.join(import.meta.dirname, '..'));

/** Commands by image. */
export const images = {
  engine: ['engine', 'version'],
  controller: ['controller', 'certs', 'convert', 'lint', 'explain', 'classes', 'migrate', 'version'],
  run: ['run', 'controller', 'engine', 'certs', 'convert', 'lint', 'explain', 'classes', 'migrate', 'version'],
};

/** In place of a command that is not for this image: says so. */
function stubs(kept) {
  return {
    name: 'commands-left-out',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]dist[\\/]src[\\/]cli[\\/][a-z]+[\\/][a-z]+-command\.js$/ }, ({ path: file }) => {
        const name = path.basename(file).replace('-command.js', '');
        if (path.basename(path.dirname(file)) !== name || kept.includes(name)) return undefined;
        return { loader: 'js', resolveDir: path.dirname(file), contents: `
          import { Command } from 'commander';
          export const ${name}Command = () => new Command('${name}').description('(not in this image)').argument('[rest...]').helpOption(false).allowUnknownOption()
            .action(() => { process.stderr.write('ingress-arbiter ${name}: this image has no such command; it is in another image, or in the package\\n'); process.exitCode = 2; });` };
      });
    },
  };
}

/** The folder of the npm package that a bundled file is from; undefined for our own. */
function packageOf(file) {
  const parts = file.split('/');
  const at = parts.lastIndexOf('node_modules');
  if (at < 0) return undefined;
  return parts.slice(0, at + (parts[at + 1].startsWith('@') ? 3 : 2)).join('/');
}

/** Name, version, licence and its text of every npm package in a bundle. */
export function packagesIn(metafile) {
  const folders = [...new Set(Object.keys(metafile.inputs).map(packageOf).filter((folder) => folder !== undefined))].sort();
  return folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    const texts = readdirSync(path.join(root, folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort().map((file) => readFileSync(path.join(root, folder, file), 'utf8'));
    return { name, version, license, text: texts.join('\n') };
  });
}

/** Scripts, each as one file with everything it needs. */
export function bundleScripts(entryPoints, outdir, plugins = []) {
  return build({
    absWorkingDir: root, entryPoints, outdir, entryNames: '[name]',
    bundle: true, platform: 'node', format: 'esm', target: 'node20', metafile: true, legalComments: 'none', logLevel: 'warning',
    // Some packages are CommonJS and ask for Node's own modules at run time.
    banner: { js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);" },
    plugins,
  });
}

export async function bundle(name, target = path.join(root, 'dist/image', name)) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(path.join(target, 'dist/src/cli'), { recursive: true });
  // The thread is found beside the file that starts it.
  const entryPoints = ['dist/src/cli/main.js', ...(images[name].includes('engine') ? ['dist/src/engine/hop-thread.js'] : [])];
  const { metafile } = await bundleScripts(entryPoints, path.join(target, 'dist/src/cli'), [stubs(images[name])]);
  const { version, license } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  writeFileSync(path.join(target, 'package.json'), `${JSON.stringify({ name: 'ingress-arbiter', version, license, type: 'module' })}\n`);
  if (images[name].includes('engine')) cpSync(path.join(root, 'dist/lua'), path.join(target, 'dist/lua'), { recursive: true });
  const packages = packagesIn(metafile);
  const heading = (one) => `${'='.repeat(80)}\n${one.name} ${one.version} (${one.license})\n${'='.repeat(80)}\n${one.text}\n`;
  writeFileSync(path.join(target, 'licenses.txt'), packages.map(heading).join('\n'));
  writeFileSync(path.join(target, 'packages.json'), `${JSON.stringify(packages.map(({ name: one, version: number, license: terms }) => ({ name: one, version: number, license: terms })), null, 1)}\n`);
  if (existsSync(path.join(root, 'LICENSE'))) cpSync(path.join(root, 'LICENSE'), path.join(target, 'LICENSE'));
  return { target, metafile };
}

if (process.argv[1] === import.meta.filename) for (const name of Object.keys(images)) console.log((await bundle(name)).target);
