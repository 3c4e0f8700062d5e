// The smallest Lua modules that let the real nginx start, take tables and answer: used where a test is about the process
// and not about the data plane.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const control = `
local cjson = require("cjson.safe")
local versions, records = ngx.shared.ia_versions, ngx.shared.ia_records
local function answer(status, value)
  ngx.status = status
  ngx.say(cjson.encode(value))
end
local function take(class)
  ngx.req.read_body()
  local body = ngx.req.get_body_data() or ""
  local generation = versions:get("generation/" .. class) or 0
  if tonumber(ngx.var.arg_base) ~= generation then return answer(409, { error = "base", generation = generation }) end
  local entries = versions:get("entries/" .. class) or 0
  for line in string.gmatch(body, "([^\\n]+)\\n") do
    local key, json = string.match(line, "^%+([^\\t]+)\\t(.*)$")
    if key then
      if not records:get(class .. "/" .. key) then entries = entries + 1 end
      records:set(class .. "/" .. key, json)
    else
      records:delete(class .. "/" .. string.sub(line, 2))
      entries = entries - 1
    end
  end
  versions:set("entries/" .. class, entries)
  versions:set("generation/" .. class, generation + 1)
  versions:set("class/" .. class, true)
  answer(200, { generation = generation + 1, entries = entries })
end
local function tables()
  local classes = {}
  for _, key in ipairs(versions:get_keys(0)) do
    local class = string.match(key, "^class/(.*)$")
    if class then classes[class] = { generation = versions:get("generation/" .. class), entries = versions:get("entries/" .. class) } end
  end
  answer(200, { instance = versions:get("instance"), classes = next(classes) and classes or cjson.decode("{}") })
end
local function run()
  local class = string.match(ngx.var.uri, "^/v1/tables/([^/]+)$")
  if class then return take(class) end
  if ngx.var.uri == "/v1/tables" then return tables() end
  if ngx.var.uri == "/v1/counters" then 
    return ngx.say("instance\\t", versions:get("instance"), "\\nrequests|internal|shop|web|web|GET|200||\\t", versions:get("count") or 0)
  end
  if ngx.var.uri == "/v1/leaving" then return answer(200, {}) end
  answer(404, {})
end
return { run = run }
`;

const modules: Record<string, string> = {
  init: `return { start = function()
    local file = assert(io.open(ngx.config.prefix() .. "data-plane.json"))
    file:close()
    ngx.shared.ia_versions:set("instance", tostring(ngx.now()) .. "-" .. tostring(ngx.worker.pid()))
    for _, name in ipairs({ "route", "balance", "certificate", "count", "control" }) do require("data-plane." .. name) end
  end }`,
  // Everything goes to the backend whose address the class "internal" has under this key.
  route: `local function run()
    local record = ngx.shared.ia_records:get("internal/service/shop/web/80")
    if not record then return ngx.exit(404) end
    local endpoint = require("cjson.safe").decode(record).endpoints[1]
    if not endpoint then return ngx.exit(503) end
    ngx.ctx.endpoint = endpoint
    ngx.var.ia_shard = "h_ia"
    ngx.var.ia_uri = "/seen" .. ngx.var.uri
  end
  return { run = run, resume = run }`,
  balance: `local balancer = require("ngx.balancer")
    return { run = function() assert(balancer.set_current_peer(ngx.ctx.endpoint.address, ngx.ctx.endpoint.port)) end }`,
  'start-worker': 'return { start = function() end, stop = function() end }',
  count: 'return { run = function() ngx.shared.ia_versions:incr("count", 1, 0) end }',
  control,
};

/** Writes the modules below `directory`, which becomes a luaDirectory; those that are not listed are there and do nothing. */
export function writeStandInLua(directory: string): void {
  mkdirSync(path.join(directory, 'data-plane'), { recursive: true });
  for (const file of readdirSync('src/data-plane')) {
    if (!file.endsWith('.d.ts')) writeFileSync(path.join(directory, 'data-plane', file.replace(/[.]ts$/, '.lua')), 'return { run = function() end }');
  }
  for (const [name, source] of Object.entries(modules)) writeFileSync(path.join(directory, 'data-plane', `${name}.lua`), source);
}
