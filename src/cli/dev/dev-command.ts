// `ingress-arbiter dev`: a whole installation in the foreground, with readable output, until Ctrl-C. It says what to try.

import { styleText } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type DevSettings, defaultDevSettings } from './dev-settings.js';
import { examplesFolder } from './sample-cluster.js';
import type { Dev, DevLog } from './start-dev.js';
import { nextSignal } from '../next-signal.js';

type Print = (line: string) => void;

interface Options {
  workDirectory: string;
  apiPort: number;
  adminPort: number;
  externalPorts: [number, number];
  internalPorts: [number, number];
  samples: string | false;
  metricsCompat: 'ingress-nginx' | 'none';
}

const READY_SECONDS = 30;

/** The command; `finish` gets the exit code: 0 ended by a signal, 1 a part could not start. */
export function devCommand(finish: (exitCode: number) => void, print: Print): Command {
  const defaults = defaultDevSettings('.work');
  const { external, internal } = defaults.ports;
  return new Command('dev')
    .description('a Kubernetes-compatible API server, sample workloads, two controllers and one engine on this machine')
    .option('--work-directory <folder>', 'where the kubeconfig and nginx\'s files are written', '.work')
    .option('--api-port <port>', 'port of the API server', parsePort, defaults.apiPort)
    .option('--admin-port <port>', 'port of the metrics', parsePort, defaults.adminPort)
    .option('--external-ports <http,https>', 'ports of class nginx-external', parsePorts, [external.http, external.https])
    .option('--internal-ports <http,https>', 'ports of class nginx-internal', parsePorts, [internal.http, internal.https])
    .addOption(new Option('--metrics-compat <names>', 'whose names the traffic is shown under, besides its own').choices(['ingress-nginx', 'none']).default('ingress-nginx'))
    .option('--samples <folder>', 'manifests to start with', examplesFolder)
    .option('--no-samples', 'start with an empty cluster')
    .action(async (options: Options) => finish(await runDev(options, print)));
}

async function runDev(options: Options, print: Print): Promise<number> {
  const settings: DevSettings = {
    ...defaultDevSettings(options.workDirectory), apiPort: options.apiPort, adminPort: options.adminPort,
    familiarNames: options.metricsCompat === 'ingress-nginx',
    ports: {
      external: { http: options.externalPorts[0], https: options.externalPorts[1] },
      internal: { http: options.internalPorts[0], https: options.internalPorts[1] },
    },
  };
  const log = devLog(print);
  const interrupted = nextSignal();
  let dev: Dev;
  try {
    // Loaded here because it loads nearly everything, which the other commands should not wait for.
    const { startDev } = await import('./start-dev.js');
    dev = await startDev(settings, options.samples === false ? undefined : options.samples, log);
  } catch (error) {
    log('error', 'dev', (error as Error).message);
    return 1;
  }
  const ready = await Promise.race([waitUntilReady(dev), interrupted.then(() => 'interrupted' as const)]);
  if (ready === 'late') log('warn', 'dev', `after ${READY_SECONDS} s still ${dev.notReady()}`);
  if (ready !== 'interrupted') for (const line of whatToTry(settings, dev)) print(line);
  log('info', 'dev', `${await interrupted}: ending`);
  await dev.stop();
  log('info', 'dev', 'everything has ended');
  return 0;
}

async function waitUntilReady(dev: Dev): Promise<'ready' | 'late'> {
  const deadline = performance.now() + READY_SECONDS * 1000;
  while (dev.notReady() !== undefined) {
    if (performance.now() > deadline) return 'late';
    await sleep(20);
  }
  return 'ready';
}

function devLog(print: Print): DevLog {
  const colours = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const;
  return (level, part, message) => {
    if (level === 'debug') return;
    print(`${styleText(colours[level], part.padEnd(14), { stream: process.stdout })} ${message}`);
  };
}

function whatToTry({ ports: { external, internal } }: DevSettings, { kubeconfig, adminPort }: Dev): string[] {
  const host = 'alicek106.example.com';
  const curl = (port: number, path: string): string => `  curl --resolve ${host}:${port}:127.0.0.1 http://${host}:${port}${path}`;
  return [
    '', 'Everything is served. Try in another terminal:', '',
    `${curl(external.http, '/echo-hostname')}    # 200, from three endpoints in turn`,
    `${curl(internal.http, '/echo-hostname')}    # 404: not a host of that class`, '',
    `  export KUBECONFIG=${kubeconfig}`,
    '  kubectl get ingress,ingressclass,service,endpointslice -A',
    '  kubectl scale deployment hostname --replicas=5     # endpoints come and go',
    '  kubectl annotate ingress ingress-example kubernetes.io/ingress.class=nginx-internal --overwrite    # changes its class', '',
    `  curl http://127.0.0.1:${adminPort}/metrics    # requests, by ingress_class; /metrics/<class>: one class`, '',
    'Ctrl-C ends all of it.', '',
  ];
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return port;
}

function parsePorts(text: string): [number, number] {
  const [http, https, ...more] = text.split(',').map(parsePort);
  if (http === undefined || https === undefined || more.length > 0) throw new InvalidArgumentError('write two ports as 8080,8443');
  return [http, https];
}
