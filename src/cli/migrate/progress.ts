// How far a long step is: a bar that moves on a terminal, a plain line every now and then elsewhere. On standard error, so that
// what a command prints stays whole.

import type { CommandOutput } from '../explain/explain-command.js';

export interface Progress {
  /** One more is done. */
  step(name: string): void;
  /** The last line stays. */
  end(): void;
}

const width = 24;

/** Where a bar is drawn: standard error when it is a terminal. */
export interface Terminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Progress of `total` things; `done` is the word for what happens to them. */
export function progressOf({ warn }: Pick<CommandOutput, 'warn'>, done: string, total: number, terminal: Terminal = process.stderr): Progress {
  let at = 0;
  const isTerminal = terminal.isTTY === true;
  const every = Math.max(1, Math.ceil(total / 10));
  return {
    step(name) {
      at += 1;
      if (isTerminal) terminal.write(`\r${bar(at, total)} ${at}/${total} ${done}  ${name.slice(0, 40).padEnd(40)}`);
      else if (at % every === 0 || at === total) warn(`${at}/${total} ${done}`);
    },
    end() {
      if (isTerminal && at > 0) terminal.write('\n');
    },
  };
}

function bar(at: number, total: number): string {
  const full = total === 0 ? width : Math.round((at / total) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
}
