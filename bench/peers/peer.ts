// What every proxy of a comparison is to the benchmark: something that can be started for a scenario and has processes.

import type { Scenario } from '../harness/scenario.js';

export interface Prepared {
  scenario: Scenario;
  /** Of this proxy alone; it is removed after the run. */
  folder: string;
  /** Ports of the pods on 127.0.0.1: every host has all of them as endpoints. */
  pods: readonly number[];
  /** Certificates by host number, PEM; one for all hosts, or one for each. */
  certificates: readonly { certificate: string; key: string }[];
  /** What nginx is to be started with, such as valgrind and its options. */
  wrap?: readonly string[];
}

export interface RunningProxy {
  /** One for each class, on 127.0.0.1. */
  ports: number[];
  /** How many of the scenario's hosts it has; all when left out. */
  hosts?: number;
  /** The processes whose time is counted: those that handle requests. */
  pids(): number[];
  stop(): Promise<void>;
}

export interface Peer {
  name: string;
  /** As it calls itself. */
  version(): Promise<string>;
  start(prepared: Prepared): Promise<RunningProxy>;
}

/** The headers that every proxy sends to the pod, with nginx's names of the values. */
export const forwarded = [
  ['X-Request-ID', '$given_request_id'], ['X-Real-IP', '$remote_addr'], ['X-Forwarded-For', '$remote_addr'], ['X-Forwarded-Host', '$host'],
  ['X-Forwarded-Port', '$server_port'], ['X-Forwarded-Proto', '$scheme'], ['X-Forwarded-Scheme', '$scheme'], ['X-Scheme', '$scheme'],
] as const;

/** What only a proxy may say, taken out of what a client sends (nginx does it by setting it to nothing). */
export const takenOut = [
  'Proxy', 'Forwarded', 'X-Forwarded-Client-Cert', 'X-Forwarded-Prefix', 'X-Original-URI', 'X-Original-URL', 'X-Original-Host', 'X-Original-Method', 'X-Rewrite-URL',
  'ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn', 'ssl-client-cert',
] as const;
