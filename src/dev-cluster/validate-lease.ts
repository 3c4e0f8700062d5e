// What a real API server demands of a Lease beyond its six-digit times, which are checked when it is decoded.
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt, has } from './field-access.js';
import { invalidValue } from './field-error.js';

export function validateLease(lease: KubeObject): FieldError[] {
  const spec = fieldsAt(lease, 'spec');
  const duration = spec['leaseDurationSeconds'];
  const transitions = spec['leaseTransitions'];
  return [
    ...(has(spec, 'leaseDurationSeconds') && !((duration as number) > 0) ? [invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0')] : []),
    ...(has(spec, 'leaseTransitions') && !((transitions as number) >= 0)
      ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')] : []),
  ];
}
