// One complaint about one field, in the words of a real API server.
// It formats only; which value is wrong is decided by the validate-… files.

export interface FieldError {
  /** `spec.rules[0].host`. */
  field: string;
  /** The closed reason of a Status cause, such as FieldValueInvalid. */
  reason: string;
  /** All behind `field: `. */
  body: string;
}

const detailed = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);
const printed = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(value));

export const invalidValue = (field: string, value: unknown, detail: string): FieldError =>
  ({ field, reason: 'FieldValueInvalid', body: detailed(`Invalid value: ${printed(value)}`, detail) });

export const requiredValue = (field: string, detail = ''): FieldError =>
  ({ field, reason: 'FieldValueRequired', body: detailed('Required value', detail) });

export const forbiddenValue = (field: string, detail: string): FieldError =>
  ({ field, reason: 'FieldValueForbidden', body: detailed('Forbidden', detail) });

export const unsupportedValue = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  ({ field, reason: 'FieldValueNotSupported', body: `Unsupported value: ${printed(value)}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}` });

export const duplicateValue = (field: string, value: unknown): FieldError =>
  ({ field, reason: 'FieldValueDuplicate', body: `Duplicate value: ${printed(value)}` });

export const tooLong = (field: string, max: number): FieldError =>
  ({ field, reason: 'FieldValueTooLong', body: `Too long: may not be more than ${max} bytes` });

export const tooMany = (field: string, count: number, max: number): FieldError =>
  ({ field, reason: 'FieldValueTooMany', body: `Too many: ${count}: must have at most ${max} items` });

export const immutable = (field: string, value: unknown): FieldError => invalidValue(field, value, 'field is immutable');

/** One error per message of a check such as `dns1123Label`. */
export const invalidFor = (field: string, value: unknown, messages: readonly string[]): FieldError[] =>
  messages.map((message) => invalidValue(field, value, message));
