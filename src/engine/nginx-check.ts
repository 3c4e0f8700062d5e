// What can be said of an nginx before it is started: whether it is installed, and whether it takes its configuration.

import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from './engine-error.js';
import { TEST_RUN, runFiles } from './nginx-conf.js';
import { explainNginxFailure, INSTALL_HINT } from './nginx-failure.js';
import type { EngineSettings } from './settings.js';
import { writeTestConfiguration } from './work-directory.js';

/** Throws an EngineError that names what is missing. */
export function checkInstalled(settings: EngineSettings): void {
  try {
    accessSync(settings.nginxBinary, constants.X_OK);
  } catch (error) {
    throw new EngineError('nginx-missing', `nginx: ${settings.nginxBinary} is missing or cannot be run; ${INSTALL_HINT}, or set nginxBinary`, error);
  }
  for (const module of ['ndk_http_module.so', 'ngx_http_lua_module.so']) {
    const file = path.join(settings.modulesDirectory, module);
    if (!existsSync(file)) throw new EngineError('module-missing', `nginx: the module ${file} is missing; ${INSTALL_HINT}, or set modulesDirectory`);
  }
}

/** Has nginx read the configuration of these settings (`nginx -t`), beside the one that runs. Throws an EngineError. */
export async function testConfiguration(settings: EngineSettings): Promise<void> {
  const { workDirectory, nginxBinary, limits } = settings;
  const file = writeTestConfiguration(settings);
  const { controlSocket, pid, relaySocket } = runFiles(workDirectory, TEST_RUN);
  try {
    await new Promise<void>((resolve, reject) => {
      const options = { cwd: workDirectory, timeout: limits.startSeconds * 1000, env: { ...process.env, NGINX: undefined } };
      execFile(nginxBinary, ['-t', '-p', workDirectory, '-c', file, '-e', 'stderr'], options, (error, _output, stderr) => {
        if (error === null) resolve();
        else reject(explainNginxFailure(stderr, error.message.split('\n', 1)[0]!));
      });
    });
  } finally {
    for (const left of [file, controlSocket, pid, relaySocket]) rmSync(left, { force: true });
  }
}
