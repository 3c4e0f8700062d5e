// `ingress-arbiter migrate`: moves Ingresses from class to class in steps, each of which can be looked at, repeated and undone.

import { Command } from 'commander';
import type { CommandOutput } from '../explain/explain-command.js';
import { annotationToFieldCommand } from './annotation-to-field-command.js';
import { cutoverCommand } from './cutover-command.js';
import { finishCommand, rollbackCommand, statusCommand } from './end-commands.js';
import { planCommand } from './plan-command.js';
import { shadowCommand } from './shadow-command.js';
import { verifyCommand } from './verify-command.js';

/** The command with its steps. */
export function migrateCommand(output: CommandOutput): Command {
  return new Command('migrate')
    .description('move Ingresses from one class to another, step by step (docs/migrate.md)')
    .addCommand(planCommand(output))
    .addCommand(shadowCommand(output))
    .addCommand(verifyCommand(output))
    .addCommand(cutoverCommand(output))
    .addCommand(statusCommand(output))
    .addCommand(rollbackCommand(output))
    .addCommand(finishCommand(output))
    .addCommand(annotationToFieldCommand(output));
}
