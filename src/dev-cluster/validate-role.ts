// What a real API server demands of roles and their bindings; who may write which role (escalation) is not checked here.
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt, listAt } from './field-access.js';
import { immutable, invalidValue, requiredValue, unsupportedValue } from './field-error.js';

export function validateRole(role: KubeObject): FieldError[] {
  return listAt(role, 'rules').flatMap((rule, index) => {
    const field = `rules[${index}]`;
    const urls = rule['nonResourceURLs'] as string[] | undefined;
    if (urls !== undefined && urls.length > 0) return role.kind === 'Role' ? [invalidValue(`${field}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs')] : [];
    return ['verbs', 'apiGroups', 'resources'].filter((part) => listOf(rule, part).length === 0).map((part) => requiredValue(`${field}.${part}`, `${field} must supply at least one of ${part}`));
  });
}

const listOf = (rule: Record<string, unknown>, part: string): unknown[] => (Array.isArray(rule[part]) ? rule[part] as unknown[] : []);

export function validateBinding(binding: KubeObject, { live }: { live: KubeObject | undefined }): FieldError[] {
  const ref = fieldsAt(binding, 'roleRef');
  const kinds = binding.kind === 'RoleBinding' ? ['ClusterRole', 'Role'] : ['ClusterRole'];
  return [
    ...(ref['apiGroup'] === 'rbac.authorization.k8s.io' ? [] : [unsupportedValue('roleRef.apiGroup', ref['apiGroup'], ['rbac.authorization.k8s.io'])]),
    ...(kinds.includes(String(ref['kind'])) ? [] : [unsupportedValue('roleRef.kind', ref['kind'], kinds)]),
    ...(ref['name'] ? [] : [requiredValue('roleRef.name')]),
    ...listAt(binding, 'subjects').flatMap((subject, index) => subjectErrors(subject, `subjects[${index}]`)),
    ...(live !== undefined && !isEqual(fieldsAt(live, 'roleRef'), ref) ? [immutable('roleRef', ref)] : []),
  ];
}

function subjectErrors(subject: Record<string, unknown>, field: string): FieldError[] {
  return [
    ...(subject['name'] ? [] : [requiredValue(`${field}.name`)]),
    ...(['ServiceAccount', 'User', 'Group'].includes(String(subject['kind'])) ? [] : [unsupportedValue(`${field}.kind`, subject['kind'], ['ServiceAccount', 'User', 'Group'])]),
    ...(subject['kind'] === 'ServiceAccount' && !subject['namespace'] ? [requiredValue(`${field}.namespace`)] : []),
  ];
}
