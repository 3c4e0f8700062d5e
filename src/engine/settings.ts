// Reads the engine's own settings: checked once, defaults filled in, after which only the strict type travels.
// These are the operator's words; nothing that a user of the cluster writes comes through here.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import type { ErrorObject } from 'ajv';
import cloneDeep from 'lodash/cloneDeep.js';
import isEqual from 'lodash/isEqual.js';
import { parse } from 'yaml';
import { EngineError, messageFrom } from './engine-error.js';
import { quote } from './nginx-text.js';
import { schemaCheck } from './schema-check.js';
import { settingsSchema } from './settings-schema.js';
import { hopDirectory, hopNameLength } from '../route-table/backend-tls.js';
import { allUpstreamBlocks } from '../route-table/upstream-blocks.js';

export interface ListenerSettings {
  name: string;
  /** IPv4, or IPv6 without brackets. */
  address: string;
  httpPort: number;
  httpsPort: number;
  /** Networks (`10.0.0.0/8`) of proxies that speak the PROXY protocol here; then every connection has to. */
  proxyProtocolFrom?: string[];
  /** Whether its TLS connections come in through the agent, which passes some to backends as they are (annotation ssl-passthrough). */
  sslPassthrough?: boolean;
  /** Classes served here; where two classes have the same host and path, the earlier class wins. */
  classes: string[];
}

export interface EngineLimits {
  workerConnections: number;
  idleUpstreamConnections: number;
  bodyMegabytes: number;
  requestHeaders: number;
  clientHeaderSeconds: number;
  clientBodySeconds: number;
  connectSeconds: number;
  sendSeconds: number;
  readSeconds: number;
  startSeconds: number;
  drainSeconds: number;
  leaveSeconds: number;
  entriesPerClass: number;
  megabytesPerClass: number;
  compiledPatterns: number;
  routesPerHost: number;
  endpointsPerService: number;
}

export interface MetricsSettings {
  /** False: requests are not counted at all. */
  traffic: boolean;
  /** Times and sizes for each Ingress and Service instead of for each class. */
  histogramsPerIngress: boolean;
  /** Also under the names of ingress-nginx, which need requests by host and path. */
  ingressNginxNames: boolean;
  /** Series of requests of one class; what comes after is counted together. */
  seriesPerClass: number;
  /** How long the series of an Ingress stay after it has gone. */
  goneSeconds: number;
}

export interface EngineSettings {
  listeners: ListenerSettings[];
  /** nginx's prefix: its configuration, sockets, temporary files and default certificate. Absolute. */
  workDirectory: string;
  workers: number;
  /** Account of nginx's workers when the agent runs as root; nginx's own choice (nobody) when left out. */
  workerUser?: string;
  nginxBinary: string;
  modulesDirectory: string;
  /** Where the data plane's compiled Lua lies (dist/lua). */
  luaDirectory: string;
  sharedMemoryMegabytes: Record<'versions' | 'pointers' | 'records' | 'counters' | 'numbers' | 'clientCertificates' | 'limits' | 'verdicts' | 'tlsSessions', number>;
  /** The one setting that lets endpoints in 127.0.0.0/8 and ::1 pass. For development and tests. */
  allowLoopbackEndpoints: boolean;
  /** Who is asked for names outside of the cluster: `address` or `address:port`; left out: those of the system. */
  nameServers?: string[];
  /** File with a line of JSON for each request; left out: there is none. nginx appends to it, and goes on when it can't. */
  accessLog?: string;
  limits: EngineLimits;
  metrics: MetricsSettings;
}

/** A unix socket's path may have 107 bytes on Linux; these are added to the work directory. */
const LONGEST_WORK_DIRECTORY = 107 - Math.max('/control/control.sock'.length, `/${hopDirectory}`.length + hopNameLength);

const check = schemaCheck(settingsSchema);

/** Reads a settings file (YAML). Relative paths in it are relative to the file. */
export function readEngineSettings(file: string): EngineSettings {
  let input: unknown;
  try {
    input = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new EngineError('settings', `${file}: cannot be read as YAML: ${messageFrom(error)}`, error);
  }
  return engineSettings(input, path.dirname(path.resolve(file)));
}

/** Checks settings and fills in the defaults. Throws one EngineError that names every wrong key and what to do. */
export function engineSettings(input: unknown, baseDirectory = process.cwd()): EngineSettings {
  const settings = cloneDeep(input) as EngineSettings;
  const errors = check(settings);
  if (errors.length > 0) throw invalid(errors.map(schemaComplaint));
  settings.workDirectory = path.resolve(baseDirectory, settings.workDirectory);
  settings.luaDirectory = settings.luaDirectory === undefined
    ? path.resolve(import.meta.dirname, '../../lua') : path.resolve(baseDirectory, settings.luaDirectory);
  const complaints = [...listenerComplaints(settings.listeners), ...pathComplaints(settings), ...limitComplaints(settings.limits)];
  if (complaints.length > 0) throw invalid(complaints);
  return settings;
}

