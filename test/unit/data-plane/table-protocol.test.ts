// "Never torn, never evicted, never half": random steps by writers that are refused, killed, overtaken or raced, with
// readers in three workers at every point between two calls on shared memory. The model of shared memory and the workers
// are Lua too: test/fixtures/shared-memory.lua and table-protocol.lua.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { LuaRuntime, emittedModules, luaValue } from '../../fixtures/lua-runtime.js';

const harness = ['shared-memory', 'table-protocol'].map((name) => readFileSync(`test/fixtures/${name}.lua`, 'utf8')).join('\n');
const classes = ['one', 'two'];
const keys = ['a', 'b', 'c', 'd'];

const line = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(fc.constantFrom(...keys), fc.stringMatching(/^[0-9a-f]{1,12}$/)).map(([key, value]) => `+${key}\t${value}`) },
  { weight: 6, arbitrary: fc.constantFrom(...keys).map((key) => `-${key}`) },
  { weight: 1, arbitrary: fc.constantFrom('+a', '-a\tx', '', 'a', '+\tx', '-', '+a|<\t1', '-b|7') },
);
const keyOf = (text: string): string => text.slice(1).split('\t')[0]!;
const lines = fc.oneof(
  { weight: 6, arbitrary: fc.uniqueArray(line, { maxLength: 5, selector: keyOf }) },
  { weight: 1, arbitrary: fc.array(line, { maxLength: 5 }) },
);
const point = fc.integer({ min: 1, max: 45 });

const step = fc.record({
  class: fc.constantFrom(...classes),
  lines,
  wait: fc.option(fc.constantFrom(1, 31), { nil: undefined, freq: 2 }),
});
interface Operation { class: string; lines: string[]; wait?: number | undefined; killedAt?: number }
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: step },
  { weight: 4, arbitrary: fc.tuple(step, point).map(([plain, killedAt]) => ({ ...plain, killedAt })) },
  { weight: 3, arbitrary: fc.tuple(step, point, fc.constantFrom('ia_pointers', 'ia_records', 'ia_versions'), fc.nat(200)).map(([plain, fullAt, zone, room]) => ({ ...plain, fullAt, zone, room })) },
  { weight: 2, arbitrary: fc.tuple(step, lines).map(([plain, rival]) => ({ ...plain, rival })) },
  { weight: 2, arbitrary: fc.tuple(step, point, lines).map(([plain, stallAt, overtakenBy]) => ({ ...plain, stallAt, overtakenBy })) },
  { weight: 1, arbitrary: fc.tuple(step, fc.constantFrom(-1, 1)).map(([plain, stale]) => ({ ...plain, stale })) },
);
/** A step that a killed writer left is often sent again as it was. */
const operations = fc.array(fc.tuple(operation, fc.boolean()), { minLength: 1, maxLength: 12 }).map((drawn) =>
  drawn.flatMap(([one, again]): Operation[] => (one.killedAt !== undefined && again ? [one, { class: one.class, lines: one.lines, wait: 31 }] : [one])));
const scenario = fc.record({ seed: fc.nat(2_000_000_000), classes: fc.constant(classes), keys: fc.constant(keys), operations });

/** One guard taken out of the Lua that ships. */
interface Guard {
  name: string;
  module: string;
  from: string | RegExp;
  to: string;
}

/** What the protocol does with one guard off, if any: the text of the first scenario that breaks the promise. */
function brokenPromise(guard: Guard | undefined, numRuns: number): string | undefined {
  const modules = emittedModules();
  if (guard !== undefined) {
    const source = modules.get(guard.module)!;
    const without = source.replace(guard.from, guard.to);
    if (without === source) throw new Error(`guard "${guard.name}" is not in ${guard.module}.lua any more: mend this test`);
    modules.set(guard.module, without);
  }
  const runtime = new LuaRuntime(modules);
  try {
    runtime.run(harness);
    const outcome = fc.check(fc.property(scenario, (drawn) => {
      const problem = runtime.run(`return runScenario(${luaValue(drawn)})`);
      if (problem !== null) throw new Error(String(problem));
    }), { numRuns, seed: 20261125, endOnFailure: guard !== undefined });
    return outcome.failed ? `${(outcome.errorInstance as Error).message}\n${JSON.stringify(outcome.counterexample)}` : undefined;
  } finally {
    runtime.close();
  }
}

