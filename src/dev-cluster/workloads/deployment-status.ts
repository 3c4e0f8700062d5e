// The status that a Deployment of sample pods shows, as `kubectl get`, `rollout status` and `wait --for=condition=available` read it.
// Pure; times are left to whoever has a clock.
import get from 'lodash/get.js';
import type { KubeObject } from '../resources.js';

export function deploymentStatus(deployment: KubeObject, ready: number): Record<string, unknown> {
  const wanted = Number(get(deployment, 'spec.replicas') ?? 1);
  const available = ready >= wanted;
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: ready,
    updatedReplicas: ready,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, wanted - ready),
    conditions: [
      {
        type: 'Available',
        status: available ? 'True' : 'False',
        reason: available ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: available ? 'Deployment has minimum availability.' : `${ready} of ${wanted} sample pods listen.`,
      },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: 'The sample pods are up to date.' },
    ],
  };
}
