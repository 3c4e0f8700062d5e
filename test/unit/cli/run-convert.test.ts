// What `ingress-arbiter convert` reads, writes, says and returns; over real files in a folder of its own.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { Command } from 'commander';
import { convertCommand } from '../../../src/cli/convert/convert-command.js';

const old = readFileSync('test/golden/convert/tutorial/old.yaml', 'utf8');
const today = readFileSync('test/golden/convert/tutorial/new.yaml', 'utf8');
const refused = readFileSync('test/golden/convert/merge-key/old.yaml', 'utf8');

describe('convert, the command', () => {
  let folder: string;
  const file = (name: string, content: string | Uint8Array = old): string => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'convert-')); });
  afterEach(() => { rmSync(folder, { recursive: true }); });

  async function run(args: string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
    const result = { code: -1, out: '', err: '' };
    const command = convertCommand((code) => { result.code = code; }, {
      stdin: async () => new TextEncoder().encode(stdin),
      stdout: (text) => { result.out += text; },
      stderr: (text) => { result.err += text; },
    });
    await new Command().addCommand(command).parseAsync(['convert', ...args], { from: 'user' });
    return result;
  }

  it('prints today\'s form of a file, and nothing else', async () => {
    expect(await run(['-f', file('old.yaml')])).to.deep.equal({ code: 0, out: today, err: '' });
    expect(readFileSync(path.join(folder, 'old.yaml'), 'utf8')).to.equal(old);
  });

  it('reads standard input', async () => {
    expect(await run(['-f', '-'], old)).to.deep.equal({ code: 0, out: today, err: '' });
  });

  it('joins several files, and the files of a folder by name, as documents of one stream', async () => {
    file('b.yaml');
    file('a.yml', 'kind: A');
    file('c.json', '{"kind": "C"}');
    file('d.txt', '{broken');
    mkdirSync(path.join(folder, 'deeper.yaml'));
    expect(await run(['-f', folder])).to.deep.equal({ code: 0, out: `kind: A\n---\n${today}---\n{"kind": "C"}`, err: '' });
    const marked = file('e.yaml', '--- # marked\nkind: E\n');
    expect((await run(['-f', marked, '-f', marked])).out).to.equal('--- # marked\nkind: E\n--- # marked\nkind: E\n');
  });

  it('writes files in place, through links, and keeps their mode', async () => {
    const real = file('real.yaml');
    chmodSync(real, 0o640);
    symlinkSync('real.yaml', path.join(folder, 'link.yaml'));
    const result = await run(['--in-place', '-f', path.join(folder, 'link.yaml')]);
    expect(result).to.deep.equal({ code: 0, out: '', err: `${path.join(folder, 'link.yaml')}: 1 converted\n` });
    expect(readFileSync(real, 'utf8')).to.equal(today);
    expect(statSync(real).mode & 0o777).to.equal(0o640);
    expect(readdirSync(folder).sort()).to.deep.equal(['link.yaml', 'real.yaml']);
  });

  it('names an object that it cannot convert, and returns 1', async () => {
    const name = file('refused.yaml', refused);
    const result = await run(['-f', name]);
    expect(result.code).to.equal(1);
    expect(result.out).to.equal(refused);
    expect(result.err).to.equal(`${name}:16:11  error  Ingress shop/merged: backend takes fields from elsewhere with a merge key (<<); ` +
      'write them out, then convert\n');
  });

  const unusable: [string, () => string[], RegExp][] = [
    ['a missing file', () => ['-f', path.join(folder, 'none.yaml')], /none\.yaml: no such file or folder; check the name after -f\n$/],
    ['broken YAML', () => ['-f', file('x.yaml', 'a: 1\n b: 2\n')], /x\.yaml:1:4 {2}error {2}this is not valid YAML: .*; correct it, then convert\n$/],
    ['a folder without manifests', () => ['-f', folder], /the folder has no \.yaml, \.yml or \.json file/],
    ['text that is not UTF-8', () => ['-f', file('latin.yaml', new Uint8Array([0x61, 0x3a, 0x20, 0xe4]))], /not UTF-8 text; convert the encoding/],
    ['--in-place with standard input', () => ['--in-place', '-f', '-'], /--in-place needs files/],
    ['standard input twice', () => ['-f', '-', '-f', '-'], /can be given once only/],
  ];
  for (const [what, args, message] of unusable) {
    it(`returns 2 and one clear line for ${what}`, async () => {
      const result = await run(args());
      expect(result.code).to.equal(2);
      expect(result.out).to.equal('');
      expect(result.err).to.match(message);
      expect(result.err.trimEnd().split('\n')).to.have.length(1);
    });
  }

  it('writes nothing at all when one of several files is broken', async () => {
    const good = file('good.yaml');
    const result = await run(['--in-place', '-f', good, '-f', file('x.yaml', '{')]);
    expect(result.code).to.equal(2);
    expect(readFileSync(good, 'utf8')).to.equal(old);
  });

  it('ends quietly when nobody reads its output any more', () => {
    const big = file('big.yaml', `${old}---\n`.repeat(1000));
    const shell = 'node dist/src/cli/main.js convert -f "$1" | head -n 1; echo "${PIPESTATUS[0]}"';
    const { stdout, stderr } = spawnSync('bash', ['-c', shell, 'bash', big], { encoding: 'utf8' });
    expect({ stdout, stderr }).to.deep.equal({ stdout: '# The classic tutorial, as it was written in 2019.\n0\n', stderr: '' });
  });
});
