// Reads the settings of `controller`: the claims and the cluster as for `run`, and where engines ask for the tables. Checked
// once, defaults filled in; every wrong key is named, with what to do about it.

import { isIP } from 'node:net';
import path from 'node:path';
import merge from 'lodash/merge.js';
import omit from 'lodash/omit.js';
import type { ControllerProgramSettings } from './start-controller-program.js';
import { readYaml } from '../read-yaml.js';
import { runSettingsSchema } from '../run/run-settings-schema.js';
import { type Overrides, adminComplaints, claimComplaints, invalid, kubeconfigSource, schemaComplaint } from '../run/run-settings.js';
import type { Claim } from '../../core/claim.js';
import { parseShard } from '../../core/shard.js';
import { schemaCheck } from '../../engine/schema-check.js';

const ADVERTISED = '^https://[^/?#@ ]+$';
const file = { type: 'string', minLength: 1 };

/** Of `run` the engine's settings say it. */
const claims = merge({}, runSettingsSchema.properties.claims, { items: { properties: { sslPassthrough: { type: 'boolean' } } } });

export const controllerSettingsSchema = {
  type: 'object', additionalProperties: false, required: ['claims', 'stream'],
  properties: {
    ...omit(runSettingsSchema.properties, 'engine'), claims,
    stream: {
      type: 'object', additionalProperties: false, required: ['tls'],
      properties: {
        address: { type: 'string', default: '0.0.0.0' },
        port: { type: 'integer', minimum: 0, maximum: 65_535, default: 9443 },
        advertise: { type: 'string', pattern: ADVERTISED },
        tls: { type: 'object', additionalProperties: false, required: ['certificate', 'key', 'authority'], properties: { certificate: file, key: file, authority: file } },
      },
    },
  },
};

interface CheckedInput extends Pick<ControllerProgramSettings, 'stream' | 'admin'> {
  claims: Claim[];
  statusWritesPerSecond: number;
  installation: string;
  leaseNamespace: string;
  kubeconfig?: string;
  context?: string;
  shard?: string;
}

const check = schemaCheck(controllerSettingsSchema);

export interface ControllerOverrides extends Overrides {
  /** Of the file's classes, those that this process is for; all when left out. */
  class?: readonly string[];
  /** An IP address (the stream's port is added), or https://host:port: it differs between processes that share a file. */
  advertise?: string;
  /** A port. */
  admission?: string;
}

/** Reads a settings file (YAML). Relative paths in it are relative to the file. Throws one error that names all that is wrong. */
export function readControllerSettings(name: string, overrides: ControllerOverrides = {}): Omit<ControllerProgramSettings, 'identity'> {
  const input = readYaml(name) as CheckedInput;
  const errors = check(input);
  if (errors.length > 0) throw invalid(errors.map(schemaComplaint));
  const folder = path.dirname(path.resolve(name));
  const text = overrides.shard ?? input.shard;
  const shard = text === undefined ? undefined : parseShard(text);
  if (shard !== undefined && 'problem' in shard) throw invalid([`shard: ${JSON.stringify(text)} is no share of a class: ${shard.problem}`]);
  const { own, strange } = ownClaims(input.claims, overrides.class);
  const claims = own.map((claim): Claim => ({ ...claim, ...(shard === undefined ? {} : { shard }) }));
  const advertise = overrides.advertise === undefined ? input.stream.advertise : addressOf(overrides.advertise, input.stream.port);
  const complaints = [...strange, ...claimComplaints(claims), ...adminComplaints(input.admin), ...overrideComplaints(overrides)];
  if (complaints.length > 0) throw invalid(complaints);
  const { tls, ...stream } = { ...input.stream, ...(advertise === undefined ? {} : { advertise }) };
  const inFolder = (one: string): string => path.resolve(folder, one);
  return {
    claims, admin: input.admin, statusWritesPerSecond: input.statusWritesPerSecond, ...(overrides.admission === undefined ? {} : { admission: Number(overrides.admission) }), kubeconfig: kubeconfigSource(input, folder),
    installation: { name: input.installation, namespace: input.leaseNamespace },
    stream: { ...stream, tls: { certificate: inFolder(tls.certificate), key: inFolder(tls.key), authority: inFolder(tls.authority) } },
  };
}

function ownClaims(claims: readonly Claim[], names: readonly string[] = claims.map((claim) => claim.class)): { own: Claim[]; strange: string[] } {
  const strange = names.filter((name) => !claims.some((claim) => claim.class === name));
  return { own: claims.filter((claim) => names.includes(claim.class)), strange: strange.map((name) => `--class: ${JSON.stringify(name)} is no class of the file's claims`) };
}

function overrideComplaints({ advertise, admission }: ControllerOverrides): string[] {
  return [
    ...(advertise !== undefined && addressOf(advertise, 0) === undefined ? [`--advertise: ${JSON.stringify(advertise)} is neither an IP address nor https://host:port`] : []),
    ...(admission !== undefined && !isPort(admission) ? [`--admission: ${JSON.stringify(admission)} is no port`] : []),
  ];
}

/** Undefined when it can't be one. */
function addressOf(text: string, port: number): string | undefined {
  if (isIP(text) !== 0) return `https://${text.includes(':') ? `[${text}]` : text}:${port}`;
  return new RegExp(ADVERTISED).test(text) ? text : undefined;
}

const isPort = (text: string): boolean => /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535;
