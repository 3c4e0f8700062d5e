// One controller instance with a connection of its own to the cluster, as if it were alone.

import { type Controller, type ControllerOptions, startController } from '../../controller/controller.js';
import type { Installation } from '../../core/claim-record.js';
import { connectToApi } from '../../kubernetes/api-connection.js';
import { createKubeApi } from '../../kubernetes/kube-api.js';
import type { KubeConfigSource } from '../../kubernetes/kube-config.js';

export interface InstanceOptions extends Omit<ControllerOptions, 'api' | 'leaseNamespace' | 'installation'> {
  installation: Installation;
  kubeconfig: KubeConfigSource;
}

export interface Instance {
  controller: Controller;
  /** Hands the claims back and closes the connection. */
  stop(): Promise<void>;
}

/** Starts it. Rejects when the kubeconfig can't be used; a cluster that does not answer is waited for. */
export async function startInstance({ installation, kubeconfig, ...options }: InstanceOptions): Promise<Instance> {
  const connection = await connectToApi({ source: kubeconfig, onFault: (error) => options.log('warn', error.message) });
  const controller = startController({
    ...options, api: createKubeApi({ connection }), leaseNamespace: installation.namespace, installation: installation.name,
  });
  // Whoever wants to know waits for it; a stop before the first list is no fault.
  controller.synced.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  return {
    controller,
    stop: () => stopped ??= controller.stop().then(() => connection.close()),
  };
}
