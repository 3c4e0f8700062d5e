// The emitted Lua that uses the contexts of requests again: nothing of a request may be left for the next one.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LuaRuntime, emittedModules } from '../../fixtures/lua-runtime.js';

const harness = `
local ngx = { ctx = {} }
local context = newWorker({ ngx = ngx, modules = {} })("data-plane.request-context")
local fields = {}
function BEGIN(class)
  ngx.ctx = nil
  context.beginContext(class)
  return ngx.ctx
end
-- Every field that a context has ever held anything in is filled.
function FILL(ctx)
  for name in NAMES:gmatch("%S+") do ctx[name] = name end
end
function HELD(ctx)
  local held = { list = true }
  for name in pairs(ctx) do held[#held + 1] = name end
  table.sort(held)
  return held
end
function FINISH(ctx) context.endContext(ctx) end
`;
/** The fields that RequestContext has, but for the mark of those that are used again. */
const NAMES = [.../interface RequestContext \{(.*?)\n\}/s.exec(readFileSync('src/data-plane/ngx.d.ts', 'utf8'))![1]!.matchAll(/^  (\w+)\?:/gm)].map(([, name]) => name!).filter((name) => name !== 'kept');

describe('data-plane: contexts of requests', () => {
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(`NAMES = "${NAMES.join(' ')}"\n${harness}`);
  });
  after(() => runtime?.close());

  it('all fields are known here', () => {
    expect(NAMES).to.include.members(['class', 'match', 'held', 'noEndpoints']).and.to.have.length.above(20);
  });

  it('a new one holds its class and nothing else', () => {
    expect(runtime.run('return HELD(BEGIN("red"))')).to.deep.equal(['class', 'kept']);
  });

  it('one that is used again holds nothing of the request before', () => {
    expect(runtime.run('local one = BEGIN("red") FILL(one) FINISH(one) local other = BEGIN("green") SAME = one == other return HELD(other)')).to.deep.equal(['class', 'kept']);
    expect(runtime.run('return SAME')).to.equal(true);
  });

  it('two requests at one time have two', () => {
    expect(runtime.run('local one = BEGIN("red") local other = BEGIN("red") return one == other')).to.equal(false);
  });

  it('one of another kind (of a connection with TLS) is left alone', () => {
    expect(runtime.run('local own = { class = "red" } FINISH(own) return { list = true, own.class, BEGIN("green") == own }')).to.deep.equal(['red', false]);
  });
});
