// Our engine with one worker, given the scenario's routes as a controller would give them. Its agent's time does not count
// here (it handles no request); the price of a change is asked by bench/change.

import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Engine, startEngine } from '../../src/engine/agent.js';
import { engineSettings } from '../../src/engine/settings.js';
import { certificateKey, hostKey, serverNameKey } from '../../src/route-table/entry-keys.js';
import type { HostRoutes, Policy, Route, TableUpdate } from '../../src/route-table/types.js';
import { freePorts } from '../../test/fixtures/free-ports.js';
import { bindTo, proxyProcessor } from '../harness/processor-time.js';
import { CANARY_PERCENT, COOKIE, NEXT_SERVICE, REWRITE, SERVICE, type Scenario, hostName, hostsOf } from '../harness/scenario.js';
import { firstLine } from './child-proxy.js';
import type { Peer, Prepared, RunningProxy } from './peer.js';

const POLICIES: Policy[] = [{
  allow: ['7f000000/8'], bodyBytes: 8 * 1024 * 1024, connectSeconds: 5, readSeconds: 30,
  cors: { origins: ['*'], credentials: true },
}];

/** The engine with its usual settings. */
export const ingressArbiter = arbiterPeer('ingress-arbiter', {});
/** The same again: what it differs by from the one above is noise. */
export const control = arbiterPeer('ingress-arbiter-again', {});
/** It counts nothing. */
export const uncounted = arbiterPeer('ingress-arbiter-uncounted', { traffic: false });
/** It counts by Ingress and path, also under the names of ingress-nginx. */
export const countedByIngress = arbiterPeer('ingress-arbiter-by-ingress', { histogramsPerIngress: true, ingressNginxNames: true });
/** It has a tenth of the hosts and is asked for those. */
export const fewerHosts = arbiterPeer('ingress-arbiter-tenth', {}, 0.1);

function arbiterPeer(name: string, metrics: Record<string, unknown>, share = 1): Peer {
  return {
    name,
    version: async () => `${await firstLine('/usr/sbin/nginx', '-v')}, ingress-arbiter`,
    async start(prepared) {
      const hosts = Math.ceil(prepared.scenario.hosts * share);
      const { engine, ports } = await startArbiter({ ...prepared, scenario: { ...prepared.scenario, hosts } }, { workers: 1, metrics });
      const pids = () => prepared.wrap === undefined ? engine.pids()!.workers : [engine.pids()!.master];
      bindTo(proxyProcessor, pids());
      return { ports, hosts, pids, stop: () => engine.stop() } satisfies RunningProxy;
    },
  };
}

/** An engine that serves the scenario; the updates it was given begin at sequence 1 for each class. */
export async function startArbiter(prepared: Prepared, options: { workers: number; metrics: Record<string, unknown> }): Promise<{ engine: Engine; ports: number[]; httpsPorts: number[] }> {
  const { scenario, folder } = prepared;
  const ports = await freePorts(2 * scenario.classes);
  const listeners = Array.from({ length: scenario.classes }, (_, at) => ({
    name: `class${at}`, address: '127.0.0.1', httpPort: ports[2 * at], httpsPort: ports[2 * at + 1], classes: [`class${at}`],
  }));
  const moved = new Map(prepared.wrap === undefined ? [] : (await freePorts(ports.length)).map((own, at) => [ports[at]!, own] as const));
  const reached = ports.map((port) => moved.get(port) ?? port);
  writeFileSync(path.join(folder, 'scenario.json'), JSON.stringify(scenario));
  const engine = await startEngine(engineSettings({
    ...options, workDirectory: path.join(folder, 'engine'), allowLoopbackEndpoints: true, limits: { drainSeconds: 0, startSeconds: 60 }, listeners,
    ...(prepared.wrap === undefined ? {} : { nginxBinary: wrapped(folder, prepared.wrap, moved) }),
    ...(process.getuid?.() === 0 ? { workerUser: 'root' } : {}),
  }), { log: () => undefined });
  for (let at = 0; at < scenario.classes; at++) await fill(engine, tableOf(prepared, at));
  const chosen = scenario.scheme === 'http' ? 0 : 1;
  return {
    engine, ports: listeners.map((_, at) => reached[2 * at + chosen]!), httpsPorts: listeners.map((_, at) => reached[2 * at + 1]!),
  };
}

