// Finds the validation of a kind. The rules themselves are in the file named after it.
import type { KubeObject, ResourceType } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt } from './field-access.js';
import { validateConfigMap, validateSecret } from './validate-config-data.js';
import { validateDeployment } from './validate-deployment.js';
import { validateEndpointSlice } from './validate-endpoint-slice.js';
import { validateEvent } from './validate-event.js';
import { validateIngressClass } from './validate-ingress-class.js';
import { validateIngress, validateIngressStatus, validateLoadBalancer } from './validate-ingress.js';
import { validateLease } from './validate-lease.js';
import { validateJob } from './validate-job.js';
import { validatePodTemplate } from './validate-pod-template.js';
import { validateBinding, validateRole } from './validate-role.js';
import { validateService } from './validate-service.js';

export interface ValidationOptions {
  /** Real API servers refuse loopback addresses in an EndpointSlice; sample workloads need them. */
  allowLoopbackEndpoints: boolean;
}

/** `live` is undefined on create. */
export interface ValidationContext extends ValidationOptions { live: KubeObject | undefined }

type Validate = (object: KubeObject, context: ValidationContext) => FieldError[];

const validators: Record<string, Validate> = {
  Service: validateService,
  Secret: validateSecret,
  ConfigMap: validateConfigMap,
  Event: validateEvent,
  EndpointSlice: validateEndpointSlice,
  Ingress: validateIngress,
  IngressClass: validateIngressClass,
  Lease: validateLease,
  Deployment: (deployment, context) => [...validateDeployment(deployment, context), ...validatePodTemplate(deployment)],
  DaemonSet: (daemonSet, context) => [...validateDeployment(withReplicas(daemonSet), context), ...validatePodTemplate(daemonSet)],
  Job: (job, context) => [...validateJob(job, context), ...validatePodTemplate(job)],
  Role: validateRole,
  ClusterRole: validateRole,
  RoleBinding: validateBinding,
  ClusterRoleBinding: validateBinding,
};

/** A DaemonSet is a Deployment whose replicas are the nodes. */
const withReplicas = (daemonSet: KubeObject): KubeObject => ({ ...daemonSet, spec: { ...fieldsAt(daemonSet, 'spec'), replicas: 0 } });

const statusValidators: Record<string, (object: KubeObject) => FieldError[]> = {
  Ingress: validateIngressStatus,
  Service: (service) => validateLoadBalancer(fieldsAt(service, 'status')),
};

export function validateKind(type: ResourceType, object: KubeObject, context: ValidationContext): FieldError[] {
  return validators[type.kind]?.(object, context) ?? [];
}

export function validateStatus(type: ResourceType, updated: KubeObject): FieldError[] {
  return statusValidators[type.kind]?.(updated) ?? [];
}
