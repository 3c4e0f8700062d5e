// The layout of docs/architecture.md as a test: which folder may import which, and which npm package belongs to whom.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

const src = path.resolve('src');

interface Folder {
  /** Sibling folders it may import. */
  folders: string[];
  /** npm packages it may load at run time. Types may be imported from anywhere. */
  packages: string[];
  /** Whether it may touch the world through node: modules. */
  node: boolean;
}

const LODASH = 'lodash';
const allowed: Record<string, Folder> = {
  'route-table': { folders: [], packages: [], node: false },
  // Lua modules that come with nginx's Lua module or LuaJIT, and cjson.
  'data-plane': { folders: ['route-table'], packages: ['bit', 'cjson', 'ffi', 'jit.opt', 'ngx.balancer', 'ngx.ssl', 'resty.core.base'], node: false },
  core: { folders: ['route-table'], packages: ['tinyqueue', LODASH], node: false },
  kubernetes: { folders: ['core', 'route-table'], packages: ['@kubernetes/client-node', 'undici', LODASH], node: true },
  engine: { folders: ['core', 'route-table'], packages: ['ajv', 'yaml', 'selfsigned', 'undici', LODASH], node: true },
  metrics: { folders: ['core', 'route-table'], packages: ['prom-client', LODASH], node: false },
  http: { folders: ['core', 'route-table'], packages: ['express', LODASH], node: true },
  controller: { folders: ['core', 'kubernetes', 'metrics', 'route-table'], packages: [LODASH], node: true },
  migration: { folders: ['core', 'kubernetes', 'metrics', 'route-table'], packages: [LODASH], node: true },
  'dev-cluster': { folders: [], packages: ['express', 'yaml', 'fast-json-patch', 'selfsigned', LODASH], node: true },
  cli: {
    folders: ['core', 'route-table', 'kubernetes', 'engine', 'metrics', 'http', 'controller', 'migration', 'dev-cluster'],
    packages: ['ajv', 'commander', 'yaml', 'pino', 'selfsigned', LODASH],
    node: true,
  },
};

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

/** What one import breaks, as a sentence for whoever wrote it; undefined when it is allowed. */
export function complaint(file: string, specifier: string): string | undefined {
  const folder = file.split(path.sep)[0]!;
  const rule = allowed[folder];
  if (rule === undefined) return `src/${folder} is not in the layout: put the file in a folder that is, or change docs/architecture.md and this table`;
  if (specifier.startsWith('.')) {
    const target = path.relative(src, path.resolve(src, path.dirname(file), specifier)).split(path.sep)[0]!;
    if (target === folder || rule.folders.includes(target)) return undefined;
    return `${folder} must not import ${target} (it may import: ${rule.folders.join(', ') || 'nothing'}). ` +
      'Declare the small interface you need beside its use and let src/cli pass the implementation in';
  }
  if (specifier.startsWith('node:')) {
    return rule.node ? undefined : `${folder} must not import ${specifier}: it is pure; take the value as an argument`;
  }
  const owner = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (rule.packages.includes(owner)) return undefined;
  return `${folder} must not load the package ${owner}: another folder owns it (see the table in this test)`;
}

/** Imports that exist at run time; `import type` vanishes and is free. */
function runtimeImports(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(src, file), 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.isTypeOnly) found.push((node.moduleSpecifier as ts.StringLiteral).text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push((node.arguments[0] as ts.StringLiteral).text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Relative imports of any kind: a type import across a closed border is a dependency too. */
function relativeTypeImports(file: string): string[] {
  return ts.preProcessFile(readFileSync(path.join(src, file), 'utf8')).importedFiles
    .map((imported) => imported.fileName).filter((name) => name.startsWith('.'));
}

describe('architecture: imports', () => {
  it('keeps every import inside the table of the layout', () => {
    const complaints = sourceFiles().flatMap((file) =>
      [...new Set([...runtimeImports(file), ...relativeTypeImports(file)])]
        .map((specifier) => complaint(file, specifier))
        .filter((text) => text !== undefined)
        .map((text) => `src/${file}: ${text}`));
    expect(complaints, complaints.join('\n')).to.deep.equal([]);
  });

  it('reads real sources', () => expect(sourceFiles().length).to.be.greaterThan(10));

  it('refuses a planted import of each forbidden kind, and says what to do', () => {
    expect(complaint('core/decide.ts', '../kubernetes/list-watch.js')).to.match(/core must not import kubernetes.*pass the implementation in/);
    expect(complaint('kubernetes/list-watch.ts', '../engine/agent.js')).to.match(/kubernetes must not import engine/);
    expect(complaint('core/decide.ts', 'node:fs')).to.match(/it is pure/);
    expect(complaint('data-plane/route.ts', 'lodash')).to.match(/must not load the package lodash/);
    expect(complaint('dev-cluster/store.ts', '../core/decide.js')).to.match(/dev-cluster must not import core/);
    expect(complaint('helpers/x.ts', './y.js')).to.match(/not in the layout/);
    expect(complaint('cli/main.ts', '../controller/instance.js')).to.equal(undefined);
  });
});
