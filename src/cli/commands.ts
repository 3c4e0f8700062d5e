// The commands by name, in the order in which help lists them. Each is loaded only when it is asked for, with what it brings along: an
// engine process has nothing of the control plane in its memory, and a controller begins without what reads manifests.

import type { Command } from 'commander';

export interface CommandOutput {
  finish: (exitCode: number) => void;
  print: (line: string) => void;
  warn: (line: string) => void;
}

const loaders: Readonly<Record<string, (output: CommandOutput) => Promise<Command>>> = {
  dev: async ({ finish, print }) => (await import('./dev/dev-command.js')).devCommand(finish, print),
  run: async ({ finish }) => (await import('./run/run-command.js')).runCommand(finish),
  convert: async ({ finish }) => (await import('./convert/convert-command.js')).convertCommand(finish),
  certs: async ({ finish, print }) => (await import('./certs/certs-command.js')).certsCommand(finish, print),
  controller: async ({ finish }) => (await import('./controller/controller-command.js')).controllerCommand(finish),
  engine: async ({ finish, print }) => (await import('./engine/engine-command.js')).engineCommand(finish, print),
  explain: async (output) => (await import('./explain/explain-command.js')).explainCommand(output),
  classes: async (output) => (await import('./classes/classes-command.js')).classesCommand(output),
  lint: async (output) => (await import('./lint/lint-command.js')).lintCommand(output),
  migrate: async (output) => (await import('./migrate/migrate-command.js')).migrateCommand(output),
  version: async ({ finish, print }) => (await import('./version/version-command.js')).versionCommand(finish, print),
};

/** The command of that name; all of them when there is none, for help and to say what is wrong. */
export async function loadCommands(name: string | undefined, output: CommandOutput): Promise<Command[]> {
  const asked = name !== undefined && Object.hasOwn(loaders, name) ? [name] : Object.keys(loaders);
  return Promise.all(asked.map((one) => loaders[one]!(output)));
}
