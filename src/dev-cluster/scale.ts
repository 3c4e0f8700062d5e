// The scale subresource of a Deployment, which `kubectl scale` reads and patches (autoscaling/v1 Scale).
// Two pure translations; reading, patching and storing are the server's.
import get from 'lodash/get.js';
import type { KubeObject } from './resources.js';

export function scaleFromDeployment(deployment: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = deployment.metadata;
  const matchLabels = (get(deployment, 'spec.selector.matchLabels') ?? {}) as Record<string, string>;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: get(deployment, 'spec.replicas') ?? 1 },
    status: {
      replicas: get(deployment, 'status.replicas') ?? 0,
      selector: Object.entries(matchLabels).map(([label, value]) => `${label}=${value}`).sort().join(','),
    },
  };
}

/** The Deployment with the replicas that the Scale asks for. Throws an Error with a message for the client. */
export function deploymentWithScale(deployment: KubeObject, scale: Record<string, unknown>): KubeObject {
  const replicas: unknown = get(scale, 'spec.replicas') ?? 0;
  if (!Number.isInteger(replicas) || (replicas as number) < 0) throw new Error(`spec.replicas: Invalid value: ${JSON.stringify(replicas)}: must be a whole number, 0 or more`);
  return { ...deployment, spec: { ...(deployment['spec'] as object), replicas } };
}
