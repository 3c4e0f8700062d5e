// `ingress-arbiter version`: what this is, and what it understands of its other half.

import { Command } from 'commander';
import { packageVersion } from '../package-version.js';

/** The command; `finish` gets 0. */
export function versionCommand(finish: (exitCode: number) => void, print: (line: string) => void): Command {
  return new Command('version')
    .description('the version of this program')
    .option('-o, --output <form>', 'json for machines')
    .action(({ output }: { output?: string }) => {
      const facts = { version: packageVersion(), node: process.versions.node };
      print(output === 'json' ? JSON.stringify(facts) : `ingress-arbiter ${facts.version} (Node ${facts.node})`);
      finish(0);
    });
}
