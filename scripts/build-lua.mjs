// Compiles src/data-plane and src/route-table to Lua modules in dist/lua. Any diagnostic, also a warning, fails the build.
// The plain tstl command cannot map the ".js" endings that Node's modules need back to the TypeScript sources; the
// module resolution plugin below does that, and gives shared code the Lua half of its text operations.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { Transpiler, parseConfigFileWithSystem } from 'typescript-to-lua';

const root = path.resolve(import.meta.dirname, '..');
const configFile = path.join(root, 'src/data-plane/tsconfig.json');
const outDir = path.join(root, 'dist/lua');

const resolveTypeScriptSource = {
  moduleResolution(name, requiringFile) {
    if (name === './text.js' && requiringFile.includes('/route-table/')) return '../data-plane/text';
    return name.endsWith('.js') ? name.slice(0, -'.js'.length) : undefined;
  },
};

const parsed = parseConfigFileWithSystem(configFile, {}, ts.sys);
const program = ts.createProgram(parsed.fileNames, parsed.options);
const written = [];
const { diagnostics } = new Transpiler({ emitHost: ts.sys }).emit({
  program,
  plugins: [resolveTypeScriptSource],
  writeFile: (file, text) => {
    if (!file.endsWith('/route-table/text.lua')) written.push([file, text]);
  },
});

const problems = [...parsed.errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
if (problems.length > 0) {
  process.stderr.write(ts.formatDiagnosticsWithColorAndContext(problems, {
    getCanonicalFileName: (file) => file,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  }));
  process.exit(1);
}
rmSync(outDir, { recursive: true, force: true });
for (const [file, text] of written) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
