// What nginx runs and what Node runs must be one: the emitted Lua against the TypeScript, over thousands of random inputs.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import ts from 'typescript';
import { type RegexMatch, indexPaths, matchPath } from '../../../src/route-table/match.js';
import { normalizePath } from '../../../src/route-table/normalize-path.js';
import { pickEndpoint } from '../../../src/route-table/pick-endpoint.js';
import { rewritePath } from '../../../src/route-table/rewrite-path.js';
import * as text from '../../../src/route-table/text.js';
import { LuaRuntime, emittedModules, luaValue } from '../../fixtures/lua-runtime.js';

/** Inputs that cross into Lua in one go. */
const BATCH = 250;

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const pathPart = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('/', '//', '.', '..', '/..', '%2e', '%2F', '%00', '%', '%c3', 'a', 'B', '~', ';', '$1') }, { weight: 1, arbitrary: byte });
const hostile = fc.array(pathPart, { maxLength: 10 }).map((parts) => parts.join(''));
const path = hostile.map((rest) => `/${rest}`);
const plain = fc.array(fc.constantFrom('a', 'b', 'ab', 'a/', 'c'), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`.replace(/\/+/g, '/'));
const route = fc.record({ match: fc.constantFrom('exact' as const, 'prefix' as const, 'string-prefix' as const), path: plain });
const pattern = plain.chain((one) => fc.constantFrom(one, `${one}*`, `${one}!`)).map((one) => ({ match: 'regex' as const, path: one }));
const routes = fc.oneof({ weight: 4, arbitrary: fc.array(route, { maxLength: 6 }) }, { weight: 1, arbitrary: fc.array(fc.oneof(route, pattern), { maxLength: 4 }) })
  .map((list) => [...list].sort((a, b) => b.path.length - a.path.length).map((one, at) => ({ ...one, namespace: 'n', ingress: `i${at}`, service: 's', backend: `b${at}` })));

/** Stands for regular expressions on both sides: `*` captures the rest, `!` can't be evaluated, else the plain start. */
const standIn: RegexMatch = (subject, written) => {
  if (written.endsWith('!')) return subject.startsWith('/b') ? false : undefined;
  const start = written.endsWith('*') ? written.slice(0, -1) : written;
  return subject.startsWith(start) ? [subject.slice(start.length)] : undefined;
};
const luaStandIn = `function(subject, written)
  if written:sub(-1) == "!" then if subject:sub(1, 2) == "/b" then return false end return nil end
  local start = written:gsub("%*$", "")
  if subject:sub(1, #start) == start then return { subject:sub(#start + 1) } end
  return nil
end`;

/** undefined on this side, nil on the other: both become null. */
const orNull = (value: unknown): unknown => value ?? null;

describe('route-table: Node and Lua', function () {
  this.timeout(60_000);
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run('load = newWorker({}) ALL = function(inputs, one) local answers = { list = true } for at = 1, #inputs do local answer = one(inputs[at]) if answer == nil then answer = { none = true } end answers[at] = answer end return answers end');
  });
  after(() => runtime?.close());

  /** Runs `lua`, a Lua function of one input, over many inputs, and compares with `node`. */
  function compare<T>(inputs: fc.Arbitrary<T>, { lua, node, batches = 12 }: { lua: string; node: (input: T) => unknown; batches?: number }): void {
    fc.assert(fc.property(fc.array(inputs, { minLength: BATCH, maxLength: BATCH }), (batch) => {
      const answers = runtime.run(`return ALL(${luaValue(batch)}, ${lua})`) as unknown[];
      batch.forEach((input, at) => {
        const answer = answers[at];
        const other = typeof answer === 'object' && answer !== null && 'none' in answer ? null : answer;
        expect(other, JSON.stringify(input)).to.deep.equal(orNull(node(input)));
      });
    }), { numRuns: batches, endOnFailure: true });
  }

  it('normalizePath', () => compare(fc.oneof(path, hostile), { lua: 'load("route-table.normalize-path").normalizePath', node: normalizePath }));

  it('rewritePath', () => {
    compare(fc.record({ template: fc.oneof(hostile, fc.constantFrom('/$1', '/a/$2', '$3', '/$8/$9', '/$0$10')), captures: fc.oneof(fc.array(hostile, { maxLength: 3 }), fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 8, maxLength: 11 })) }), {
      lua: 'function(input) return load("route-table.rewrite-path").rewritePath(input.template, input.captures) end',
      node: ({ template, captures }) => rewritePath(template, captures),
    });
  });

  it('indexPaths and matchPath', () => {
    compare(fc.record({ routes, path: plain }), {
      lua: `function(input)
        local match = load("route-table.match")
        local found = match.matchPath(match.indexPaths({ routes = input.routes }), input.path, ${luaStandIn})
        if not found then return found end
        return { backend = found.route.backend, captures = table.concat(found.captures, ",") }
      end`,
      node: (input) => {
        const found = matchPath(indexPaths(input), input.path, standIn);
        return found ? { backend: found.route.backend, captures: found.captures.join(',') } : found;
      },
    });
  });

  it('pickEndpoint', () => {
    compare(fc.record({ count: fc.nat(9), turn: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -1e12, max: 1e12 })), attempt: fc.nat(5) }), {
      lua: `function(input)
        local endpoints = {}
        for at = 1, input.count do endpoints[at] = { address = tostring(at), port = 1 } end
        local chosen = load("route-table.pick-endpoint").pickEndpoint(endpoints, input.turn, input.attempt)
        return chosen and chosen.address
      end`,
      node: ({ count, turn, attempt }) => pickEndpoint(Array.from({ length: count }, (_, at) => ({ address: String(at + 1), port: 1 })), turn, attempt)?.address,
      batches: 4,
    });
  });

  it('text: both halves do the same', () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)), maxLength: 12 });
    const at = fc.nat(14);
    const inputs = fc.record({ subject: ascii, needle: fc.oneof(ascii, fc.constantFrom('a', '/', '.', '%', '', '[')), from: at, to: at, code: fc.integer({ min: 0, max: 127 }) })
      .filter(({ subject, from }) => from <= subject.length);
    compare(inputs, {
      lua: `function(input)
        local text = load("data-plane.text")
        return { cut = text.cut(input.subject, input.from, input.to), find = text.find(input.subject, input.needle, input.from),
          at = text.byteAt(input.subject, input.to), one = text.byteText(input.code), lower = text.lower(input.subject) }
      end`,
      node: ({ subject, needle, from, to, code }) => ({ cut: text.cut(subject, from, to), find: text.find(subject, needle, from), at: text.byteAt(subject, to), one: text.byteText(code), lower: text.lower(subject) }),
    });
  });

  it('text: both halves have the same functions', () => {
    const signatures = (file: string): string[] => {
      const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
      return source.statements.filter(ts.isFunctionDeclaration).map((one) => `${one.name!.text}(${one.parameters.map((parameter) => parameter.getText(source)).join(', ')}): ${one.type!.getText(source)}`);
    };
    expect(signatures('src/data-plane/text.ts')).to.deep.equal(signatures('src/route-table/text.ts'));
    expect(signatures('src/route-table/text.ts').length).to.equal(Object.keys(text).length);
  });

  it('what ships needs no library of the compiler, and shared code takes its text from the Lua half', () => {
    for (const [name, source] of emittedModules()) {
      expect(source, name).to.not.match(/__TS__|lualib/);
      expect(source, `${name}: "goto" is not Lua 5.1`).to.not.match(/\bgoto\b/);
      expect(source, name).to.not.match(/require\("route-table\.text"\)/);
    }
    expect([...emittedModules().keys()]).to.include.members(['route-table.match', 'data-plane.write-table', 'data-plane.read-entry']);
  });
});
