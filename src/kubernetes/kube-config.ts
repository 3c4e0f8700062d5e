// Finds and reads a kubeconfig through the official client and names the files that it depends on. A missing or broken
// one is a single error that says what, where and what to do; there is no silent fallback to localhost.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import type { User } from '@kubernetes/client-node';
import { OperationalError } from './operational-error.js';

export type KubeConfigSource =
  | { kind: 'path'; path: string; context?: string }
  /** `root` is a folder in front of /var/run/secrets, for tests. */
  | { kind: 'in-cluster'; root?: string }
  /** $KUBECONFIG, then ~/.kube/config, then the pod's service account: kubectl's order. */
  | { kind: 'default'; context?: string };

export interface LoadedKubeConfig {
  kubeConfig: KubeConfig;
  baseUrl: string;
  namespace: string | undefined;
  /** Every file whose change means that credentials must be read again. */
  files: string[];
  /** Whether a plugin or identity provider hands out credentials that expire by themselves. */
  dynamic: boolean;
  where: string;
}

type Environment = Record<string, string | undefined>;

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export function loadKubeConfig(source: KubeConfigSource, env: Environment = process.env): LoadedKubeConfig {
  if (source.kind === 'in-cluster') return loadInCluster(source.root ?? '', env);
  const files = source.kind === 'path' ? [source.path] : defaultFiles(env);
  if (files.length === 0) return loadInCluster('', env);
  const kubeConfig = readFiles(files);
  if (source.context !== undefined) kubeConfig.setCurrentContext(source.context);
  return check(kubeConfig, `kubeconfig ${files.join(path.delimiter)}`, files);
}

function defaultFiles(env: Environment): string[] {
  const listed = (env['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  // Like kubectl: of several listed files the missing ones are skipped, a single missing one is an error.
  if (listed.length > 0) return listed.length === 1 ? listed : listed.filter((file) => existsSync(file));
  const inHome = path.join(env['HOME'] ?? '', '.kube', 'config');
  if (existsSync(inHome)) return [inHome];
  if (existsSync(`${ACCOUNT}/token`)) return [];
  throw broken('kubeconfig', `none found: $KUBECONFIG is not set, ${inHome} does not exist and this is not a pod; ` +
    'set $KUBECONFIG or name a file');
}

function loadInCluster(root: string, env: Environment): LoadedKubeConfig {
  const where = `in-cluster configuration ${root}${ACCOUNT}`;
  if (!env['KUBERNETES_SERVICE_HOST'] || !env['KUBERNETES_SERVICE_PORT']) {
    throw broken(where, 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; run inside a pod or name a kubeconfig');
  }
  if (!existsSync(`${root}${ACCOUNT}/token`)) {
    throw broken(where, 'there is no token; set automountServiceAccountToken of the pod to true');
  }
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromCluster(root);
  return check(kubeConfig, where, []);
}

function readFiles(files: string[]): KubeConfig {
  const merged = new KubeConfig();
  files.forEach((file, index) => {
    try {
      const one = index === 0 ? merged : new KubeConfig();
      one.loadFromString(withTokenFiles(readFileSync(file, 'utf8')));
      one.makePathsAbsolute(path.dirname(file));
      for (const { authProvider } of one.users) {
        const config = authProvider?.config as { tokenFile?: string } | undefined;
        if (config?.tokenFile) config.tokenFile = path.resolve(path.dirname(file), config.tokenFile);
      }
      if (one !== merged) merged.mergeConfig(one, true);
    } catch (error) {
      throw broken(`kubeconfig ${file}`, `cannot be read (${(error as Error).message.split('\n')[0]}); check the path and the YAML`, error);
    }
  });
  return merged;
}

/** The client ignores kubectl's `tokenFile`; the same thing under the name that it knows. */
function withTokenFiles(yaml: string): string {
  return yaml.replace(/^([ \t]*(?:- )?)tokenFile:[ \t]*([^\s#]+).*$/gm, '$1auth-provider: {name: tokenFile, config: {tokenFile: $2}}');
}

function check(kubeConfig: KubeConfig, where: string, files: string[]): LoadedKubeConfig {
  const name = kubeConfig.getCurrentContext();
  const context = kubeConfig.getContextObject(name);
  if (!context) {
    throw broken(where, `the context "${name ?? ''}" does not exist; choose one with kubectl config use-context`);
  }
  const cluster = kubeConfig.getCurrentCluster();
  if (!cluster) throw broken(where, `the context "${name}" names the cluster "${context.cluster}", which does not exist`);
  const user = kubeConfig.getCurrentUser();
  if (!user) throw broken(where, `the context "${name}" names the user "${context.user}", which does not exist`);
  if (!URL.canParse(cluster.server)) throw broken(where, `the server "${cluster.server}" of the cluster is not a URL`);
  if (cluster.server.startsWith('http:')) {
    // The client refuses plain HTTP without this mark, and there is no TLS that it could weaken.
    Object.assign(cluster, { skipTLSVerify: true });
  }
  const tokenFile = tokenFileOf(user);
  const used = [cluster.caFile, user.certFile, user.keyFile, tokenFile].filter((file) => typeof file === 'string' && file !== '');
  return {
    kubeConfig, where, baseUrl: cluster.server, namespace: context.namespace, files: [...files, ...used as string[]],
    dynamic: Boolean(user.exec) || (Boolean(user.authProvider) && tokenFile === undefined),
  };
}

function tokenFileOf(user: User): string | undefined {
  return (user.authProvider as { config?: { tokenFile?: string } } | null | undefined)?.config?.tokenFile;
}

function broken(where: string, problem: string, cause?: unknown): OperationalError {
  return new OperationalError('bad-configuration', `${where}: ${problem}`, { cause });
}
