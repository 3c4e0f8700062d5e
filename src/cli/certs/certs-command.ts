// `ingress-arbiter certs`: makes or renews the certificates of controllers and engines in a folder.

import { Command, InvalidArgumentError } from 'commander';
import { makeCertificates } from './make-certificates.js';

/** The command; `finish` gets 0, or 1 when the files can't be written. */
export function certsCommand(finish: (exitCode: number) => void, print: (line: string) => void): Command {
  return new Command('certs')
    .description('make a private authority and short-lived certificates for controllers and engines')
    .requiredOption('-o, --output <folder>', 'folder for the files; an authority that is there already is used again')
    .option('--class <class>', 'a class whose controller gets a certificate; may be repeated', (value, earlier: string[] = []) => [...earlier, checkClass(value)])
    .option('--days <days>', 'how long the certificates are valid', parseDays, 30)
    .action(async ({ output, class: classes = [], days }: { output: string; class?: string[]; days: number }) => {
      try {
        for (const file of await makeCertificates({ folder: output, classes, days })) print(file);
        finish(0);
      } catch (error) {
        print(`certs: ${output}: ${(error as Error).message}; name a folder that can be written to`);
        finish(1);
      }
    });
}

function checkClass(name: string): string {
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) throw new InvalidArgumentError('a class is a DNS name in lower case');
  return name;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^[0-9]{1,4}$/.test(text) || days < 1) throw new InvalidArgumentError('write a number of days from 1 to 9999');
  return days;
}
