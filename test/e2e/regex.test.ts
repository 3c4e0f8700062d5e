// nginx's PCRE and the JavaScript that explain uses in its place: random patterns that the controller lets through, random
// paths, both asked. They must agree on what matches, and on the captures wherever explain does not doubt them.
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { regexProblem } from '../../src/core/check-regex.js';
import { capturesMayDiffer, regexMatch } from '../../src/core/explain/regex-match.js';
import { normalizePath } from '../../src/route-table/normalize-path.js';
import { engineSettings } from '../../src/engine/settings.js';
import { luaText } from '../fixtures/lua-runtime.js';

const letter = fc.constantFrom('a', 'b', 'B', '1', '/', '-', '.', '_', ']', '}', '{', ',', '%2F', '~', ':', '=', '"');
const set = fc.tuple(fc.constantFrom('[', '[^', '[]', '[^]'), fc.array(fc.constantFrom('a', 'b-c', '0-9', '[:alpha:]', '[:^digit:]', '[:punct:]', '[:space:]', '[:xdigit:]', '[:upper:]', '[:word:]', '\\d', '\\W', '\\]', '\\-', '/', '[', '.', 'A-Z'), { minLength: 1, maxLength: 3 }))
  .map(([open, members]) => `${open}${members.join('')}]`);
const escape = fc.constantFrom('\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '\\.', '\\/', '\\-', '\\(', '\\[', '\\\\', '\\b', '\\B', '\\_', '\\"', '\\{');
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{2,}', '{0,2}?');
const { pattern } = fc.letrec<{ atom: string; piece: string; sequence: string; pattern: string }>((tie) => ({
  atom: fc.oneof({ maxDepth: 3 }, { weight: 5, arbitrary: letter }, { weight: 2, arbitrary: escape }, { weight: 2, arbitrary: set }, { weight: 1, arbitrary: fc.constantFrom('.', '^', '$') },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('(', '(', '(?:', '(?=', '(?!'), tie('sequence'), fc.option(tie('sequence'))).map(([open, one, other]) => `${open}${one}${other === null ? '' : `|${other}`})`) }),
  piece: fc.tuple(tie('atom'), quantifier).map(([atom, times]) => atom + times),
  sequence: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  pattern: fc.tuple(fc.constantFrom('/', '/', '/a', '/(?i)', '/a|/'), tie('sequence')).map(([start, rest]) => start + rest),
}));
/** Few letters and many groups, so that much matches and captures. */
const { tame } = fc.letrec<{ tame: string; part: string }>((tie) => ({
  part: fc.tuple(fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: fc.constantFrom('a', 'b', '.', '[ab]', '\\w', '/') },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('(', '(', '(?:'), fc.array(tie('part'), { maxLength: 3 }), fc.array(tie('part'), { maxLength: 2 }), fc.boolean())
      .map(([open, one, other, both]) => `${open}${one.join('')}${both ? `|${other.join('')}` : ''})`) }), fc.constantFrom('', '', '*', '?', '+', '*?', '{1,2}')).map((parts) => parts.join('')),
  tame: fc.array(tie('part'), { maxLength: 4 }).map((parts) => `/${parts.join('')}`),
}));
const subject = fc.array(fc.constantFrom('a', 'b', 'B', 'a', 'b', 'c', '1', '/', '-', '.', '_', ']', '{', '}', '%20', ',', '~', ':', '=', 'A'), { maxLength: 9 })
  .map((parts) => normalizePath(`/${parts.join('')}`)).filter((one) => one !== undefined);

interface Answer { pattern: string; subject: string; captures: string[] | undefined }

/** Runs inside nginx before any request: asks as src/data-plane/find-route.ts does, one line of hexadecimal texts an answer. */
const script = (cases: readonly { pattern: string; subject: string }[], output: string): string => `
local function hex(text) return (text:gsub(".", function(char) return string.format("%02x", char:byte()) end)) end
local out = assert(io.open(${luaText(output)}, "w"))
for _, case in ipairs({${cases.map((one) => `{${luaText(one.pattern)},${luaText(one.subject)}}`).join(',')}}) do
  local groups, problem = ngx.re.match(case[2], "^" .. case[1], "ij")
  if groups == nil then out:write(problem == nil and "none" or "problem " .. hex(problem), "\\n")
  else
    local line = { "match" }
    for group = 1, 9 do
      if groups[group] == nil then break end
      line[#line + 1] = "x" .. hex(groups[group] == false and "" or groups[group])
    end
    out:write(table.concat(line, " "), "\\n")
  end
end
out:close()
os.exit(0)`;

