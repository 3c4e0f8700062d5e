// Every command but `engine`, which is loaded without them (main.ts): some of these bring the Kubernetes client with them.

import type { Command } from 'commander';
import { certsCommand } from './certs/certs-command.js';
import { classesCommand } from './classes/classes-command.js';
import { controllerCommand } from './controller/controller-command.js';
import { convertCommand } from './convert/convert-command.js';
import { devCommand } from './dev/dev-command.js';
import { explainCommand } from './explain/explain-command.js';
import { lintCommand } from './lint/lint-command.js';
import { migrateCommand } from './migrate/migrate-command.js';
import { runCommand } from './run/run-command.js';
import { versionCommand } from './version/version-command.js';

export interface CommandOutput {
  finish: (exitCode: number) => void;
  print: (line: string) => void;
  warn: (line: string) => void;
}

/** The commands in the order in which help lists them, with `engine` at its place among them. */
export function allCommands(output: CommandOutput, engine: Command): Command[] {
  const { finish, print } = output;
  return [
    devCommand(finish, print), runCommand(finish), convertCommand(finish), certsCommand(finish, print), controllerCommand(finish), engine,
    explainCommand(output), classesCommand(output), lintCommand(output), migrateCommand(output), versionCommand(finish, print),
  ];
}
