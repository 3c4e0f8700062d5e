// What a real API server demands of Secrets and ConfigMaps: keys, sizes, base64, the tls pair, and what `immutable` freezes.
import isEqual from 'lodash/isEqual.js';
import type { KubeObject } from './resources.js';
import type { FieldError } from './field-error.js';
import { fieldsAt, has, textAt } from './field-access.js';
import { forbiddenValue, immutable, invalidFor, invalidValue, requiredValue } from './field-error.js';
import { dataKey } from './name-rules.js';

const MAX_BYTES = 1024 * 1024;

interface Context { live: KubeObject | undefined }

export function validateSecret(secret: KubeObject, { live }: Context): FieldError[] {
  const data = fieldsAt(secret, 'data');
  const type = textAt(secret, 'type');
  return [
    ...(live !== undefined && live['type'] !== secret['type'] ? [immutable('type', type)] : []),
    ...frozen(secret, live, ['data']),
    ...Object.keys(data).flatMap((key) => invalidFor(`data[${key}]`, key, dataKey(key))),
    ...tooBig('data', data),
    ...(requiredKeys[type] ?? []).filter((key) => !has(data, key)).map((key) => requiredValue(`data[${key}]`)),
    ...(type === 'kubernetes.io/basic-auth' && !has(data, 'username') && !has(data, 'password')
      ? [requiredValue('data[username]'), requiredValue('data[password]')] : []),
  ];
}

/** Keys that the type of a Secret demands; what is in them is not looked at. */
const requiredKeys: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
};

export function validateConfigMap(configMap: KubeObject, { live }: Context): FieldError[] {
  const data = fieldsAt(configMap, 'data');
  const binary = fieldsAt(configMap, 'binaryData');
  const both = Object.keys(binary).filter((key) => Object.hasOwn(data, key));
  return [
    ...frozen(configMap, live, ['data', 'binaryData']),
    ...Object.keys(data).flatMap((key) => invalidFor(`data[${key}]`, key, dataKey(key))),
    ...Object.keys(binary).flatMap((key) => invalidFor(`binaryData[${key}]`, key, dataKey(key))),
    ...both.map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...tooBig('', { ...data, ...binary }),
  ];
}

function tooBig(field: string, data: Record<string, unknown>): FieldError[] {
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + String(value).length, 0);
  return bytes > MAX_BYTES * (field === 'data' ? 4 / 3 : 1) ? [{ field, reason: 'FieldValueTooLong', body: `Too long: may not be more than ${MAX_BYTES} bytes` }] : [];
}

/** An immutable object stays so, and its contents too. */
function frozen(updated: KubeObject, live: KubeObject | undefined, fields: readonly string[]): FieldError[] {
  if (live?.['immutable'] !== true) return [];
  return [
    ...(updated['immutable'] === true ? [] : [forbiddenValue('immutable', 'field is immutable when `immutable` is set')]),
    ...fields.filter((field) => !isEqual(fieldsAt(updated, field), fieldsAt(live, field)))
      .map((field) => forbiddenValue(field, 'field is immutable when `immutable` is set')),
  ];
}
