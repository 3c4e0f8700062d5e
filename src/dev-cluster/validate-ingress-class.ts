// What a real API server demands of an IngressClass: a controller like `example.com/name` that never changes again.
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import type { Fields } from './field-access.js';
import { fieldsAt, has, textAt } from './field-access.js';
import { forbiddenValue, immutable, invalidFor, requiredValue, tooLong, unsupportedValue } from './field-error.js';
import { dns1123Label, domainPrefixedPath } from './name-rules.js';
import { validateReference } from './validate-ingress.js';

const MAX_CONTROLLER = 250;

export function validateIngressClass(object: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const spec = fieldsAt(object, 'spec');
  const controller = textAt(spec, 'controller');
  const before = textAt(fieldsAt(live, 'spec'), 'controller');
  return [
    ...(live !== undefined && controller !== before ? [immutable('spec.controller', controller)] : []),
    ...validateController(controller),
    ...(has(spec, 'parameters') ? validateParameters(fieldsAt(spec, 'parameters')) : []),
  ];
}

function validateController(controller: string): FieldError[] {
  if (controller === '') return [requiredValue('spec.controller')];
  return [
    ...(controller.length > MAX_CONTROLLER ? [tooLong('spec.controller', MAX_CONTROLLER)] : []),
    ...invalidFor('spec.controller', controller, domainPrefixedPath(controller)),
  ];
}

function validateParameters(parameters: Fields): FieldError[] {
  const field = 'spec.parameters';
  const errors = validateReference(parameters, field);
  if (!has(parameters, 'scope')) return [...errors, requiredValue(`${field}.scope`)];
  const namespace = textAt(parameters, 'namespace');
  switch (parameters['scope']) {
    case 'Namespace':
      return [...errors, ...(has(parameters, 'namespace')
        ? invalidFor(`${field}.namespace`, namespace, dns1123Label(namespace))
        : [requiredValue(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'")])];
    case 'Cluster':
      return [...errors, ...(has(parameters, 'namespace') ? [forbiddenValue(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'")] : [])];
    default:
      return [...errors, unsupportedValue(`${field}.scope`, parameters['scope'], ['Cluster', 'Namespace'])];
  }
}
