// Answers the engine's agent on the unix socket: takes steps of class tables, tells generations and counters. It gives no
// entry back, so no key can be read out of it.

import * as cjson from 'cjson';
import { printCounters } from './counter-lines.js';
import { PAUSE_SECONDS, forgetCounters, freePlaces } from './counters.js';
import { isServed, instanceId, servedClasses } from './init.js';
import { currentGeneration } from './read-entry.js';
import { countKey, leavingKey } from './shared-keys.js';
import { NUMBER_BYTES, placeCount } from './shared-numbers.js';
import { cut, find } from './text.js';
import { type Lines, writeTable } from './write-table.js';

const { ia_versions: versions } = ngx.shared;

const TABLES = '/v1/tables';
const COUNTERS = '/v1/counters';
/** Lines of a step between two looks at the clock, and how long they go on until others have a turn. */
const LINES_AT_ONCE = 10;
const TURN_SECONDS = 0.0009;
const ZONES = ['ia_versions', 'ia_pointers', 'ia_records', 'ia_counters', 'ia_client_certificates', 'ia_limits'] as const;

/** Runs for every request on the control socket. */
export function run(): void {
  const method = ngx.req.get_method();
  const uri = ngx.var.uri as string;
  if (method === 'GET' && uri === TABLES) return answer(200, describeTables());
  if (method === 'GET' && uri === COUNTERS) return tellCounters();
  if (method === 'POST' && uri === COUNTERS + '/forget') return takeForgotten();
  if (method === 'POST' && find(uri, TABLES + '/', 0) === 0) return takeStep(cut(uri, TABLES.length + 1, uri.length));
  if (uri === '/v1/leaving' && (method === 'PUT' || method === 'DELETE')) return setLeaving(method === 'PUT');
  return answer(404, { error: 'unknown' });
}

function setLeaving(leaving: boolean): void {
  versions.delete(leavingKey());
  if (leaving) versions.safe_add(leavingKey(), 1);
  const done = (versions.get(leavingKey()) !== undefined) === leaving;
  answer(done ? 200 : 507, { leaving });
}

function takeStep(className: string): void {
  const base = tonumber(ngx.var.arg_base);
  if (base === undefined || !isServed(className)) return answer(404, { error: 'class' });
  ngx.req.read_body();
  const outcome = writeTable(className, base, isAnyoneServed() ? inTurns(bodyLines()) : bodyLines());
  answer(outcome.status, outcome.body);
}

/** Before the first table of any class there is nobody to wait. */
function isAnyoneServed(): boolean {
  for (const name of servedClasses()) if (currentGeneration(name) > 0) return true;
  return false;
}

/** The same lines, with pauses in which the worker's other requests go on: a step of many entries takes a second. */
function inTurns(lines: Lines): Lines {
  let taken = 0;
  let since = ngx.now();
  return () => {
    taken = taken + 1;
    if (taken % LINES_AT_ONCE === 0) {
      ngx.update_time();
      if (ngx.now() - since > TURN_SECONDS) {
        ngx.sleep(PAUSE_SECONDS);
        since = ngx.now();
      }
    }
    return lines();
  };
}

function bodyLines(): Lines {
  const body = ngx.req.get_body_data();
  if (body === undefined) {
    const file = ngx.req.get_body_file();
    return file === undefined ? () => undefined : (io.lines(file) as unknown as Lines);
  }
  let at = 0;
  return () => {
    if (at >= body.length) return undefined;
    const newline = find(body, '\n', at);
    const end = newline < 0 ? body.length : newline;
    const line = cut(body, at, end);
    at = end + 1;
    return line;
  };
}

function describeTables(): unknown {
  const classes: Record<string, { generation: number; entries: number }> = {};
  for (const name of servedClasses()) {
    const entries = (versions.get(countKey(name)) as number | undefined) ?? 0;
    classes[name] = { generation: currentGeneration(name), entries };
  }
  return { classes, instance: instanceId(), zones: describeZones() };
}

/** Bytes of each zone's pages, and of those that are free. */
function describeZones(): unknown {
  const zones: Record<string, { free: number; capacity: number }> = {};
  for (const name of ZONES) zones[name] = { free: ngx.shared[name].free_space(), capacity: ngx.shared[name].capacity() };
  return zones;
}

/** Whose counters they are, how full the zones are, then one line a counter. */
function tellCounters(): void {
  ngx.print('instance\t', instanceId(), '\n');
  for (const name of ZONES) {
    const zone = ngx.shared[name];
    ngx.print('zone|', name, '\t', tostring(zone.free_space()), ',', tostring(zone.capacity()), '\n');
  }
  ngx.print('zone|ia_numbers\t', tostring(freePlaces() * NUMBER_BYTES), ',', tostring(placeCount() * NUMBER_BYTES), '\n');
  printCounters();
}

/** The body names counters to take away, one a line. */
function takeForgotten(): void {
  ngx.req.read_body();
  const gone: Record<string, boolean | undefined> = {};
  const lines = bodyLines();
  for (let line = lines(); line !== undefined; line = lines()) gone[line] = true;
  const forgotten = forgetCounters(gone);
  answer(forgotten === undefined ? 409 : 200, { forgotten });
}

function answer(status: number, body: unknown): void {
  ngx.status = status;
  ngx.say(cjson.encode(body));
}
