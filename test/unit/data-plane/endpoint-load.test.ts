// The emitted Lua that chooses by load: what it learns from answers, and that nothing it counts is left over.
import { expect } from 'chai';
import { LuaRuntime, emittedModules } from '../../fixtures/lua-runtime.js';

/** One worker with a clock of its own; chance is seeded, so each run is the same. */
const harness = `
CLOCK = 1000
local ngx = { ctx = {}, status = 200, now = function() return CLOCK end, time = function() return 1 end, worker = { pid = function() return 1 end }, md5 = function(text) return text end }
local load = newWorker({ ngx = ngx, modules = { cjson = {}, ["ngx.ssl"] = {} } })
local prepare = load("data-plane.prepare-endpoints").prepareEndpoints
local loads = load("data-plane.endpoint-load")
local function list(count, from)
  local all = {}
  for at = 1, count do all[at] = { address = "10.0.0." .. (at + (from or 0)), port = 80 } end
  return all
end
function START(count) ENDPOINTS = prepare(list(count), {}) return #ENDPOINTS end
function CHANGE(count, from) ENDPOINTS = prepare(list(count, from), ENDPOINTS) end
function PICK() return loads.lighterTurn(ENDPOINTS) end
function BEGIN(place, counted)
  local ctx = {}
  ngx.ctx = ctx
  ctx.triedAt = CLOCK
  loads.beginLoad(ENDPOINTS[place + 1], counted ~= false)
  return ctx
end
function FINISH(ctx, status, failed)
  ngx.ctx = ctx
  ngx.status = status or 200
  if not failed then ctx.headerAt = CLOCK end
  loads.endLoad(failed == true)
end
function ANSWER(place, seconds, status, failed)
  local ctx = BEGIN(place)
  CLOCK = CLOCK + seconds
  FINISH(ctx, status, failed)
end
function SHARES(picks)
  local shares = { list = true }
  for at = 1, #ENDPOINTS do shares[at] = 0 end
  for _ = 1, picks do local at = PICK() + 1 shares[at] = shares[at] + 1 end
  return shares
end
function OF(place, field) return ENDPOINTS[place + 1][field] end
function SET(place, field, value) ENDPOINTS[place + 1][field] = value end
`;

describe('data-plane: choice by load', () => {
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run(harness);
  });
  after(() => runtime?.close());
  const lua = (text: string): unknown => runtime.run(text);
  const shares = (picks: number): number[] => lua(`return SHARES(${picks})`) as number[];

  it('endpoints of which nothing is known share evenly', () => {
    lua('START(4)');
    for (const share of shares(4000)) expect(share).to.be.within(850, 1150);
  });

  it('of two by chance the faster one: the slowest is never taken, the fastest most', () => {
    lua('START(4) for round = 1, 5 do ANSWER(0, 0.4) ANSWER(1, 0.1) ANSWER(2, 0.2) ANSWER(3, 0.01) end');
    const [slowest, third, second, fastest] = shares(6000) as [number, number, number, number];
    expect(slowest).to.equal(0);
    expect(fastest).to.be.within(2800, 3200);
    expect(third).to.be.within(1800, 2200);
    expect(second).to.be.within(800, 1200);
  });

  it('what is under way counts: three requests at the fastest make it no longer so', () => {
    lua('START(2) for round = 1, 5 do ANSWER(0, 0.2) ANSWER(1, 0.1) end');
    expect(shares(100)).to.deep.equal([0, 100]);
    lua('HELD = {} for at = 1, 3 do HELD[at] = BEGIN(1) end');
    expect(shares(100)).to.deep.equal([100, 0]);
    lua('for at = 1, 3 do FINISH(HELD[at]) end');
    expect(lua('return OF(1, "underWay")')).to.equal(0);
  });

  it('a longer time counts at once, and is forgotten slowly', () => {
    lua('START(2) for round = 1, 5 do ANSWER(0, 0.05) ANSWER(1, 0.1) end ANSWER(0, 2)');
    expect(shares(100)).to.deep.equal([0, 100]);
    lua('for round = 1, 400 do ANSWER(1, 0.1) end');
    expect(shares(100)[0]).to.be.greaterThan(0);
  });

  it('an error that comes fast makes nobody look fast; one that comes late makes him look slow', () => {
    lua('START(2) for round = 1, 5 do ANSWER(0, 0.1) ANSWER(1, 0.05) end for round = 1, 60 do CLOCK = CLOCK + 1 ANSWER(0, 0.001, 503) ANSWER(0, 0.001, 200, true) ANSWER(1, 0.05) end');
    expect(shares(100)).to.deep.equal([0, 100]);
    lua('ANSWER(1, 1, 504)');
    expect(shares(100)).to.deep.equal([100, 0]);
  });

  it('who is passed over is not taken, unless all are', () => {
    lua('START(3) SET(1, "until", CLOCK + 30)');
    const [one, passedOver, other] = shares(1000) as [number, number, number];
    expect([passedOver, one + other]).to.deep.equal([0, 1000]);
    lua('SET(0, "until", CLOCK + 30)');
    expect(shares(50)).to.deep.equal([0, 0, 50]);
    lua('SET(2, "until", CLOCK + 30)');
    for (const share of shares(900)) expect(share).to.be.greaterThan(200);
  });

  it('when endpoints change, who stays keeps what is known of it, and who is new begins as the average', () => {
    lua('START(2) for round = 1, 5 do ANSWER(0, 0.3) ANSWER(1, 0.1) end SET(0, "failures", 1) SET(0, "until", CLOCK + 5) HELD = BEGIN(1)');
    lua('CHANGE(3)');
    expect(lua('return { OF(0, "failures"), OF(0, "until") - CLOCK, OF(1, "underWay"), OF(2, "underWay"), OF(2, "failures") }')).to.deep.equal([1, 5, 1, 0, 0]);
    expect(lua('return OF(2, "average")')).to.be.within(0.15, 0.25);
    lua('FINISH(HELD)');
    expect(lua('return OF(1, "underWay")')).to.equal(0);
    lua('CHANGE(3, 100)');
    expect(lua('return { OF(0, "failures"), OF(0, "until") }')).to.deep.equal([0, 0]);
  });

  it('a try whose end may not be seen is not counted, but its time is', () => {
    lua('START(2) HELD = BEGIN(0, false)');
    expect(lua('return OF(0, "underWay")')).to.equal(0);
    lua('CLOCK = CLOCK + 1 FINISH(HELD)');
    expect(lua('return { OF(0, "underWay"), OF(0, "average") }')).to.deep.equal([0, 1]);
  });
});
