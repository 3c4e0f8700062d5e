// Files that are no manifests, or were made to keep a parser busy: one clear line, no stack, an exit code that is not 0.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { isTooDeep } from '../../../src/cli/convert/read-text.js';
import { runConvert } from '../../../src/cli/convert/run-convert.js';
import { lint } from '../../../src/cli/lint/lint-command.js';
import { SourceProblem } from '../../../src/cli/sources/source-options.js';
import { claimOf } from '../../../src/core/claim.js';

const old = (name: string): string => `apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: ${name}}\nspec:\n  backend: {serviceName: a, servicePort: 80}\n`;
const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(10)}]\n`).join('')}`;

/** Content, exit codes of convert and lint, and what each must say (nothing: no matter). */
const files: [name: string, content: string | Buffer, convert: [number, RegExp?], lint: [number, RegExp?]][] = [
  ['binary', Buffer.from(Array.from({ length: 5000 }, (_, at) => at * 37 % 256)), [2, /not UTF-8/], [2, /not UTF-8/]],
  ['latin1', Buffer.from('a: \xe9', 'latin1'), [2, /not UTF-8/], [2, /not UTF-8/]],
  ['utf16', Buffer.from('\ufeffa: b', 'utf16le'), [2, /not UTF-8/], [2, /not UTF-8/]],
  ['9 MiB', 'a'.repeat(9 * 1024 * 1024), [2, /larger than 8 MiB; split/], [2, /larger than 8 MiB; split/]],
  ['brackets', `a: ${'['.repeat(50_000)}`, [2, /nested too deeply/], [2, /nested too deeply/]],
  ['closed brackets', `${'['.repeat(3000)}${']'.repeat(3000)}`, [2, /nested too deeply/], [2, /nested too deeply/]],
  ['indents', Array.from({ length: 1000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'), [2, /nested too deeply/], [2, /nested too deeply/]],
  ['dashes', `${'- '.repeat(5000)}a`, [2, /nested too deeply/], [2, /nested too deeply/]],
  ['an alias bomb', bomb, [0], [2, /alias/]],
  ['an alias of itself', 'a: &a [*a]\n', [0], [2, /refers to itself/]],
  ['a NUL in a name', old('"x\\0\\e[31m"'), [0], [0, /Ingress default\/x\\u0000\\u001b\[31m/]],
  ['CRLF', old('x').replaceAll('\n', '\r\n'), [0], [0]],
  ['a byte order mark', `\ufeff${old('x')}`, [0], [0]],
  ['nothing', '', [0], [0]],
  ['a template', '{{ if }}\na: [', [2, /render it first/], [2, /render it first/]],
];

describe('cli: hostile files', function () {
  this.timeout(20_000);
  let folder: string;
  before(() => { folder = mkdtempSync(path.join(tmpdir(), 'hostile-')); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const convertOf = async (file: string): Promise<{ code: number; errors: string }> => {
    let errors = '';
    const code = await runConvert({ files: [file], inPlace: false }, { stdin: () => Promise.resolve(new Uint8Array()), stdout: () => undefined, stderr: (text) => { errors += text; } });
    return { code, errors };
  };
  const lintOf = (file: string): { code: number; lines: string[] } => {
    const lines: string[] = [];
    try {
      return { code: lint({ filename: [file], claim: [claimOf('a')], failOn: 'error', output: 'text' }, { print: (line) => lines.push(line) }), lines };
    } catch (error) {
      // What the command prints and ends with.
      if (!(error instanceof SourceProblem)) throw error;
      return { code: error.exitCode, lines: [error.message] };
    }
  };
  const calm = (text: string): void => {
    expect(text).to.not.match(/^\s+at |call stack/m);
    expect(text.replaceAll('\n', '')).to.not.match(/[\u0000-\u001f\u007f]/);
  };

  for (const [name, content, [convertCode, convertSays], [lintCode, lintSays]] of files) {
    it(`${name}`, async () => {
      const file = path.join(folder, `${name.replaceAll(' ', '-')}.yaml`);
      writeFileSync(file, content);
      const begun = performance.now();
      const converted = await convertOf(file);
      expect(converted.code, converted.errors).to.equal(convertCode);
      if (convertSays !== undefined) expect(converted.errors).to.match(convertSays);
      const linted = lintOf(file);
      expect(linted.code, linted.lines.join('\n')).to.equal(lintCode);
      if (lintSays !== undefined) expect(linted.lines.join('\n')).to.match(lintSays);
      calm(converted.errors);
      calm(linted.lines.join('\n'));
      expect(performance.now() - begun).to.be.below(5000);
    });
  }

  it('a file that is missing, a folder that is empty, a folder with a name of a file, endless input', async () => {
    mkdirSync(path.join(folder, 'empty/sub.yaml'), { recursive: true });
    for (const [file, says] of [['missing.yaml', /no such file/], ['empty', /has no \.yaml/]] as const) {
      const converted = await convertOf(path.join(folder, file));
      const linted = lintOf(path.join(folder, file));
      expect([converted.code, linted.code]).to.deep.equal([2, 2]);
      expect(converted.errors).to.match(says);
      expect(linted.lines).to.have.length(1);
      expect(linted.lines[0]).to.match(says);
    }
    expect((await convertOf('/dev/zero')).errors).to.match(/larger than 8 MiB/);
  });

  it('leaves what people write alone: lists of many, brackets in texts, deep but not too deep', () => {
    expect(isTooDeep('- a: [1, {b: c}]\n'.repeat(10_000))).to.equal(false);
    expect(isTooDeep(`a: ${'['.repeat(250)}${']'.repeat(250)}`)).to.equal(false);
    expect(isTooDeep(`a: |\n${'  if [ x ]; then { y; }; fi\n'.repeat(1000)}`)).to.equal(false);
    expect(isTooDeep(Array.from({ length: 250 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'))).to.equal(false);
  });
});
