// engine.yaml: what the engine program runs with. Checked once, defaults filled in, after which only the strict type travels.

import { hostname } from 'node:os';
import path from 'node:path';
import isEqual from 'lodash/isEqual.js';
import { readYaml } from '../read-yaml.js';
import { schemaCheck } from '../../engine/schema-check.js';
import { type EngineSettings, engineSettings } from '../../engine/settings.js';
import type { TlsFiles } from '../../engine/tls-files.js';

export interface EngineProgramSettings {
  /** Unique among the engines of an installation; the host's name unless given. */
  name: string;
  /** Base addresses (https://host:port) of the controllers of each class. */
  controllers: Record<string, string[]>;
  tls: TlsFiles;
  admin: { address: string; port: number };
  /** How long the engine is unready before it stops to take requests, so that whoever sends them can notice. */
  unreadySeconds: number;
  /**
   * How long after its start the engine is unready for a class that has no table yet. It would answer that class's requests with
   * 503; without an end, a class that has no controller would keep all others from being served.
   */
  awaitTablesSeconds: number;
  engine: EngineSettings;
}

/** Throws one Error that names what can't change while the program runs. */
export function checkFixed(now: EngineProgramSettings, next: EngineProgramSettings): void {
  const fixed = (['name', 'tls', 'admin'] as const).filter((key) => !isEqual(now[key], next[key]));
  if (fixed.length > 0) throw new Error(`${fixed.join(', ')}: can't be changed while the engine runs; restart it, or put back what it was`);
}

const file = { type: 'string', minLength: 1 };

/** Without what is the engine's own: that has a schema for itself. */
export const engineProgramSchema = {
  type: 'object', additionalProperties: false, required: ['controllers', 'tls', 'engine'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$' },
    controllers: {
      type: 'object', minProperties: 1,
      additionalProperties: { type: 'array', minItems: 1, maxItems: 64, items: { type: 'string', pattern: '^https://[^/?#@ ]+$' } },
    },
    tls: { type: 'object', additionalProperties: false, required: ['certificate', 'key', 'authority'], properties: { certificate: file, key: file, authority: file } },
    admin: {
      type: 'object', additionalProperties: false, default: {},
      properties: { address: { type: 'string', default: '0.0.0.0' }, port: { type: 'integer', minimum: 0, maximum: 65_535, default: 10254 } },
    },
    unreadySeconds: { type: 'number', minimum: 0, maximum: 600, default: 5 },
    awaitTablesSeconds: { type: 'number', minimum: 0, maximum: 3600, default: 30 },
    engine: { type: 'object' },
  },
};

const check = schemaCheck(engineProgramSchema);

/** Reads and checks the file; relative paths in it are relative to it. Throws one Error that says what is wrong and where. */
export function readEngineProgramSettings(name: string): EngineProgramSettings {
  const input = readYaml(name);
  const problems = check(input).map(({ instancePath, message, params }) =>
    `${instancePath.slice(1).replaceAll('/', '.') || 'the settings'}: ${'additionalProperty' in params ? `"${String(params['additionalProperty'])}" is not a setting` : message}`);
  if (problems.length > 0) throw new Error(`${name}: ${[...new Set(problems)].join('; ')}`);
  const settings = input as EngineProgramSettings;
  const folder = path.dirname(path.resolve(name));
  const engine = engineSettings(settings.engine, folder);
  const served = new Set(engine.listeners.flatMap(({ classes }) => classes));
  const without = [...served].filter((one) => settings.controllers[one] === undefined);
  const unserved = Object.keys(settings.controllers).filter((one) => !served.has(one));
  if (without.length > 0) throw new Error(`${name}: controllers: class ${without.join(', ')} has a listener but no controller; add its addresses`);
  if (unserved.length > 0) throw new Error(`${name}: controllers: class ${unserved.join(', ')} has no listener; add it to one, or take its addresses out`);
  const { certificate, key, authority } = settings.tls;
  const inFolder = (one: string): string => path.resolve(folder, one);
  return {
    ...settings, engine, name: settings.name ?? hostname().toLowerCase(),
    tls: { certificate: inFolder(certificate), key: inFolder(key), authority: inFolder(authority) },
  };
}
