// Reads variables of nginx by two functions that it has for its modules (ngx_http_get_variable and ngx_hash_key): a name is prepared
// once, and of a number no text is made (ngx_atoof, ngx_atofp). For the way of every request; elsewhere `ngx.var` is as good, but it goes
// through a metatable: where LuaJIT begins to compile inside of that, it can't go on into the caller ("return to lower frame"), gives up,
// and does so for good in some workers and not in others. It reads, and never writes.

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

/** `name`: in lower case, of one that nginx or its configuration has. */
export function variable(name: string): Variable {
  const bytes = ffi.new('unsigned char[?]', name.length + 1, name);
  return { name: ffi.new<ForeignText>('ia_text', [name.length, bytes]), key: ffi.C.ngx_hash_key(bytes, name.length), bytes };
}

/** The value; undefined when there is none. */
export function textOf(one: Variable): string | undefined {
  const value = valueOf(one);
  return value === undefined ? undefined : ffi.string(value.bytes, band(value.bits, LENGTH));
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

/** Whether it has a value that is not empty. */
export function isFilled(one: Variable): boolean {
  const value = valueOf(one);
  return value !== undefined && band(value.bits, LENGTH) !== 0;
}

function valueOf({ name, key }: Variable): ForeignValue | undefined {
  const value = ffi.C.ngx_http_get_variable(get_request(), name, key);
  return value !== undefined && band(value.bits, NOT_FOUND) === 0 ? value : undefined;
}
