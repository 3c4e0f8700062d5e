// Numbers that nginx knows of a request, without the texts that ngx.var makes of them: each costs half as much. By two functions
// that nginx has for its modules (ngx_http_get_variable and ngx_hash_key, ngx_atoof and ngx_atofp); it reads, and never writes.

import { band } from 'bit';
import * as ffi from 'ffi';
import { get_request } from 'resty.core.base';

ffi.cdef(`
typedef struct { size_t length; const unsigned char *bytes; } ia_text;
typedef struct { uint32_t bits; const unsigned char *bytes; } ia_value;
ia_value *ngx_http_get_variable(void *request, const ia_text *name, uintptr_t key);
uintptr_t ngx_hash_key(const unsigned char *bytes, size_t length);
long ngx_atoof(const unsigned char *digits, size_t length);
long ngx_atofp(const unsigned char *digits, size_t length, size_t point);
`);

/** Of an ngx_variable_value_t: its length, and the bit that says that there is none. */
const LENGTH = 0x0fffffff;
const NOT_FOUND = 0x40000000;

/** A variable of nginx, ready to be asked for. */
export interface Variable {
  name: ForeignText;
  key: Foreign;
  /** What `name` points to: it lives as long. */
  bytes: Foreign;
}

/** `name`: in lower case, one that nginx itself has. */
export function variable(name: string): Variable {
  const bytes = ffi.new('unsigned char[?]', name.length + 1, name);
  return { name: ffi.new<ForeignText>('ia_text', [name.length, bytes]), key: ffi.C.ngx_hash_key(bytes, name.length), bytes };
}

/** A whole number; undefined when there is none. */
export function numberOf(one: Variable): number | undefined {
  const value = valueOf(one);
  if (value === undefined) return undefined;
  const number = tonumber(ffi.C.ngx_atoof(value.bytes, band(value.bits, LENGTH)))!;
  return number < 0 ? undefined : number;
}

/** A time that nginx writes with three decimals, in seconds; undefined when it is none, or several. */
export function secondsOf(one: Variable): number | undefined {
  const value = valueOf(one);
  if (value === undefined) return undefined;
  const milliseconds = tonumber(ffi.C.ngx_atofp(value.bytes, band(value.bits, LENGTH), 3))!;
  return milliseconds < 0 ? undefined : milliseconds / 1000;
}

/** Whether the variable has a value at all. */
export function isSet(one: Variable): boolean {
  return valueOf(one) !== undefined;
}

function valueOf({ name, key }: Variable): ForeignValue | undefined {
  const value = ffi.C.ngx_http_get_variable(get_request(), name, key);
  return value !== undefined && band(value.bits, NOT_FOUND) === 0 ? value : undefined;
}
