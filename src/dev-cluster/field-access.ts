// Reads parts of objects that clients wrote, where every part may be missing or of another type.

export type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Empty when it is missing or no object. */
export const fieldsAt = (object: unknown, name: string): Fields => {
  const value = isFields(object) ? object[name] : undefined;
  return isFields(value) ? value : {};
};

/** Empty when it is missing or no list. Items that are no objects are read as empty ones, and then lack what is required. */
export const listAt = (object: unknown, name: string): Fields[] => {
  const value = isFields(object) ? object[name] : undefined;
  return Array.isArray(value) ? value.map((item) => (isFields(item) ? item : {})) : [];
};

/** '' when it is missing, as Go reads it. */
export const textAt = (object: unknown, name: string): string => {
  const value = isFields(object) ? object[name] : undefined;
  return typeof value === 'string' ? value : '';
};

export const stringsAt = (object: unknown, name: string): string[] => {
  const value = isFields(object) ? object[name] : undefined;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
};

/** Whether the field is there and not null. */
export const has = (object: unknown, name: string): boolean => isFields(object) && object[name] !== undefined && object[name] !== null;
