// Reads an object by the types of its fields, as Go's decoder does: a wrong type is an error, unknown fields and nulls drop out.
import type { FieldType, MapType, StructType } from './field-types.js';
import { isFields } from './field-access.js';

export interface Reading {
  value: unknown;
  /** Paths of the fields that do not exist, such as `spec.rules[0].hosts`. */
  unknown: string[];
}

/** One step into the object. Paths are put together only for a complaint: most objects have none. */
interface Place { parent: Place | undefined; step: string | number; unknown: string[] }

/** `spec.rules[0].host` */
function pathOf({ parent, step }: Place): string {
  if (parent === undefined) return '';
  const before = pathOf(parent);
  if (typeof step === 'number') return `${before}[${step}]`;
  return before === '' ? step : `${before}.${step}`;
}

/** `Ingress.spec.rules.host`, as Go prints it in errors. */
function plainPathOf({ parent, step }: Place): string {
  if (parent === undefined) return String(step);
  return typeof step === 'number' ? plainPathOf(parent) : `${plainPathOf(parent)}.${step}`;
}

/** Throws an Error with the decoder's complaint about the first value of a wrong type. */
export function readFields(kind: string, type: StructType, object: unknown): Reading {
  const unknown: string[] = [];
  return { value: readStruct(type, object, { parent: undefined, step: kind, unknown }), unknown };
}

const inside = (place: Place, step: string | number): Place => ({ parent: place, step, unknown: place.unknown });

function read(type: FieldType, value: unknown, place: Place): unknown {
  if (type === 'any') return value;
  if (typeof type === 'string') return readScalar(type, value, place);
  if ('list' in type) {
    if (!Array.isArray(value)) throw mismatch(value, place, 'slice');
    return value.map((item, index) => (item === null ? zeroOf(type.list) : read(type.list, item, inside(place, index))));
  }
  return 'fields' in type ? readStruct(type, value, place) : readMap(type, value, place);
}

/** What Go's decoder makes of a null in a list: the zero value of the item. */
function zeroOf(type: FieldType): unknown {
  if (type === 'any') return null;
  if (typeof type === 'string') return type === 'int' || type === 'intOrString' ? 0 : type === 'bool' ? false : '';
  return 'list' in type ? null : {};
}

function readMap(type: MapType, value: unknown, place: Place): unknown {
  if (!isFields(value)) throw mismatch(value, place, 'map');
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item === null ? '' : read(type.map, item, inside(place, key))]));
}

function readStruct(type: StructType, value: unknown, place: Place): unknown {
  if (!isFields(value)) throw mismatch(value, place, 'struct');
  const known: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    if (!Object.hasOwn(type.fields, name)) place.unknown.push(pathOf(inside(place, name)));
    else if (item !== null) known[name] = read(type.fields[name]!, item, inside(place, name));
  }
  return known;
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

function mismatch(value: unknown, place: Place, type: string): Error {
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
  const shown = typeof value === 'number' && !Number.isInteger(value) ? `number ${value}` : found;
  return new Error(`json: cannot unmarshal ${shown} into Go struct field ${plainPathOf(place)} of type ${type}`);
}
