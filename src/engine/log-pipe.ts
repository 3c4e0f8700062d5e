// Takes what nginx writes to its standard error. The writing end never blocks: when the agent is slow or stopped, nginx
// loses lines, not requests. (Through an ordinary pipe all workers stood still after some 170 lines that nobody read.)

import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { EngineError } from './engine-error.js';

export interface LogPipe {
  /** To be handed to the child, then closed here with `handOver`. */
  writeEnd: number;
  /** Closes this process's writing end, so that the pipe ends with its last writer. */
  handOver(): void;
  /** Resolves when the last writer has ended and every line has been told; never rejects. */
  ended: Promise<void>;
}

/**
 * A pipe whose writer gets EAGAIN when it is full; `onLine` is told each line that comes through. It has the name `file` for
 * a moment only. Throws an EngineError when the file can't be made.
 */
export function openLogPipe(file: string, onLine: (line: string) => void): LogPipe {
  rmSync(file, { force: true });
  const made = spawnSync('mkfifo', ['-m', '600', file], { encoding: 'utf8' });
  if (made.status !== 0) throw new EngineError('work-directory', `${file}: mkfifo fails (${made.stderr?.trim() || made.error?.message}); set workDirectory to a folder on a local disk`);
  const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(file);
  const input = new Socket({ fd: readEnd, readable: true, writable: false });
  input.on('error', () => undefined);
  const lines = createInterface({ input }).on('line', onLine);
  return {
    writeEnd,
    handOver: () => closeSync(writeEnd),
    ended: new Promise((resolve) => { lines.once('close', resolve); }),
  };
}
