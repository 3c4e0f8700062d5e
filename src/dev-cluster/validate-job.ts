// A Job is written once: what its pods are like cannot change. Nothing runs it but a stand-in.
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt } from './field-access.js';
import { immutable, unsupportedValue } from './field-error.js';

export function validateJob(job: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const template = fieldsAt(fieldsAt(job, 'spec'), 'template');
  const policy = fieldsAt(template, 'spec')['restartPolicy'];
  return [
    ...(policy === 'Never' || policy === 'OnFailure' ? [] : [unsupportedValue('spec.template.spec.restartPolicy', policy ?? 'Always', ['OnFailure', 'Never'])]),
    ...(live !== undefined && !isEqual(fieldsAt(fieldsAt(live, 'spec'), 'template'), template) ? [immutable('spec.template', template)] : []),
  ];
}
