// Prepares nginx's prefix: directories with their modes, the default certificate; and before each start of nginx its
// nginx.conf and data-plane.json. It decides nothing about their content, and removes only what nobody answers on.

import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDefaultCertificate, isUsable } from './default-certificate.js';
import { EngineError, messageFrom } from './engine-error.js';
import { engineFiles, renderDataPlaneSettings, renderNginxConf, runFiles, TEST_RUN, type RenderedFile } from './nginx-conf.js';
import type { EngineSettings } from './settings.js';

/** How long an nginx whose agent has just died may take to go away before its directory counts as taken. */
const FORMER_OWNER_MILLISECONDS = 3000;

export async function prepareWorkDirectory(settings: EngineSettings): Promise<void> {
  const files = engineFiles(settings.workDirectory);
  try {
    for (const directory of [settings.workDirectory, files.temporary]) makeDirectory(directory, 0o711);
    for (const directory of files.privateDirectories) makeDirectory(directory, 0o700);
    await takeControlSocket(files.controlSocket);
    // What an agent before this one has left.
    for (const name of readdirSync(files.hops)) rmSync(path.join(files.hops, name), { force: true });
    const now = new Date();
    if (!isUsable({ chain: readOr(files.certificate, ''), key: readOr(files.privateKey, '') }, now)) {
      const certificate = await createDefaultCertificate(now);
      writeWhole(files.privateKey, certificate.key, 0o600);
      writeWhole(files.certificate, certificate.chain, 0o600);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('work-directory', `work directory ${settings.workDirectory}: ${messageFrom(error)}; ` +
      'set workDirectory to one that this account can write to', error);
  }
  if (process.getuid?.() === 0 && settings.workerUser !== 'root') {
    for (const key of ['workDirectory', 'luaDirectory'] as const) checkReachable(key, settings[key]);
  }
}

/** Writes what the nginx of this number is started with. Throws an EngineError. */
export function writeConfiguration(settings: EngineSettings, run: number): void {
  try {
    for (const file of [renderNginxConf(settings, run), renderDataPlaneSettings(settings)]) writeWhole(file.path, file.content, 0o644);
  } catch (error) {
    throw new EngineError('work-directory', `work directory ${settings.workDirectory}: ${messageFrom(error)}; make room or let this account write there`, error);
  }
}

/** Writes a configuration that is only tested, and returns its name. */
export function writeTestConfiguration(settings: EngineSettings): string {
  const { testConfiguration } = engineFiles(settings.workDirectory);
  writeWhole(testConfiguration, renderNginxConf(settings, TEST_RUN).content, 0o644);
  return testConfiguration;
}

/** Has the names without a number lead to the nginx that takes requests. */
export function showCurrentRun(workDirectory: string, run: number, pid: number): void {
  const files = engineFiles(workDirectory);
  const link = `${files.controlSocket}.new`;
  rmSync(link, { force: true });
  symlinkSync(path.basename(runFiles(workDirectory, run).controlSocket), link);
  renameSync(link, files.controlSocket);
  writeWhole(files.pid, `${pid}\n`, 0o644);
}

function readOr(file: string, instead: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return instead;
  }
}

/** Writes a file so that a reader finds the old content or the new, never a part. What is there already needs no room. */
function writeWhole(file: RenderedFile['path'], content: string, mode: number): void {
  if (readOr(file, '') === content && (statSync(file).mode & 0o777) === mode) return;
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode, flag: 'wx' });
  renameSync(temporary, file);
}

function makeDirectory(directory: string, mode: number): void {
  // Level by level: where nothing can be made (/proc), Node's own recursion tries for ever.
  const missing: string[] = [];
  for (let at = directory; !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  for (const level of missing) mkdirSync(level);
  chmodSync(directory, mode);
  accessSync(directory, constants.W_OK);
}

/** A socket file left behind keeps nginx from starting; one that answers belongs to another engine. */
async function takeControlSocket(socket: string): Promise<void> {
  const deadline = performance.now() + FORMER_OWNER_MILLISECONDS;
  while (existsSync(socket) && await answers(socket)) {
    if (performance.now() > deadline) {
      throw new EngineError('work-directory', `${socket}: another engine runs in this work directory; stop it, or give this one its own workDirectory`);
    }
    await sleep(50);
  }
  rmSync(socket, { force: true });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const settle = (alive: boolean) => {
      connection.destroy();
      resolve(alive);
    };
    connection.once('connect', () => settle(true));
    connection.once('error', () => settle(false));
  });
}

/** As root, nginx's workers run as another account and still have to reach the temporary files and the Lua modules. */
function checkReachable(key: string, directory: string): void {
  for (let at = directory; at !== path.dirname(at); at = path.dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) {
      throw new EngineError('work-directory', `${key} ${directory}: nginx's workers cannot get through ${at}; ` +
        `choose another ${key}, allow others to pass it (chmod o+x), or set workerUser: root`);
    }
  }
}
