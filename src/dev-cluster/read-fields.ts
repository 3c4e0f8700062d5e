// Reads an object by the types of its fields, as Go's decoder does: a wrong type is an error, unknown fields and nulls drop out.
import type { FieldType, StructType } from './field-types.js';
import { isFields } from './field-access.js';

export interface Reading {
  value: unknown;
  /** Paths of the fields that do not exist, such as `spec.rules[0].hosts`. */
  unknown: string[];
}

/** `plain` is the path as Go prints it in errors, without indexes. */
interface Place { path: string; plain: string; unknown: string[] }

/** Throws an Error with the decoder's complaint about the first value of a wrong type. */
export function readFields(kind: string, type: StructType, object: unknown): Reading {
  const unknown: string[] = [];
  return { value: readStruct(type, object, { path: '', plain: kind, unknown }), unknown };
}

function read(type: FieldType, value: unknown, place: Place): unknown {
  if (type === 'any') return value;
  if (typeof type === 'string') return readScalar(type, value, place);
  if ('list' in type) {
    if (!Array.isArray(value)) throw mismatch(value, place, 'slice');
    return value.map((item, index) => (item === null ? null : read(type.list, item, { ...place, path: `${place.path}[${index}]` })));
  }
  if ('fields' in type) return readStruct(type, value, place);
  if (!isFields(value)) throw mismatch(value, place, 'map');
  const entries = Object.entries(value).map(([key, item]): [string, unknown] =>
    [key, item === null ? '' : read(type.map, item, { ...place, path: `${place.path}[${key}]` })]);
  return Object.fromEntries(entries);
}

function readStruct(type: StructType, value: unknown, place: Place): unknown {
  if (!isFields(value)) throw mismatch(value, place, 'struct');
  const inside = (name: string): Place => ({ ...place, path: place.path === '' ? name : `${place.path}.${name}`, plain: `${place.plain}.${name}` });
  const known = Object.entries(value).filter(([name]) => {
    const exists = Object.hasOwn(type.fields, name);
    if (!exists) place.unknown.push(inside(name).path);
    return exists;
  });
  return Object.fromEntries(known.filter(([, item]) => item !== null).map(([name, item]) => [name, read(type.fields[name]!, item, inside(name))]));
}

/** A whole number that Go's int64 holds and JavaScript too. */
const scalars: Record<string, { fits: (value: unknown) => boolean; name: string }> = {
  string: { fits: (value) => typeof value === 'string', name: 'string' },
  bool: { fits: (value) => typeof value === 'boolean', name: 'bool' },
  int: { fits: Number.isSafeInteger, name: 'int32' },
  intOrString: { fits: (value) => typeof value === 'string' || Number.isSafeInteger(value), name: 'intstr.IntOrString' },
  bytes: { fits: (value) => typeof value === 'string', name: '[]uint8' },
};

function readScalar(type: string, value: unknown, place: Place): unknown {
  const { fits, name } = scalars[type]!;
  if (!fits(value)) throw mismatch(value, place, name);
  if (type === 'bytes') checkBase64(value as string);
  return value;
}

function checkBase64(text: string): void {
  const bad = text.replaceAll(/[\r\n]/g, '').search(/[^A-Za-z0-9+/=]|=(?=[^=])/);
  const whole = text.replaceAll(/[\r\n]/g, '').length % 4 === 0;
  if (bad >= 0 || !whole) throw new Error(`illegal base64 data at input byte ${bad >= 0 ? bad : text.length - (text.length % 4)}`);
}

function mismatch(value: unknown, { plain }: Place, type: string): Error {
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
  const shown = typeof value === 'number' && !Number.isInteger(value) ? `number ${value}` : found;
  return new Error(`json: cannot unmarshal ${shown} into Go struct field ${plain} of type ${type}`);
}
