// What nginx finds and what explain says must be one: random clusters, their class tables put before the emitted Lua, and the
// same requests asked of both. Patterns are left out here (there is no PCRE in this Lua); test/e2e asks nginx about those.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Decided } from '../../../src/core/explain/facts.js';
import { explainRequest } from '../../../src/core/explain/explain-request.js';
import { type AskedRequest, readRequestUrl } from '../../../src/core/explain/request-url.js';
import { isRoutesKey } from '../../../src/route-table/entry-keys.js';
import { packRoutes } from '../../../src/route-table/packed-routes.js';
import type { HostRoutes } from '../../../src/route-table/types.js';
import { decideCluster } from '../../fixtures/decide-cluster.js';
import { LuaRuntime, emittedModules, luaValue } from '../../fixtures/lua-runtime.js';
import { claims, cluster } from '../../fixtures/random-cluster.js';

/** One worker over shared memory that holds the tables given; regular expressions match nothing. */
const harness = `
local dicts = { ia_pointers = {}, ia_records = {}, ia_versions = {} }
local shared = {}
for name, dict in pairs(dicts) do shared[name] = { get = function(_, key) return dict[key] end } end
local nothing = function() return nil end
local ffi = { cdef = nothing, new = nothing, C = { ngx_hash_key = nothing, ngx_http_get_variable = nothing } }
-- There is no JSON here: what a text means is told beside it.
local meanings
local parsed = { cjson = { decode = function(text) return assert(meanings[text], text) end }, ["ngx.ssl"] = {}, ffi = ffi, bit = {}, ["resty.core.base"] = {} }
local ngx = { shared = shared, config = { prefix = function() return "/" end }, re = { match = function() return nil end }, var = {}, md5 = function(text) return text end,
  time = function() return 1 end, now = function() return 1 end, worker = { pid = function() return 1 end } }
local load
function SERVE(tables, meant)
  meanings = meant
  for _, dict in pairs(dicts) do for key in pairs(dict) do dict[key] = nil end end
  load = newWorker({ ngx = ngx, modules = parsed })
  local keys = load("data-plane.shared-keys")
  for class, entries in pairs(tables) do
    dicts.ia_versions[class] = 1
    for key, value in pairs(entries) do
      local pointer = keys.pointerKey(class, key)
      dicts.ia_pointers[pointer] = 1
      dicts.ia_records[keys.recordKey(pointer, 1)] = value
    end
  end
end
local function find(listener, host, path, again)
  local finder = load("data-plane.find-route")
  local found = again and finder.findAgain(listener[1] or "", host, path) or finder.findRoute(listener, host, path)
  if type(found) == "string" then return found end
  local route = found.match.route
  return { class = found.class, ingress = route.namespace .. "/" .. route.ingress, match = route.match, path = route.path, endpoints = found.service and #found.service.endpoints or 0, normal = found.path }
end
-- The second answer comes from what the worker remembers.
function FIND(listener, host, path)
  local first, second = find(listener, host, path), find(listener, host, path, true)
  if type(first) == "string" then
    assert(first == second)
    return first
  end
  for key, value in pairs(first) do assert(second[key] == value, key) end
  first.normal = nil
  return first
end`;

const hosts = fc.constantFrom('a.test', 'b.test', 'x.a.test', 'y.x.a.test', 'A.test.', 'constructor', '__proto__', 'other.test', 'a.test:8080');
const path = fc.constantFrom('/', '/a', '/a/', '/a/b', '/ab', '/A', '/constructor', '/__proto__/x', '//a', '/a/../b', '/%61', '/é');

describe('data plane: findRoute and explain', function () {
  this.timeout(60_000);
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
  });
  after(() => runtime?.close());

  function serve({ tables }: Decided): void {
    const meanings: Record<string, unknown> = {};
    const encode = (value: unknown): string => {
      const json = JSON.stringify(value);
      meanings[json] = value;
      return json;
    };
    const packed = Object.fromEntries([...tables].map(([name, table]) => [name, Object.fromEntries([...table].filter(([key]) => !/^(?:certificate|sni)\//.test(key)).map(([key, value]) => [key, isRoutesKey(key) ? packRoutes(value as HostRoutes, encode) : encode(value)]))]));
    runtime.run(`SERVE(${luaValue(packed)}, ${luaValue(meanings)})`);
  }

  const usesPatterns = ({ tables }: Decided): boolean =>
    [...tables.values()].some((table) => [...table.values()].some((value) => ((value as HostRoutes).routes ?? []).some(({ match }) => match === 'regex')));

  it('find the same route of the same class, or nothing, for the same listener', () => {
    let routes = 0;
    fc.assert(fc.property(cluster, claims, fc.array(fc.tuple(hosts, path), { minLength: 8, maxLength: 8 }), fc.boolean(), (manifests, claimed, requests, backwards) => {
      const decided = decideCluster(manifests, claimed);
      fc.pre(!usesPatterns(decided));
      const listener = claimed.map((claim) => claim.class);
      if (backwards) listener.reverse();
      serve(decided);
      for (const [host, asked] of requests) {
        const request = readRequestUrl(`http://${host}${asked}`) as AskedRequest;
        const { taken, status } = explainRequest(decided, request, listener);
        const found = runtime.run(`return FIND(${luaValue(listener)}, ${luaValue(request.host)}, ${luaValue(request.path)})`);
        if (taken === undefined) expect([found, status]).to.deep.equal(['none', 404]);
        else {
          routes += 1;
          expect(found).to.deep.equal({ class: taken.class, ingress: taken.ingress, match: taken.match, path: taken.path, endpoints: taken.endpoints.inUse });
          expect(taken.sentPath).to.equal(request.path);
        }
      }
    }), { numRuns: 600 });
    expect(routes, 'requests that found a route').to.be.greaterThan(120);
  });
});
