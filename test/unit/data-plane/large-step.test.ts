// A writer that goes on for longer than a dead one would keep its class.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LuaRuntime, emittedModules } from '../../fixtures/lua-runtime.js';

const harness = `${readFileSync('test/fixtures/shared-memory.lua', 'utf8')}
local zones = { ia_versions = sharedMemory.newZone(1e9), ia_pointers = sharedMemory.newZone(1e9), ia_records = sharedMemory.newZone(1e9) }
local load = newWorker({ ngx = { shared = zones, worker = { pid = function() return 7 end } }, modules = {} })
-- The status of a step of so many lines, of which a thousand take so many seconds.
function WRITE(lines, seconds)
  local at = 0
  return load("data-plane.write-table").writeTable("web", 0, function()
    at = at + 1
    if at % 1000 == 0 then sharedMemory.now = sharedMemory.now + seconds end
    return at <= lines and "+key" .. at .. "\\tx" or nil
  end).status
end`;

describe('a step of very many entries', () => {
  let runtime: LuaRuntime;
  beforeEach(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
  });
  afterEach(() => { runtime.close(); });

  it('goes on for as long as its writer shows that it lives', () => {
    expect(runtime.run('return WRITE(5000, 20)')).to.equal(200);
  });

  it('is taken from a writer that shows nothing for half a minute', () => {
    expect(runtime.run('return WRITE(5000, 31)')).to.equal(409);
  });
});
