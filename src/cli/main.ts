#!/usr/bin/env node
// The commands of ingress-arbiter, and the only place that sets an exit code: 0 fine, 1 findings or failure, 2 wrong usage, 3
// the cluster cannot be reached.

import { Command } from 'commander';
import { loadCommands } from './commands.js';

const finish = (exitCode: number): void => { process.exitCode = exitCode; };
const print = (line: string): void => { process.stdout.write(`${line}\n`); };
const warn = (line: string): void => { process.stderr.write(`${line}\n`); };
const output = { finish, print, warn };

const commands = await loadCommands(process.argv[2], output);

const program = new Command('ingress-arbiter')
  .description('one owner for every Ingress, several classes on one nginx, figures per class')
  .showHelpAfterError()
  // Commander ends wrong usage with 1; here 1 means findings.
  .exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : 2); });
for (const command of commands) program.addCommand(command);
const inherit = (command: Command, from: Command): void => {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(below, command);
};
for (const command of program.commands) inherit(command, program);

await program.parseAsync();
