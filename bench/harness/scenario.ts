// What is asked of every proxy, as data: bench/scenarios/*.json. A proxy that is built elsewhere can be driven by the same
// files and compared by its address.

import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Scenario {
  /** What the run is to answer, for people. */
  question: string;
  /** Hosts h0.example.com, h1…, divided evenly over the classes. */
  hosts: number;
  /** Classes, each with a listener of its own. */
  classes: number;
  /** Prefix paths of each host beside `/`: /p0, /p1, … */
  paths: number;
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
}

const DEFAULTS = { classes: 1, paths: 0, policies: false, scheme: 'http', traffic: 'requests', bytes: 0, certificates: 'one', keys: 'ec', connections: 32, limits: {} } as const;

/** Reads a scenario by its name. Throws when there is none. */
export function readScenario(name: string): Scenario {
  return { ...DEFAULTS, ...JSON.parse(readFileSync(path.resolve('bench/scenarios', `${name}.json`), 'utf8')) as Scenario };
}

/** One that is not in a file. */
export const scenarioWith = (own: Partial<Scenario>): Scenario => ({ ...DEFAULTS, question: '', hosts: 0, proxies: [], ...own });

export const hostName = (at: number): string => `h${at}.example.com`;

/** Numbers of the hosts of one class: from the first to before the last. */
export function hostsOf({ hosts, classes }: Scenario, at: number): { from: number; to: number } {
  return { from: Math.floor(hosts * at / classes), to: Math.floor(hosts * (at + 1) / classes) };
}
