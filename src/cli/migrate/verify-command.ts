// `ingress-arbiter migrate verify`: puts the same requests to two listeners and says where they answer differently, and why.
// It asks safe methods only, unless told otherwise, slowly, and changes nothing.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { Decided } from '../../core/explain/facts.js';
import { type CheckRequest, requestKey } from '../../migration/check-request.js';
import { deriveRequests } from '../../migration/derive-requests.js';
import { hostOfUpstream } from '../../migration/host-of-upstream.js';
import { type LogReading, readAccessLog } from '../../migration/read-access-log.js';
import { sendRequest, type ListenerAddress } from '../../migration/send-request.js';
import { type VerifyResult, verifyRequests } from '../../migration/verify.js';
import { reason } from '../convert/read-text.js';
import { type CommandOutput, guard, outputOption } from '../explain/explain-command.js';
import { collect, SourceProblem, exitCodes } from '../sources/source-options.js';
import { listenerAddress, portsOf } from './listener-address.js';
import { type PeerOptions, type SelectionOptions, positive, withPeers, withSelection } from './migrate-options.js';
import { progressOf } from './progress.js';
import { type VerifyReport, buildReport, renderReport } from './verify-report.js';
import { type VerifySides, readSides } from './verify-sides.js';

export interface VerifyOptions extends SelectionOptions, PeerOptions {
  to?: string;
  fromAddress?: string[];
  toAddress?: string[];
  against?: string[];
  accessLog?: string[];
  logHost?: string;
  logScheme: 'http' | 'https';
  only?: 'routes' | 'log';
  unsafeMethods?: boolean;
  rate: number;
  most: number;
  backendHeader: string[];
  ignoreHeader: string[];
  ignoreCertificates?: boolean;
  output: 'text' | 'json';
}

/** The command. Exit code 1 when an answer differs, 3 when a listener does not answer at all. */
export function verifyCommand(output: CommandOutput): Command {
  return withPeers(withSelection(new Command('verify')))
    .description('put the same requests to both listeners and compare the answers')
    .option('--to <class>', 'the class that is to have the Ingresses; without it the one that has them, to compare with --against')
    .option('--from-address <url>', 'listener of the class that has them now: http://address:port, https://address:port, or an address; may be repeated', collect)
    .option('--to-address <url>', 'listener of the class that is to have them', collect)
    .option('--against <url>', 'in place of --from-address: a controller that is not ours', collect)
    .option('--access-log <file>', 'also what this log has: combined format, with the host in front or not, or that of ingress-nginx; - for standard input; may be repeated', collect)
    .option('--log-host <host>', 'host of log lines that tell none')
    .addOption(new Option('--log-scheme <scheme>', 'how requests of the log are put').choices(['http', 'https']).default('https'))
    .addOption(new Option('--only <source>', 'requests made from routes alone, or those of the log alone').choices(['routes', 'log']))
    .option('--unsafe-methods', 'also requests of the log that may change something: each is put to BOTH listeners, more than once')
    .option('--rate <number>', 'pairs of requests in a second', positive, 20)
    .option('--most <number>', 'requests at most', positive, 2000)
    .option('--backend-header <name>', 'header of answers that says which backend it was; may be repeated', (one: string, all: string[]) => [...all, one], ['x-backend'])
    .option('--ignore-header <name>', 'header that is not compared; may be repeated', (one: string, all: string[]) => [...all, one], [])
    .option('--ignore-certificates', 'do not compare certificates')
    .addOption(outputOption())
    .action((options: VerifyOptions) => guard(output, () => verify(options, output)));
}

async function verify(options: VerifyOptions, output: CommandOutput): Promise<number> {
  const addresses = addressesOf(options);
  const sides = await readSides(options, output);
  const { requests, log } = await requestsOf(options, sides, output);
  const asked = requests.slice(0, options.most);
  if (asked.length < requests.length) output.warn(`${requests.length - asked.length} requests are left out: --most ${options.most}`);
  const progress = progressOf(output, 'compared', asked.length);
  const result = await verifyRequests(asked, {
    ...addresses, perSecond: options.rate, atOnce: 8, send: (request, address) => sendRequest(request, address), sleep: (ms) => sleep(ms), now: () => performance.now(),
    backendHeaders: options.backendHeader, ignoredHeaders: options.ignoreHeader, certificates: options.ignoreCertificates !== true,
    ports: { from: portsOf(addresses.from), to: portsOf(addresses.to) }, onChecked: ({ host, path }) => { progress.step(`${host}${path}`); },
  });
  progress.end();
  const report = buildReport(result, sides, { leftOut: requests.length - asked.length, ...(log && { log }) });
  tell(report, options, output);
  return exitCodeOf(result);
}

function addressesOf({ fromAddress, against, toAddress }: VerifyOptions): { from: ListenerAddress; to: ListenerAddress } {
  if ((fromAddress === undefined) === (against === undefined)) throw new SourceProblem('name one listener to compare with: --from-address for a class of ours, --against for another controller', exitCodes.usage);
  if (toAddress === undefined) throw new SourceProblem('name the listener that is compared: --to-address', exitCodes.usage);
  return { from: fromAddress === undefined ? listenerAddress('--against', against!) : listenerAddress('--from-address', fromAddress), to: listenerAddress('--to-address', toAddress) };
}

async function requestsOf(options: VerifyOptions, sides: VerifySides, { warn }: CommandOutput): Promise<{ requests: CheckRequest[]; log?: LogReading }> {
  const derived = options.only === 'log' ? [] : deriveRequests(sides.now, sides.keys);
  if (options.accessLog === undefined) {
    if (options.only === 'log') throw new SourceProblem('--only log needs --access-log', exitCodes.usage);
    return { requests: derived };
  }
  if (options.only === 'routes') return { requests: derived };
  const log = await readLogs(options.accessLog, options, sides.now);
  for (const [why, count] of Object.entries(log.skipped)) if (count > 0) warn(`${count} lines of the log are not used: ${why}`);
  const known = new Set(derived.map(requestKey));
  return { requests: [...derived, ...log.requests.filter((one) => !known.has(requestKey(one)))], log };
}

async function readLogs(files: readonly string[], { logHost, logScheme, unsafeMethods }: VerifyOptions, decided: Decided): Promise<LogReading> {
  async function* lines(): AsyncGenerator<string> {
    for (const file of files) yield* createInterface({ input: file === '-' ? process.stdin : createReadStream(file), crlfDelay: Infinity });
  }
  try {
    return await readAccessLog(lines(), {
      scheme: logScheme, hostOf: (upstream, path) => hostOfUpstream(decided, upstream, path), unsafeMethods: unsafeMethods === true, ...(logHost !== undefined && { host: logHost }),
    });
  } catch (error) {
    throw new SourceProblem(reason(error), exitCodes.usage);
  }
}

function tell(report: VerifyReport, { output }: VerifyOptions, { print }: CommandOutput): void {
  if (output === 'json') print(JSON.stringify(report, undefined, 2));
  else for (const line of renderReport(report)) print(line);
}

function exitCodeOf({ checked, unanswered, different }: VerifyResult): number {
  if (checked > 0 && unanswered === checked) return exitCodes.unreachable;
  return different.length > 0 || unanswered > 0 ? exitCodes.problems : exitCodes.fine;
}
