// `ingress-arbiter certs`: makes or renews the certificates of controllers and engines, in a folder or in Secrets of a cluster.

import { Command, InvalidArgumentError } from 'commander';

interface Options {
  output?: string;
  secrets?: string;
  webhook?: string;
  class?: string[];
  days: number;
  kubeconfig?: string;
  context?: string;
}

/** The command; `finish` gets 0, 1 when they can't be written, 2 when it is not said where. */
export function certsCommand(finish: (exitCode: number) => void, print: (line: string) => void): Command {
  return new Command('certs')
    .description('make a private authority and short-lived certificates for controllers and engines')
    .option('-o, --output <folder>', 'folder for the files; an authority that is there already is used again')
    .option('--secrets <namespace>', 'fill the Secrets ingress-arbiter-tls-authority, -engine and -CLASS of this namespace instead')
    .option('--webhook <name>', 'with --secrets: let this ValidatingWebhookConfiguration trust the authority')
    .option('--class <class>', 'a class whose controller gets a certificate; may be repeated; a,b: one for a controller that holds both', (value, earlier: string[] = []) => [...earlier, ...checkClasses(value)])
    .option('--days <days>', 'how long the certificates are valid', parseDays, 30)
    .option('--kubeconfig <file>', 'with --secrets: the cluster; else $KUBECONFIG, ~/.kube/config, the pod\'s own account')
    .option('--context <name>', 'with --secrets: a context of the kubeconfig')
    .action(async (options: Options) => finish(await makeOrRenew(options, print)));
}

async function makeOrRenew({ output, secrets, ...options }: Options, print: (line: string) => void): Promise<number> {
  if ((output === undefined) === (secrets === undefined)) {
    print('certs: say where: either --output with a folder, or --secrets with a namespace');
    return 2;
  }
  const { class: classes = [], days } = options;
  if (secrets !== undefined && classes.some((names) => names.includes(','))) {
    print('certs: --secrets makes one Secret for each class; name classes one by one, or use --output');
    return 2;
  }
  if (secrets !== undefined) return inCluster(secrets, { ...options, classes }, print);
  try {
    const { makeCertificates } = await import('./make-certificates.js');
    for (const file of await makeCertificates({ folder: output!, classes, days })) print(file);
    return 0;
  } catch (error) {
    print(`certs: ${output!}: ${(error as Error).message}; name a folder that can be written to`);
    return 1;
  }
}

async function inCluster(namespace: string, { classes, days, webhook, kubeconfig, context }: Options & { classes: readonly string[] }, print: (line: string) => void): Promise<number> {
  const [{ connectToApi }, { createKubeApi }, { fillSecrets }] = await Promise.all([
    import('../../kubernetes/api-connection.js'), import('../../kubernetes/kube-api.js'), import('./fill-secrets.js'),
  ]);
  const chosen = context === undefined ? {} : { context };
  try {
    const connection = await connectToApi({ source: kubeconfig === undefined ? { kind: 'default', ...chosen } : { kind: 'path', path: kubeconfig, ...chosen } });
    try {
      for (const name of await fillSecrets({ api: createKubeApi({ connection }), namespace, classes, days, ...(webhook === undefined ? {} : { webhook }) })) print(`secret/${name}`);
      return 0;
    } finally {
      await connection.close();
    }
  } catch (error) {
    print(`certs: ${(error as Error).message}`);
    return 1;
  }
}

/** One name, or several with commas, as they are. */
function checkClasses(names: string): string[] {
  for (const name of names.split(',')) checkClass(name);
  return [names];
}

function checkClass(name: string): void {
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) throw new InvalidArgumentError('a class is a DNS name in lower case');
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^[0-9]{1,4}$/.test(text) || days < 1) throw new InvalidArgumentError('write a number of days from 1 to 9999');
  return days;
}
