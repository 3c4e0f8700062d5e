// Finds the validation of a kind. The rules themselves are in the file named after it.
import type { KubeObject, ResourceType } from './resources.js';
import type { FieldError } from './field-error.js';

export interface ValidationOptions {
  /** Real API servers refuse loopback addresses in an EndpointSlice; sample workloads need them. */
  allowLoopbackEndpoints: boolean;
}

/** `live` is undefined on create. */
export interface ValidationContext extends ValidationOptions { live: KubeObject | undefined }

type Validate = (object: KubeObject, context: ValidationContext) => FieldError[];

const validators: Record<string, Validate> = {};

export function validateKind(type: ResourceType, object: KubeObject, context: ValidationContext): FieldError[] {
  return validators[type.kind]?.(object, context) ?? [];
}

export function validateKindUpdate(): FieldError[] {
  return [];
}

export function validateStatus(): FieldError[] {
  return [];
}
