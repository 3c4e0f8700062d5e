// The command line of `ingress-arbiter convert`. It parses options and hands the exit code on; it sets none.

import { Command } from 'commander';
import { checkSize } from './read-text.js';
import { runConvert, type ConvertStreams } from './run-convert.js';

/** The process's own. */
export const processStreams: ConvertStreams = {
  async stdin() {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      checkSize(size += chunk.length);
    }
    return Buffer.concat(chunks);
  },
  stdout: (text) => { process.stdout.once('error', ignoreClosedPipe).write(text); },
  stderr: (text) => { process.stderr.write(text); },
};

/** Whoever reads the output may have enough of it (`| head`): that is not our failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** `finish` gets 0, 1 (an object could not be converted) or 2 (a file cannot be used). */
export function convertCommand(finish: (exitCode: number) => void, streams: ConvertStreams = processStreams): Command {
  return new Command('convert')
    .description('rewrite v1beta1 Ingresses and IngressClasses to networking.k8s.io/v1; all else stays byte for byte')
    .requiredOption('-f, --filename <file>', 'file, folder, or - for standard input; may be repeated', collect, undefined)
    .option('--in-place', 'write the files instead of standard output', false)
    .addHelpText('after', '\nExit codes: 0 fine, 1 an object could not be converted, 2 a file cannot be used.')
    .action(async (options: { filename: string[]; inPlace: boolean }) => {
      finish(await runConvert({ files: options.filename, inPlace: options.inPlace }, streams));
    });
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
