// An entry whose class has moved on under a request: whoever needs no other entry beside it gets it as it is now; a page that stands in
// for an answer, too.
import { expect } from 'chai';
import { LuaRuntime, emittedModules } from '../../fixtures/lua-runtime.js';

/** One worker; the class is at generation 6, and of the entry the records of 5 and 6 are left. A request of generation 1 is under way. */
const harness = `
local dicts = { ia_pointers = {}, ia_records = {}, ia_versions = { web = 6 } }
local shared = {}
for name, dict in pairs(dicts) do shared[name] = { get = function(_, key) return dict[key] end } end
local nothing = function() return nil end
local ffi = { cdef = nothing, new = nothing, C = { ngx_hash_key = nothing, ngx_http_get_variable = nothing } }
local ended
local ngx = { shared = shared, re = {}, var = {}, header = {}, ctx = { resumed = true }, md5 = function(text) return text end,
  time = function() return 1 end, now = function() return 1 end, worker = { pid = function() return 1 end },
  req = { set_header = nothing, clear_header = nothing }, exit = function(status) ended = status end }
local load = newWorker({ ngx = ngx, modules = { cjson = { decode = function(value) return value end }, ["ngx.ssl"] = {}, ["ngx.balancer"] = {}, ffi = ffi, bit = {}, ["resty.core.base"] = {} } })
local keys = load("data-plane.shared-keys")
local function put(key, value)
  local pointer = keys.pointerKey("web", key)
  dicts.ia_pointers[pointer] = 6
  dicts.ia_pointers[keys.previousKey(pointer)] = 5
  for _, generation in ipairs({ 5, 6 }) do dicts.ia_records[keys.recordKey(pointer, generation)] = value(generation) end
end
put("service/shop/pages/80", function(generation) return { endpoints = { { address = "10.0.0." .. generation, port = 80 } } } end)
local services = load("data-plane.entries").services
local function addressOf(service) return service and service.endpoints[1].address or "none" end

function READ(name, generation)
  local value, moved = load("data-plane.read-entry").readEntry(services, "web", name, generation)
  return { strict = value and addressOf(value) or (moved and "moved" or "none"), on = addressOf(load("data-plane.read-on").readOn(services, "web", name, generation)) }
end

function PAGE(backend)
  ended = nil
  ngx.ctx.toPage = nil
  local route = { namespace = "shop", ingress = "web", backend = "service/shop/web/80", service = "web" }
  load("data-plane.error-pages").askForPage({ class = "web", generation = 1, match = { route = route } }, { statuses = { 404 }, backend = backend }, 404)
  return { ended = ended or 0, asked = ngx.ctx.toPage and addressOf(ngx.ctx.service) or "nobody" }
end`;

describe('data plane: entries of a class that has moved on', () => {
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
  });
  after(() => runtime?.close());

  it('are read as of the request\'s generation while they can be, and then as they are now', () => {
    const read = (generation: number): unknown => runtime.run(`return READ("service/shop/pages/80", ${generation})`);
    expect([read(6), read(5), read(1)]).to.deep.equal([{ strict: '10.0.0.6', on: '10.0.0.6' }, { strict: '10.0.0.5', on: '10.0.0.5' }, { strict: 'moved', on: '10.0.0.6' }]);
    expect(runtime.run('return READ("service/shop/gone/80", 1)')).to.deep.equal({ strict: 'moved', on: 'none' });
  });

  it('still have a page asked for', () => {
    expect(runtime.run('return PAGE("service/shop/pages/80")')).to.deep.equal({ ended: 0, asked: '10.0.0.6' });
    expect(runtime.run('return PAGE("service/shop/gone/80")')).to.deep.equal({ ended: 404, asked: 'nobody' });
  });
});
