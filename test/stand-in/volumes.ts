// The files of a pod's volumes, written to a folder from which its sandbox mounts them. Undefined when something is not there
// yet: then the pod waits, as it does on a node.

import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ApiServer } from '../../src/dev-cluster/api-server.js';
import type { Pod } from '../feature/install/pods.js';

export interface VolumeContext {
  api: ApiServer;
  namespace: string;
  /** The pod's folder. */
  folder: string;
  group: number;
}

interface KeyToPath { key: string; path: string }

/** Lines for the sandbox: what, where, how. */
export function prepareVolumes(pod: Pod, context: VolumeContext): string[] | undefined {
  const lines: string[] = [];
  for (const { name, mountPath } of pod.spec.containers[0]!.volumeMounts ?? []) {
    const volume = pod.spec.volumes!.find((one) => one.name === name)!;
    if (volume.emptyDir !== undefined) {
      lines.push(`-\t${mountPath}\tempty`);
      continue;
    }
    const files = filesOf(volume, context);
    if (files === undefined) return undefined;
    const folder = path.join(context.folder, 'volumes', name);
    writeFiles(folder, files, volume.secret === undefined ? 0o644 : 0o440, context.group);
    lines.push(`${folder}\t${mountPath}\tread`);
  }
  if (pod.spec.automountServiceAccountToken === true) lines.push(accountOf(pod, context));
  return lines;
}

function filesOf(volume: NonNullable<Pod['spec']['volumes']>[number], { api, namespace }: VolumeContext): Map<string, string | Buffer> | undefined {
  const isSecret = volume.secret !== undefined;
  const name = volume.secret?.secretName ?? volume.configMap!.name;
  const data = api.store.get({ apiVersion: 'v1', kind: isSecret ? 'Secret' : 'ConfigMap', namespace, name })?.['data'] as Record<string, string> | undefined;
  const read = (key: string): string | Buffer | undefined => (data?.[key] === undefined ? undefined : isSecret ? Buffer.from(data[key], 'base64') : data[key]);
  const items = volume.secret?.items as KeyToPath[] | undefined ?? Object.keys(data ?? {}).map((key) => ({ key, path: key }));
  const files = items.map(({ key, path: to }) => [to, read(key)] as const);
  if (data === undefined || files.some(([, content]) => content === undefined)) return undefined;
  return new Map(files as [string, string | Buffer][]);
}

function accountOf({ spec }: Pod, { api, namespace, folder, group }: VolumeContext): string {
  const at = path.join(folder, 'account');
  const token = api.addUser(`system:serviceaccount:${namespace}:${spec.serviceAccountName}`);
  writeFiles(at, new Map([['token', token], ['ca.crt', api.caPem], ['namespace', namespace]]), 0o440, group);
  return `${at}\t/var/run/secrets/kubernetes.io/serviceaccount\tread`;
}

function writeFiles(folder: string, files: ReadonlyMap<string, string | Buffer>, mode: number, group: number): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    chmodSync(file, mode);
    chownSync(file, 0, group);
  }
}
