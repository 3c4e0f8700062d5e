// A Deployment is a thin stand-in here: enough of it is checked that replicas can be set and counted.
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt, has, listAt } from './field-access.js';
import { immutable, invalidValue, requiredValue } from './field-error.js';

export function validateDeployment(deployment: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const spec = fieldsAt(deployment, 'spec');
  const replicas = spec['replicas'];
  const selected = fieldsAt(fieldsAt(spec, 'selector'), 'matchLabels');
  const template = fieldsAt(spec, 'template');
  const labels = fieldsAt(fieldsAt(template, 'metadata'), 'labels');
  const agrees = Object.entries(selected).every(([key, value]) => labels[key] === value);
  return [
    ...(Number.isInteger(replicas) && (replicas as number) >= 0 ? [] : [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')]),
    ...(has(spec, 'selector') ? [] : [requiredValue('spec.selector')]),
    ...(has(spec, 'selector') && !agrees ? [invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')] : []),
    ...(listAt(fieldsAt(template, 'spec'), 'containers').length === 0 ? [requiredValue('spec.template.spec.containers')] : []),
    ...(live !== undefined && !isEqual(fieldsAt(fieldsAt(live, 'spec'), 'selector'), fieldsAt(spec, 'selector')) ? [immutable('spec.selector', spec['selector'])] : []),
  ];
}
