// The language in which the fields of the served kinds are written down: which exist, and of which type.
// It says nothing about values.

export type FieldType = 'string' | 'int' | 'bool' | 'bytes' | 'intOrString' | 'any' | ListType | MapType | StructType;
export interface ListType { list: FieldType }
export interface MapType { map: FieldType }
export interface StructType { fields: Record<string, FieldType> }

export const list = (of: FieldType): ListType => ({ list: of });
export const map = (of: FieldType): MapType => ({ map: of });
export const struct = (fields: Record<string, FieldType>): StructType => ({ fields });
/** `strings('a b')` are two fields of type string. */
export const of = (type: FieldType) => (names: string): Record<string, FieldType> => Object.fromEntries(names.split(' ').map((name) => [name, type]));
export const strings = of('string');
export const ints = of('int');
export const bools = of('bool');

export const reference = struct(strings('kind namespace name uid apiVersion resourceVersion fieldPath'));
export const condition = struct({ ...strings('type status lastTransitionTime lastUpdateTime lastProbeTime reason message'), ...ints('observedGeneration') });
export const labelSelector = struct({ matchLabels: map('string'), matchExpressions: list(struct({ ...strings('key operator'), values: list('string') })) });
