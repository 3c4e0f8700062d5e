// Reads the settings of `run`: checked once, defaults filled in, after which only the strict type travels. These are the
// operator's words; every wrong one is named, with what to do about it.

import { isIP } from 'node:net';
import path from 'node:path';
import type { ErrorObject } from 'ajv';
import cloneDeep from 'lodash/cloneDeep.js';
import { readYaml } from '../read-yaml.js';
import { runSettingsSchema } from './run-settings-schema.js';
import { type Claim, claimName } from '../../core/claim.js';
import type { Installation } from '../../core/claim-record.js';
import { normalizeHost } from '../../core/host-name.js';
import { type Shard, parseShard } from '../../core/shard.js';
import { schemaCheck } from '../../engine/schema-check.js';
import { type EngineSettings, engineSettings, passingClasses, servedClasses } from '../../engine/settings.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';

export interface RunSettings {
  claims: Claim[];
  installation: Installation;
  kubeconfig: KubeConfigSource;
  admin: { address: string; port: number };
  /** Statuses that are written a second at most, after a burst of four times as many. */
  statusWritesPerSecond: number;
  /** How long it serves, unready, after its claims are given back. */
  unreadySeconds: number;
  engine: EngineSettings;
}

/** What the schema has let through, with its defaults. */
interface CheckedInput {
  claims: Omit<Claim, 'shard' | 'allowLoopbackEndpoints' | 'sslPassthrough'>[];
  installation: string;
  leaseNamespace: string;
  kubeconfig?: string;
  context?: string;
  shard?: string;
  admin: { address: string; port: number };
  statusWritesPerSecond: number;
  unreadySeconds: number;
  engine: object;
}

export interface Overrides {
  /** In place of the file's own: it differs between processes that share a file. */
  shard?: string;
}

const check = schemaCheck(runSettingsSchema);

/** Reads a settings file (YAML). Relative paths in it are relative to the file. Throws one error that names all that is wrong. */
export function readRunSettings(file: string, overrides: Overrides = {}): RunSettings {
  return runSettings(readYaml(file), path.dirname(path.resolve(file)), overrides);
}

/** Checks settings and fills in the defaults; relative paths are relative to `baseDirectory`. Throws as readRunSettings does. */
export function runSettings(input: unknown, baseDirectory = process.cwd(), overrides: Overrides = {}): RunSettings {
  const given = cloneDeep(input) as CheckedInput;
  const errors = check(given);
  if (errors.length > 0) throw invalid(errors.map(schemaComplaint));
  const text = overrides.shard ?? given.shard;
  const shard = text === undefined ? undefined : parseShard(text);
  if (shard !== undefined && 'problem' in shard) throw invalid([`shard: ${JSON.stringify(text)} is no share of a class: ${shard.problem}`]);
  const engine = engineSettings(given.engine, baseDirectory);
  const claims = given.claims.map((claim) => completeClaim(claim, shard, engine));
  const complaints = [...claimComplaints(claims), ...listenerComplaints(claims, engine), ...adminComplaints(given.admin)];
  if (complaints.length > 0) throw invalid(complaints);
  return {
    claims, engine, admin: given.admin, statusWritesPerSecond: given.statusWritesPerSecond, unreadySeconds: given.unreadySeconds, kubeconfig: kubeconfigSource(given, baseDirectory),
    installation: { name: given.installation, namespace: given.leaseNamespace },
  };
}

function completeClaim(claim: CheckedInput['claims'][number], shard: Shard | undefined, engine: EngineSettings): Claim {
  const { allowLoopbackEndpoints, listeners } = engine;
  const shared = listeners.find(({ classes }) => classes.length > 1 && classes.includes(claim.class));
  const listener = shared === undefined ? {} : { listener: { name: shared.name, place: shared.classes.indexOf(claim.class) } };
  return { ...claim, ...listener, allowLoopbackEndpoints, ...(passingClasses(engine).has(claim.class) && { sslPassthrough: true }), ...(shard === undefined ? {} : { shard }) };
}

/** Where the cluster is. Without a file: kubectl's order, which ends at the service account of a pod. */
export function kubeconfigSource({ kubeconfig, context }: Pick<CheckedInput, 'kubeconfig' | 'context'>, baseDirectory: string): KubeConfigSource {
  const chosen = context === undefined ? {} : { context };
  return kubeconfig === undefined ? { kind: 'default', ...chosen } : { kind: 'path', path: path.resolve(baseDirectory, kubeconfig), ...chosen };
}

/** One error that names everything that is wrong. */
export function invalid(complaints: string[]): Error {
  return new Error(`settings: ${[...new Set(complaints)].join('; ')}`);
}

/** What the schema found, in words that name the key and what to do. */
export function schemaComplaint(error: ErrorObject): string {
  const key = error.instancePath.slice(1).replaceAll('/', '.') || 'the file';
  const { additionalProperty, missingProperty, allowedValues } = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') return `${key}: ${JSON.stringify(additionalProperty)} is not a setting; remove it or correct its spelling`;
  if (error.keyword === 'required') return `${key}: ${JSON.stringify(missingProperty)} is missing; add it`;
  if (error.keyword === 'pattern') return `${key}: is not a valid name; use lower-case letters, digits and dashes (a class may have dots)`;
  if (error.keyword === 'enum') return `${key}: must be one of ${(allowedValues as string[]).join(', ')}`;
  return `${key}: ${error.message}; correct the value`;
}

/** A Lease's name may have this many characters. */
const LONGEST_NAME = 253;

/** What the schema can't say of claims: classes claimed twice, names too long, addresses that are none. */
export function claimComplaints(claims: readonly Claim[]): string[] {
  const complaints: string[] = [];
  const classes = new Set<string>();
  claims.forEach((claim, index) => {
    const key = `claims.${index}`;
    if (classes.has(claim.class)) complaints.push(`${key}.class: "${claim.class}" is claimed twice; claim each class once`);
    classes.add(claim.class);
    if (claimName(claim).length > LONGEST_NAME) complaints.push(`${key}.class: with its share the name is longer than ${LONGEST_NAME} characters; choose shorter names`);
    if (claim.publish !== undefined && claim.addresses.length > 0) complaints.push(`${key}: publish and addresses exclude each other; keep one of them`);
    claim.addresses.forEach(({ ip, hostname }, at) => {
      if (ip !== undefined && (isIP(ip) === 0 || ip.includes('%'))) complaints.push(`${key}.addresses.${at}.ip: ${JSON.stringify(ip)} is not an IP address; use hostname for names`);
      if (hostname !== undefined && normalizeHost(hostname) === undefined) complaints.push(`${key}.addresses.${at}.hostname: ${JSON.stringify(hostname)} is not a DNS name; use ip for addresses`);
    });
  });
  return complaints;
}

function listenerComplaints(claims: readonly Claim[], engine: EngineSettings): string[] {
  const served = servedClasses(engine);
  const claimed = new Set(claims.map((claim) => claim.class));
  return [
    ...[...claimed].filter((name) => !served.has(name)).map((name) => `claims: no listener of the engine serves class "${name}"; add it to the classes of one`),
    ...[...served].filter((name) => !claimed.has(name)).map((name) => `engine.listeners: class "${name}" is claimed by nobody; add it to claims or remove it from the listener`),
  ];
}

/** What the schema can't say of an admin listener. */
export function adminComplaints({ address }: RunSettings['admin']): string[] {
  return isIP(address) === 0 ? [`admin.address: ${JSON.stringify(address)} is not an IP address; use one such as 0.0.0.0 or 127.0.0.1`] : [];
}
