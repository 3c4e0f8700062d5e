// `ingress-arbiter run`: controller and engine in one process, against any cluster, until it is told to end. What it logs is
// one JSON object a line, for machines.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from 'commander';
import isEqual from 'lodash/isEqual.js';
import { jsonLog } from '../json-log.js';
import { nextSignal, onHangUp, onLogMoved } from '../next-signal.js';
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
  const atLogMoved = onLogMoved();
  let settings: RunSettings;
  let installation: Installation;
  let read: () => RunSettings;
  try {
    // Loaded here because it loads nearly everything, which the other commands should not wait for.
    const { readRunSettings } = await import('./run-settings.js');
    read = () => readRunSettings(config, shard === undefined ? {} : { shard });
    settings = read();
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
  onHangUp(async () => {
    await changeEngine(installation, settings, read());
    log('info', 'run', 'SIGHUP: a new nginx serves with the settings as they are now');
  }, (error) => log('error', 'run', `SIGHUP: everything goes on as before: ${error.message}`));
  atLogMoved(() => {
    installation.engine.reopenLog();
    log('info', 'run', 'SIGUSR1: nginx opens the log of requests anew');
  });
  log('info', 'run', `serves ${settings.claims.map((claim) => claim.class).join(', ')} when ready; metrics and health on port ${installation.adminPort}`);
  log('info', 'run', `${await ended}: hands its claims back, serves ${settings.unreadySeconds} s more and lets nginx finish what is under way`);
  await installation.stop();
  log('info', 'run', 'everything has ended');
  return 0;
}

/** Takes the settings of the engine; all others are those that the process was started with. */
async function changeEngine(installation: Installation, { engine: _before, ...fixed }: RunSettings, { engine, ...now }: RunSettings): Promise<void> {
  const changed = (Object.keys(fixed) as (keyof typeof fixed)[]).filter((key) => !isEqual(fixed[key], now[key]));
  if (changed.length > 0) throw new Error(`${changed.join(', ')}: can't be changed while it runs; restart it, or put back what it was`);
  await installation.changeEngine(engine);
}

/** Another one at each start, so that nobody is taken for an earlier life of itself. */
function ownIdentity(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}
