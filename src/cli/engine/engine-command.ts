// `ingress-arbiter engine`: nginx and its agent, fed by controllers elsewhere.

import { Command } from 'commander';
import { jsonLog } from '../json-log.js';
import { nextSignal, onHangUp, onLogMoved } from '../next-signal.js';
import { type EngineProgramSettings, readEngineProgramSettings } from './engine-program-settings.js';

/** The command; `finish` gets 0 after a signal, 1 when a part can't start, 2 when the settings are not valid. */
export function engineCommand(finish: (exitCode: number) => void, print: (line: string) => void): Command {
  return new Command('engine')
    .description('run nginx for classes whose tables come from controllers')
    .requiredOption('-c, --config <file>', 'settings (YAML)')
    .action(async ({ config }: { config: string }) => finish(await runEngine(config, print)));
}

async function runEngine(file: string, print: (line: string) => void): Promise<number> {
  let settings: EngineProgramSettings;
  try {
    settings = readEngineProgramSettings(file);
  } catch (error) {
    print((error as Error).message);
    return 2;
  }
  const signal = nextSignal();
  const atLogMoved = onLogMoved();
  const partLog = await jsonLog();
  const log = (level: Parameters<typeof partLog>[0], message: string): void => partLog(level, 'engine', message);
  try {
    const { startEngineProgram } = await import('./start-engine-program.js');
    const program = await startEngineProgram(settings, log);
    onHangUp(async () => {
      log('info', `SIGHUP: reads ${file} again and replaces nginx`);
      await program.change(readEngineProgramSettings(file));
      log('info', 'a new nginx serves with the settings as they are now');
    }, (error) => log('error', `everything goes on as before: ${error.message}`));
    atLogMoved(() => {
      program.reopenLog();
      log('info', 'SIGUSR1: nginx opens the log of requests anew');
    });
    log('info', `engine ${settings.name}: admin listener on port ${program.adminPort}`);
    log('info', `${await signal}: ending`);
    await program.stop();
    log('info', 'ended');
    return 0;
  } catch (error) {
    log('error', (error as Error).message);
    return 1;
  }
}
