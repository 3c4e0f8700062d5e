// What is asked of every proxy, as data: bench/scenarios/*.json. A proxy that is built elsewhere can be driven by the same
// files and compared by its address.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serviceKey } from '../../src/route-table/entry-keys.js';

export interface Scenario {
  /** What the run is to answer, for people. */
  question: string;
  /** Hosts h0.example.com, h1…, divided evenly over the classes. */
  hosts: number;
  /** Classes, each with a listener of its own. */
  classes: number;
  /** Prefix paths of each host beside `/`: /p0, /p1, … */
  paths: number;
  /** What else the routes of a host ask for; see Routing. */
  routing: Routing;
  /** Whether each route also carries an address list, CORS, limits of body and waits. */
  policies: boolean;
  /** What a client speaks. `https-new`: a handshake for every request; `https-resumed`: the same, resuming a session; `h2`: HTTP/2 over TLS. */
  scheme: 'http' | 'https' | 'https-new' | 'https-resumed' | 'h2';
  /** `grpc`: unary calls, over h2; `websocket`: messages over open ones; `download` and `upload`: bodies of `bytes`. */
  traffic: 'requests' | 'grpc' | 'websocket' | 'download' | 'upload';
  bytes: number;
  /** Certificates: one, or one for each host. Only of https. */
  certificates: 'one' | 'each';
  /** Of certificates: EC P-256, with which a handshake costs the client more than the server; RSA 2048, with which it is the other way round. */
  keys: 'ec' | 'rsa';
  connections: number;
  /** Names of the proxies that are compared with the first of them; see bench/peers. */
  proxies: string[];
  /** Figures to reach, by proxy: the largest ratio. */
  limits: Record<string, number>;
  /** The largest ratio of our instructions to those of the static nginx (bench/instructions.ts). */
  instructions?: number;
  /** Requests before instructions are counted, where it is not as many as LuaJIT needs. */
  warmUp?: number;
}

/**
 * `rewrite`: a pattern with groups, one of which is sent on as the path; `canary`: CANARY_PERCENT of the requests go to another Service;
 * `cookie`: a client's cookie says its endpoint.
 */
export type Routing = 'plain' | 'rewrite' | 'canary' | 'cookie';

export const REWRITE = { pattern: '/api/v([0-9]+)/(.*)', to: '/$2' } as const;
export const CANARY_PERCENT = 20;
export const COOKIE = 'route';

/** The cookie of a client whose first answer came from the Service with this key, as ingress-nginx and our engine name it: md5(md5(key) + key). */
export function stickyCookie(client: string, service: string): string {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  return `${COOKIE}=${client}|${md5(md5(service) + service)}`;
}

const DEFAULTS = { classes: 1, paths: 0, routing: 'plain', policies: false, scheme: 'http', traffic: 'requests', bytes: 0, certificates: 'one', keys: 'ec', connections: 32, limits: {} } as const;

/** Reads a scenario by its name. Throws when there is none. */
export function readScenario(name: string): Scenario {
  return { ...DEFAULTS, ...JSON.parse(readFileSync(path.resolve('bench/scenarios', `${name}.json`), 'utf8')) as Scenario };
}

/** One that is not in a file. */
export const scenarioWith = (own: Partial<Scenario>): Scenario => ({ ...DEFAULTS, question: '', hosts: 0, proxies: [], ...own });

/** Key of the Service that all hosts share, and of the one that canaries go to. */
export const SERVICE = serviceKey('shop', 'web', '80');
export const NEXT_SERVICE = serviceKey('shop', 'web-next', '80');

export const hostName = (at: number): string => `h${at}.example.com`;

/** What is asked of a host as number `n` of all requests. */
export function requestOf({ paths, routing }: Scenario, n: number): { path: string; headers: Record<string, string> } {
  if (routing === 'rewrite') return { path: `/api/v${n % 9 + 1}/page`, headers: {} };
  const path = paths > 0 ? `/p${n % paths}/page` : '/';
  return { path, headers: routing === 'cookie' ? { cookie: stickyCookie(`client${n % 1009}`, SERVICE) } : {} };
}

/** Numbers of the hosts of one class: from the first to before the last. */
export function hostsOf({ hosts, classes }: Scenario, at: number): { from: number; to: number } {
  return { from: Math.floor(hosts * at / classes), to: Math.floor(hosts * (at + 1) / classes) };
}
