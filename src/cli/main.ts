#!/usr/bin/env node
// The commands of ingress-arbiter, and the only place that sets an exit code: 0 fine, 1 findings or failure, 2 wrong usage, 3
// the cluster cannot be reached.

import { Command } from 'commander';
import { certsCommand } from './certs/certs-command.js';
import { classesCommand } from './classes/classes-command.js';
import { controllerCommand } from './controller/controller-command.js';
import { convertCommand } from './convert/convert-command.js';
import { devCommand } from './dev/dev-command.js';
import { engineCommand } from './engine/engine-command.js';
import { explainCommand } from './explain/explain-command.js';
import { lintCommand } from './lint/lint-command.js';
import { migrateCommand } from './migrate/migrate-command.js';
import { runCommand } from './run/run-command.js';

const finish = (exitCode: number): void => { process.exitCode = exitCode; };
const print = (line: string): void => { process.stdout.write(`${line}\n`); };
const warn = (line: string): void => { process.stderr.write(`${line}\n`); };
const output = { finish, print, warn };

const program = new Command('ingress-arbiter')
  .description('one owner for every Ingress, several classes on one nginx, figures per class')
  .addCommand(devCommand(finish, print))
  .addCommand(runCommand(finish))
  .addCommand(convertCommand(finish))
  .addCommand(certsCommand(finish, print))
  .addCommand(controllerCommand(finish))
  .addCommand(engineCommand(finish, print))
  .addCommand(explainCommand(output))
  .addCommand(classesCommand(output))
  .addCommand(lintCommand(output))
  .addCommand(migrateCommand(output))
  .showHelpAfterError()
  // Commander ends wrong usage with 1; here 1 means findings.
  .exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : 2); });
const inherit = (command: Command, from: Command): void => {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(below, command);
};
for (const command of program.commands) inherit(command, program);

await program.parseAsync();
