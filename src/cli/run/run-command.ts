// `ingress-arbiter run`: controller and engine in one process, against any cluster, until it is told to end. What it logs is
// one JSON object a line, for machines.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from 'commander';
import { jsonLog } from '../json-log.js';
import { nextSignal } from '../next-signal.js';
import type { Installation } from '../installation/start-installation.js';
import type { RunSettings } from './run-settings.js';

interface Options {
  config: string;
  shard?: string;
}

/** The command; `finish` gets the exit code: 0 ended by a signal, 1 a part could not start, 2 the settings can't be used. */
export function runCommand(finish: (exitCode: number) => void): Command {
  return new Command('run')
    .description('controller and engine in one process, against the cluster of a kubeconfig')
    .requiredOption('--config <file>', 'settings, as YAML')
    .option('--shard <share>', 'this process\'s share of its classes, by host: 2/8, or by names b/a,b,c')
    .action(async (options: Options) => finish(await run(options)));
}

async function run({ config, shard }: Options): Promise<number> {
  const log = await jsonLog();
  const ended = nextSignal();
  let settings: RunSettings;
  let installation: Installation;
  try {
    // Loaded here because it loads nearly everything, which the other commands should not wait for.
    const { readRunSettings } = await import('./run-settings.js');
    settings = readRunSettings(config, shard === undefined ? {} : { shard });
  } catch (error) {
    log('error', 'run', (error as Error).message);
    return 2;
  }
  try {
    const { startInstallation } = await import('../installation/start-installation.js');
    const { claims, ...rest } = settings;
    installation = await startInstallation({ ...rest, instances: [{ part: 'controller', claims, identity: ownIdentity() }] }, log);
  } catch (error) {
    log('error', 'run', (error as Error).message);
    return 1;
  }
  log('info', 'run', `serves ${settings.claims.map((claim) => claim.class).join(', ')} when ready; metrics and health on port ${installation.adminPort}`);
  log('info', 'run', `${await ended}: hands its claims back and lets nginx finish what is under way`);
  await installation.stop();
  log('info', 'run', 'everything has ended');
  return 0;
}

/** Another one at each start, so that nobody is taken for an earlier life of itself. */
function ownIdentity(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}
