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
}

export interface RunningProxy {
  /** One for each class, on 127.0.0.1. */
  ports: number[];
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
  ['X-Request-ID', '$request_id'], ['X-Real-IP', '$remote_addr'], ['X-Forwarded-For', '$remote_addr'], ['X-Forwarded-Host', '$host'],
  ['X-Forwarded-Port', '$server_port'], ['X-Forwarded-Proto', '$scheme'], ['X-Forwarded-Scheme', '$scheme'], ['X-Scheme', '$scheme'],
] as const;