/** Every class that some listener serves. */
export function servedClasses(settings: EngineSettings): Set<string> {
  return new Set(settings.listeners.flatMap((listener) => listener.classes));
}

/** Throws one EngineError that names what can't change while the engine runs. */
export function checkReplaceable(now: EngineSettings, next: EngineSettings): void {
  const fixed = [...(['workDirectory', 'metrics'] as const).filter((key) => !isEqual(now[key], next[key])), ...turned(now.listeners, next.listeners)];
  if (fixed.length > 0) throw invalid(fixed.map((key) => `${key}: can't be changed while the engine runs; restart the engine, or put back what it was`));
}

/** Listeners whose TLS port would go from nginx to the agent or back: whoever has a socket that listens can't give it away. */
function turned(now: readonly ListenerSettings[], next: readonly ListenerSettings[]): string[] {
  return next.flatMap(({ name, httpsPort, sslPassthrough = false }, at) => (
    now.some((one) => one.httpsPort === httpsPort && (one.sslPassthrough ?? false) !== sslPassthrough) ? [`listeners.${at}.sslPassthrough (${name})`] : []));
}

/** Every class whose connections may be passed through. */
export function passingClasses(settings: EngineSettings): Set<string> {
  return servedClasses({ ...settings, listeners: settings.listeners.filter(({ sslPassthrough }) => sslPassthrough === true) });
}

function invalid(complaints: string[]): EngineError {
  return new EngineError('settings', `engine settings: ${[...new Set(complaints)].join('; ')}`);
}

function schemaComplaint(error: ErrorObject): string {
  const key = error.instancePath.slice(1).replaceAll('/', '.') || 'the settings';
  if (error.keyword === 'additionalProperties') {
    return `${key}: ${JSON.stringify(error.params.additionalProperty)} is not a setting; remove it or correct its spelling`;
  }
  if (error.keyword === 'pattern') {
    const rule = key.includes('classes') ? 'a DNS name in lower case, such as "nginx-internal"' : 'lower-case letters, digits and dashes';
    return `${key}: is not a valid name; use ${rule}`;
  }
  if (error.keyword === 'required') return `${key}: ${JSON.stringify(error.params.missingProperty)} is missing; add it`;
  return `${key}: ${error.message}; correct the value`;
}

function listenerComplaints(listeners: ListenerSettings[]): string[] {
  const complaints: string[] = [];
  const names = new Set<string>();
  const ports = new Map<number, string>();
  listeners.forEach((listener, index) => {
    const key = `listeners.${index}`;
    if (names.has(listener.name)) complaints.push(`${key}.name: "${listener.name}" is used twice; give each listener its own name`);
    names.add(listener.name);
    if (isIP(listener.address) === 0 || listener.address.includes('%')) {
      complaints.push(`${key}.address: ${JSON.stringify(listener.address)} is not an IP address; use one such as 0.0.0.0 or ::`);
    }
    for (const range of listener.proxyProtocolFrom ?? []) if (!isNetwork(range)) complaints.push(`${key}.proxyProtocolFrom: ${JSON.stringify(range)} is no network; write one such as 10.0.0.0/8 or one address`);
    if (new Set(listener.classes).size < listener.classes.length) complaints.push(`${key}.classes: a class is listed twice; list it once`);
    for (const port of [listener.httpPort, listener.httpsPort]) {
      const owner = ports.get(port);
      // Also across addresses: the certificate of a TLS connection is found by the port it came in on.
      if (owner !== undefined) complaints.push(`${key}: port ${port} is already taken by listener "${owner}"; give each port to one listener`);
      ports.set(port, listener.name);
    }
  });
  return complaints;
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function pathComplaints(settings: EngineSettings): string[] {
  const complaints: string[] = [];
  for (const key of ['workDirectory', 'nginxBinary', 'modulesDirectory', 'luaDirectory', 'accessLog'] as const) {
    const value = settings[key];
    if (value === undefined) continue;
    if (!path.isAbsolute(value)) complaints.push(`${key}: must be an absolute path`);
    try {
      quote(value);
    } catch {
      complaints.push(`${key}: must not contain control characters, quotes, backslashes or "$"; choose another path`);
    }
  }
  if (/[;?]/.test(settings.luaDirectory)) complaints.push('luaDirectory: must not contain ";" or "?", which Lua gives a meaning; choose another path');
  if (Buffer.byteLength(settings.workDirectory) > LONGEST_WORK_DIRECTORY) {
    complaints.push(`workDirectory: is longer than ${LONGEST_WORK_DIRECTORY} bytes, too long for a socket in it; choose a shorter path`);
  }
  return complaints;
}

function limitComplaints(limits: EngineLimits): string[] {
  const idle = limits.idleUpstreamConnections * allUpstreamBlocks;
  if (idle < limits.workerConnections) return [];
  return [`limits.idleUpstreamConnections: ${allUpstreamBlocks} upstream blocks keep ${idle} connections, which leaves none of ` +
    `limits.workerConnections (${limits.workerConnections}) for clients; lower the one or raise the other`];
}
