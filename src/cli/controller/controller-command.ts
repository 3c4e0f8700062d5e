// `ingress-arbiter controller`: holds the claims of its classes and gives their tables to engines elsewhere.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from 'commander';
import type { ControllerProgram } from './start-controller-program.js';
import { nextSignal } from '../next-signal.js';
import { jsonLog } from '../json-log.js';

interface Options {
  config: string;
  class?: string[];
  shard?: string;
  advertise?: string;
  admission?: string;
}

/** The command; `finish` gets the exit code: 0 ended by a signal, 1 a part could not start, 2 the settings can't be used. */
export function controllerCommand(finish: (exitCode: number) => void): Command {
  return new Command('controller')
    .description('hold classes and give their tables to engines elsewhere')
    .requiredOption('--config <file>', 'settings, as YAML')
    .option('--class <names...>', 'hold these of the file\'s classes only')
    .option('--shard <share>', 'this process\'s share of its classes, by host: 2/8, or by names b/a,b,c')
    .option('--advertise <address>', 'where engines reach this very process: an IP address, or https://host:port')
    .option('--admission <port>', 'answer the API server\'s questions about Ingresses here (a validating webhook), with the stream\'s certificate')
    .action(async (options: Options) => finish(await runController(options)));
}

async function runController({ config, ...overrides }: Options): Promise<number> {
  const partLog = await jsonLog();
  const log = (level: Parameters<typeof partLog>[0], message: string): void => partLog(level, 'controller', message);
  const ended = nextSignal();
  const { readControllerSettings } = await import('./controller-settings.js');
  let settings: ReturnType<typeof readControllerSettings>;
  try {
    settings = readControllerSettings(config, overrides);
  } catch (error) {
    log('error', (error as Error).message);
    return 2;
  }
  let program: ControllerProgram;
  try {
    const { startControllerProgram } = await import('./start-controller-program.js');
    program = await startControllerProgram({ ...settings, identity: `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}` }, log);
  } catch (error) {
    log('error', (error as Error).message);
    return 1;
  }
  log('info', `engines ask on port ${program.streamPort}; metrics and health on port ${program.adminPort}`);
  log('info', `${await ended}: hands its claims back`);
  await program.stop();
  log('info', 'everything has ended');
  return 0;
}
