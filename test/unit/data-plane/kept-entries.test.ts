// What a worker keeps of prepared entries: a number for good, more while they are asked for, and never more than so many.
import { expect } from 'chai';
import { LuaRuntime, emittedModules } from '../../fixtures/lua-runtime.js';

const harness = `
local now = 1000
local dicts = { ia_pointers = {}, ia_records = {}, ia_versions = { web = 1 } }
local shared = {}
for name, dict in pairs(dicts) do shared[name] = { get = function(_, key) return dict[key] end } end
local ngx = { shared = shared, time = function() return now end, now = function() return now end }
local load = newWorker({ ngx = ngx, modules = {} })
local reader, keys = load("data-plane.read-entry"), load("data-plane.shared-keys")
local prepared = 0
local function prepare(record) prepared = prepared + 1; return { record = record } end
local kinds = { small = reader.entryKind("small/", prepare), large = reader.largeEntryKind("large/", prepare) }
for prefix in pairs(kinds) do
  for at = 1, 220000 do
    local pointer = keys.pointerKey("web", prefix .. "/" .. at)
    dicts.ia_pointers[pointer] = 1
    dicts.ia_records[keys.recordKey(pointer, 1)] = "x"
  end
end
function PASS(seconds) now = now + seconds end
-- How many of these entries had to be prepared.
function ASK(kind, from, to)
  prepared = 0
  for at = from, to do assert(reader.readEntry(kinds[kind], "web", tostring(at), 1)) end
  return prepared
end`;

describe('entries that a worker keeps', function () {
  this.timeout(60_000);
  let runtime: LuaRuntime;
  beforeEach(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
  });
  afterEach(() => { runtime.close(); });
  const ask = (kind: 'small' | 'large', from: number, to: number): number => Number(runtime.run(`return ASK("${kind}", ${from}, ${to})`));
  const pass = (seconds: number): void => { runtime.run(`PASS(${seconds})`); };

  it('are all hosts of a large class while they are asked for', () => {
    expect(ask('small', 1, 100_000)).to.equal(100_000);
    pass(100);
    expect(ask('small', 1, 100_000)).to.equal(0);
  });

  it('are ten thousand for as long as may be', () => {
    expect(ask('small', 1, 9_000)).to.equal(9_000);
    for (let hour = 1; hour <= 24; hour++) {
      pass(3600);
      expect(ask('small', 20_000 + hour, 20_000 + hour), 'somebody else').to.equal(1);
    }
    expect(ask('small', 1, 9_000)).to.equal(0);
  });

  it('beyond ten thousand are those that were asked for lately', () => {
    ask('small', 1, 30_000);
    for (let minute = 0; minute < 15; minute++) {
      pass(60);
      expect(ask('small', 1, 20_000), `minute ${minute}`).to.equal(0);
      expect(ask('small', 40_000 + minute, 40_000 + minute)).to.equal(1);
    }
    expect(ask('small', 20_001, 30_000)).to.equal(10_000);
  });

  it('are never more than twice a hundred thousand of a kind, and twice ten thousand of what is large', () => {
    ask('small', 1, 210_000);
    expect(ask('small', 1, 9_000)).to.equal(9_000);
    ask('large', 1, 30_000);
    expect(ask('large', 1, 9_000)).to.equal(9_000);
  });
});