async function askNginx(folder: string, cases: readonly { pattern: string; subject: string }[]): Promise<Answer[]> {
  const { nginxBinary, modulesDirectory } = engineSettings({ workDirectory: folder, listeners: [{ name: 'one', address: '127.0.0.1', httpPort: 8080, httpsPort: 8443, classes: ['one'] }] });
  const output = path.join(folder, 'answers');
  writeFileSync(path.join(folder, 'ask.lua'), script(cases, output));
  writeFileSync(path.join(folder, 'nginx.conf'), `load_module ${modulesDirectory}/ndk_http_module.so;
load_module ${modulesDirectory}/ngx_http_lua_module.so;
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/logs/error.log;
events {}
http { access_log off; init_worker_by_lua_file ${folder}/ask.lua; }`);
  await promisify(execFile)(nginxBinary, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { timeout: 60_000 });
  const decode = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');
  return readFileSync(output, 'utf8').trimEnd().split('\n').map((line, at) => {
    const [word, ...rest] = line.split(' ');
    if (word === 'problem') throw new Error(`nginx cannot evaluate ${cases[at]!.pattern}: ${decode(rest[0]!)}`);
    return { ...cases[at]!, captures: word === 'none' ? undefined : rest.map((one) => decode(one.slice(1))) };
  });
}

describe('regular expressions: nginx and explain', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'regex-'));
    for (const name of ['logs', 'body', 'proxy']) mkdirSync(path.join(folder, name));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('agree on what matches, and on captures outside repetitions', async () => {
    const cases = fc.sample(fc.tuple(fc.oneof(pattern, tame), fc.array(subject, { minLength: 3, maxLength: 3 })), { numRuns: 12_000, seed: 20261125 })
      .filter(([one]) => regexProblem(one) === undefined)
      .flatMap(([one, subjects]) => subjects.map((each) => ({ pattern: one, subject: each })));
    expect(cases.length, 'patterns that the controller lets through').to.be.greaterThan(6000);
    const answers = await askNginx(folder, cases);
    expect(answers.length).to.equal(cases.length);
    const differing = answers.map((answer) => ({ ...answer, here: regexMatch(answer.subject, answer.pattern) }))
      .filter(({ captures, here, pattern: one }) => (captures === undefined) !== (here === undefined) ||
        (!capturesMayDiffer(one) && JSON.stringify(captures) !== JSON.stringify(here)));
    expect(differing.slice(0, 5), `${differing.length} of ${answers.length} differ`).to.deep.equal([]);
    expect(answers.filter(({ captures }) => captures !== undefined).length, 'that match').to.be.greaterThan(1000);
    expect(answers.filter(({ captures }) => captures?.some((one) => one !== '')).length, 'that capture something').to.be.greaterThan(200);
  });

  it('the largest ones that the controller lets through can be compiled', async () => {
    // Each of them much of what costs PCRE the most room: sets, groups, optional rounds, alternatives, look-aheads, nesting.
    const atoms = ['[^a]', '(?:a)', '([a-f0-9])', '(?:a|[b]|c)', '(?=[ab])a', '(a)(b)', '.', '\\d[x]', '((((a))))', '(?:[a]{3}b)'];
    const repeated = atoms.flatMap((atom) => ['{N}', '{0,N}', '{N,}', '{2,N}?'].map((times) => (count: number): string => `/(?:${atom})${times.replace('N', String(count))}`));
    const written = atoms.map((atom) => (count: number): string => `/${atom.repeat(count)}`);
    const nested = atoms.map((atom) => (count: number): string => `/(?:(?:${atom}){0,9}x){0,${count}}`);
    const largest = [...repeated, ...written, ...nested].flatMap((build) => {
      const sizes = Array.from({ length: 9999 }, (_, at) => at + 3);
      let [low, high] = [0, sizes.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (regexProblem(build(sizes[middle]!)) === undefined) low = middle + 1;
        else high = middle;
      }
      return low === 0 ? [] : [build(sizes[low - 1]!)];
    });
    expect(largest.length).to.be.greaterThan(40);
    await askNginx(folder, largest.map((one) => ({ pattern: one, subject: '/x' })));
  });

  it('do differ where explain doubts the captures: the doubt is needed', async () => {
    const [answer] = await askNginx(folder, [{ pattern: '/(?:(a)|b)*', subject: '/ab' }]);
    expect([answer!.captures, regexMatch('/ab', '/(?:(a)|b)*')]).to.deep.equal([['a'], ['']]);
  });
});
