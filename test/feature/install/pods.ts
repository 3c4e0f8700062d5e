// The pods of rendered manifests, whatever kind makes them.

import get from 'lodash/get.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';

export interface Container {
  name: string;
  image: string;
  args: string[];
  ports?: { name: string; containerPort: number; hostPort?: number }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: Record<string, unknown>;
  livenessProbe?: unknown;
  readinessProbe?: unknown;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface Pod {
  owner: KubeObject;
  labels: Record<string, string>;
  spec: {
    containers: Container[];
    serviceAccountName: string;
    automountServiceAccountToken?: boolean;
    terminationGracePeriodSeconds?: number;
    securityContext: Record<string, unknown>;
    volumes?: { name: string; configMap?: { name: string }; secret?: { secretName: string; items?: unknown }; emptyDir?: object; [other: string]: unknown }[];
    [field: string]: unknown;
  };
}

const places: Record<string, string> = { Deployment: 'spec.template', DaemonSet: 'spec.template', Job: 'spec.template', CronJob: 'spec.jobTemplate.spec.template' };

export function podsIn(objects: readonly KubeObject[]): Pod[] {
  return objects.flatMap((owner) => {
    const place = places[owner.kind];
    return place === undefined ? [] : [{ owner, labels: get(owner, `${place}.metadata.labels`) as Pod['labels'], spec: get(owner, `${place}.spec`) as Pod['spec'] }];
  });
}

/** Whether it goes on until it is stopped. */
export const isServer = ({ owner }: Pod): boolean => owner.kind === 'Deployment' || owner.kind === 'DaemonSet';

export const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;