/** nginx as one process: it can't take sockets over then, so it listens on `ports` in place of those that the agent holds. */
function wrapped(folder: string, wrap: readonly string[], ports: ReadonlyMap<number, number>): string {
  const file = path.join(folder, 'nginx');
  const moved = [...ports].map(([held, own]) => `-e 's/127.0.0.1:${held}"/127.0.0.1:${own}"/'`).join(' ');
  writeFileSync(file, `#!/bin/sh
unset NGINX
sed ${moved} ${firstLua()} ${folder}/engine/nginx.conf >${folder}/counted.conf
exec ${wrap.join(' ')} /usr/sbin/nginx -p ${folder}/engine -c ${folder}/counted.conf -e stderr -g 'master_process off;'
`);
  chmodSync(file, 0o755);
  return file;
}

/** Lua of the environment variable BENCH_LUA runs first in nginx, such as `require("jit.v").on("/tmp/jit.log")`: what LuaJIT gives up, and why. */
function firstLua(): string {
  const { BENCH_LUA } = process.env;
  return BENCH_LUA === undefined ? '' : `-e 's#^init_by_lua_block {#& ${BENCH_LUA}#'`;
}

async function fill(engine: Engine, update: TableUpdate): Promise<void> {
  const result = await engine.apply(update);
  if (!result.applied) throw new Error(result.reason);
}

/** The first table of one class of the scenario. */
export function tableOf({ scenario, pods, certificates }: Pick<Prepared, 'scenario' | 'pods' | 'certificates'>, at: number): TableUpdate {
  const { from, to } = hostsOf(scenario, at);
  const services = scenario.routing === 'canary' ? [SERVICE, NEXT_SERVICE] : [SERVICE];
  const set: TableUpdate['set'] = services.map((key) => ({ key, value: { endpoints: pods.map((port) => ({ address: '127.0.0.1', port })) } }));
  for (let host = from; host < to; host++) {
    set.push({ key: hostKey(hostName(host)), value: routesOf(scenario, host) });
    if (scenario.scheme === 'http' || (scenario.certificates === 'one' && host > from)) continue;
    const { certificate, key } = certificates[scenario.certificates === 'one' ? 0 : host]!;
    const id = `${host}`.padStart(64, '0');
    set.push({ key: certificateKey(id), value: { chain: certificate, key } });
    set.push({ key: serverNameKey(scenario.certificates === 'one' ? '*.example.com' : hostName(host)), value: { certificate: id } });
  }
  return { class: `class${at}`, epoch: 1, sequence: 1, full: true, set, remove: [], count: set.length };
}

/** The routes of one host. */
export function routesOf(scenario: Scenario, host: number): HostRoutes {
  const { paths, routing } = scenario;
  const policies = policiesOf(scenario);
  const one = {
    namespace: 'shop', ingress: `web-${host}`, service: 'web', backend: SERVICE, ...(policies.length > 0 ? { policy: 0 } : {}),
    ...(routing === 'canary' ? { canary: { ingress: `web-${host}-next`, service: 'web-next', backend: NEXT_SERVICE, weight: CANARY_PERCENT, total: 100 } } : {}),
  };
  const routes: Route[] = ['/', ...Array.from({ length: paths }, (_, at) => `/p${at}`)].map((path) => ({ match: 'prefix', path, ...one }));
  // As the controller orders a host with a pattern: all its paths are patterns, the longest is tried first.
  if (routing === 'rewrite') routes.splice(0, 1, { match: 'regex', path: REWRITE.pattern, rewrite: REWRITE.to, ...one }, { match: 'regex', path: '/', ...one });
  return { routes, ...(policies.length > 0 ? { policies } : {}) };
}

function policiesOf({ policies, routing, traffic }: Scenario): Policy[] {
  if (policies) return POLICIES;
  if (traffic === 'grpc') return [{ protocol: 'grpc' }];
  return routing === 'cookie' ? [{ affinity: { cookie: COOKIE, persistent: false } }] : [];
}