const guards: Guard[] = [
  { name: 'the previous pointer is written before the new one', module: 'data-plane.write-table',
    from: /local kept, keepProblem = pointers:safe_add\([^)]*\([^)]*\),[^)]*\)/, to: 'local kept, keepProblem = true, nil' },
  { name: 'absence is checked again against the generation', module: 'data-plane.read-entry',
    from: /moved or ____exports\.currentGeneration\(className\) ~= generation/, to: 'moved' },
  { name: 'a refused step is rolled back', module: 'data-plane.write-table', from: /\n    rollBack\(step\)/, to: '' },
  { name: 'a reader asks whether the previous pointer is still that of its generation', module: 'data-plane.read-entry',
    from: /or generationOf\(previous\) > generation/, to: '' },
  { name: 'a missing record means that the class has moved on', module: 'data-plane.read-entry',
    from: /if record == nil then\s+return nil, true/, to: 'if record == nil then return nil, false' },
  { name: 'what a dead writer left is cleared away', module: 'data-plane.write-table', from: /\n\s+recoverTable\(className\)/, to: '' },
  { name: 'the generation is read under the lock', module: 'data-plane.write-table',
    from: /local fits = [^\n]*/, to: 'local fits = true' },
  { name: 'there is a lock', module: 'data-plane.write-table', from: /if not locked then/, to: 'if false then' },
  { name: 'a writer that has lost its lock stops', module: 'data-plane.write-table',
    from: /return versions:get\(lockKey\(className\)\) == token/, to: 'return versions:get(lockKey(className)) ~= 0' },
  { name: 'an entry changes once in a step', module: 'data-plane.write-table', from: /if generationOf\(before\) == step\.generation then/, to: 'if false then' },
  { name: 'no key can be taken for one of the protocol', module: 'data-plane.write-table', from: /find\(key, "\|", 0\) >= 0 or /, to: '' },
  { name: 'the old record goes before what it is found by', module: 'data-plane.write-table',
    from: /(if before > 0 then\s+records:delete\([\s\S]*?\n\s+end)([\s\S]*?)(pointers:delete\(previousKey\(pointer\)\))/, to: '$3$2$1' },
  { name: 'records are added without evicting', module: 'data-plane.write-table', from: 'records:safe_add', to: 'records:add' },
  { name: 'the lock is taken without evicting', module: 'data-plane.write-table',
    from: /local locked, problem = versions:safe_add/, to: 'local locked, problem = versions:add' },
  { name: 'recovery counts the entries again', module: 'data-plane.recover-table', from: /versions:set\(\s*countKey\(className\),\s*entries\s*\)/, to: '' },
  { name: 'recovery takes back what was not committed', module: 'data-plane.recover-table',
    from: /if generationOf\(newest\) > generation then/, to: 'if false then' },
  { name: 'a pointer says that the entry was not there before', module: 'data-plane.shared-keys', from: /return generation \+ 0\.5/, to: 'return generation' },
  { name: 'the pointer of a new entry comes before its record', module: 'data-plane.write-table',
    from: /(local pointed, problem = [\s\S]*?\n    end\n)(\s+)return (addRecord\([\s\S]*?\n    \))\n/, to: '$2local added = $3 if added ~= nil then return added end $1 return nil\n' },
  { name: 'a worker lets go of what a step has changed', module: 'data-plane.read-entry', from: 'forget(hot.entries, name)', to: '' },
  { name: 'a worker that is told nothing lets go of everything', module: 'data-plane.read-entry', from: /forgetAll\(className\)\s+else/, to: 'else' },
  { name: 'what finds no room to be told is told as anything', module: 'data-plane.changed-keys', from: /versions:set\(\s*untoldKey\(className\),\s*generation\s*\)/, to: '' },
  { name: 'recovery takes back what was told of a step that was not committed', module: 'data-plane.recover-table',
    from: /records:delete\(changesKey\(className, generation \+ 1\)\)/, to: '' },
  { name: 'a generation older than what the worker keeps is not read', module: 'data-plane.read-entry', from: /if last > generation then\s+return false/, to: 'if false then return false' },
  { name: 'recovery takes back the entries that were not committed', module: 'data-plane.recover-table', from: /elseif isFirst\(/, to: 'elseif false and isFirst(' },
];

describe('data-plane: protocol of the class tables', function () {
  this.timeout(60_000);

  it('shows every reader exactly one committed generation, and leaves nothing behind', () => {
    expect(brokenPromise(undefined, 600)).to.equal(undefined);
  });

  it('does not grow over 1,000 steps of the same size', () => {
    const runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
    const used = runtime.run('return usedOver(1000)') as number[];
    runtime.close();
    expect(used).to.have.length(1000);
    // Only what the last 64 steps have changed is told. The generation is part of keys, so both have as many digits.
    expect(used[998]).to.equal(used[198]);
  });

  it('takes no room in a first table beside that of its entries', () => {
    const runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
    const taken = runtime.run('return takenByFirst(500)') as { most: number; entries: number };
    runtime.close();
    expect(taken).to.deep.equal({ most: 500, entries: 500 });
  });

  it('has a worker look up again what a step has changed, and nothing else', () => {
    const runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
    // By steps that the worker has not looked at: one, as many as are told, and more, after which it knows nothing.
    const seen = [1, 64, 65].map((steps) => runtime.run(`return lookedUpAfter(${steps})`));
    runtime.close();
    expect(seen).to.deep.equal([{ same: 0, changed: 1, value: '1' }, { same: 0, changed: 1, value: '64' }, { same: 1, changed: 1, value: '65' }]);
  });

  describe('with one guard off the promise breaks:', () => {
    for (const guard of guards) {
      it(guard.name, () => expect(brokenPromise(guard, 1500)).to.be.a('string'));
    }
  });
});
