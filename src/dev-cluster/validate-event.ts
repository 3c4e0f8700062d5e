// What a real API server demands of an Event in its stored (core v1) form. Events with an eventTime follow the newer rules.
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt, has, textAt } from './field-access.js';
import { invalidFor, invalidValue, requiredValue, tooLong, unsupportedValue } from './field-error.js';
import { qualifiedName } from './name-rules.js';

/** Cluster-scoped objects are reported in one of these namespaces. */
const CLUSTER_EVENT_NAMESPACES = ['default', 'kube-system', ''];

export function validateEvent(event: KubeObject): FieldError[] {
  return [...validateInvolved(event), ...(has(event, 'eventTime') ? validateNewEvent(event) : [])];
}

function validateInvolved(event: KubeObject): FieldError[] {
  const involved = textAt(fieldsAt(event, 'involvedObject'), 'namespace');
  const { namespace = '' } = event.metadata;
  const fits = involved === '' ? CLUSTER_EVENT_NAMESPACES.includes(namespace) : involved === namespace;
  return fits ? [] : [invalidValue('involvedObject.namespace', involved, 'does not match event.namespace')];
}

function validateNewEvent(event: KubeObject): FieldError[] {
  const controller = textAt(event, 'reportingComponent');
  const limits = { reportingInstance: 128, action: 128, reason: 128 };
  return [
    ...(controller === '' ? [requiredValue('reportingController')] : invalidFor('reportingController', controller, qualifiedName(controller))),
    ...Object.entries(limits).flatMap(([field, max]) => {
      const value = textAt(event, field);
      return value === '' ? [requiredValue(field)] : value.length > max ? [tooLong(field, max)] : [];
    }),
    ...(textAt(event, 'message').length > 1024 ? [tooLong('message', 1024)] : []),
    ...(['Normal', 'Warning'].includes(textAt(event, 'type')) ? [] : [unsupportedValue('type', event['type'] ?? '', ['Normal', 'Warning'])]),
  ];
}
