// Decodes application/vnd.kubernetes.protobuf bodies, which kubectl >= 1.32 sends for `create` sub-commands and `auth can-i`.
// It reads only the kinds and fields of its tables; unknown fields are skipped, an unknown kind is an Error for the client.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
import type { Field, Schema } from './protobuf-schemas.js';
import { schemaFor } from './protobuf-schemas.js';

const MAGIC = Buffer.from('k8s\0', 'latin1');

/** The wire types of protobuf that exist in Kubernetes messages. */
const enum Wire { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 }

type Fields = Record<string, unknown>;

/** The object as plain JSON with apiVersion and kind, the way its JSON body would read. */
export function decodeProtobuf(body: Buffer): Fields {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('protobuf: the body does not start with the k8s envelope');
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const entry of readEntries(body.subarray(MAGIC.length))) {
    if (entry.number === 1) [apiVersion, kind] = readTypeMeta(entry.bytes);
    if (entry.number === 2) raw = entry.bytes;
    if (entry.number === 3 && entry.bytes.length > 0) throw new Error(`protobuf: content encoding ${entry.bytes.toString()} is not supported`);
  }
  const schema = schemaFor(apiVersion, kind);
  if (schema === undefined) throw new Error(`protobuf: ${kind || 'this kind'} of ${apiVersion || 'no version'} is not supported; send application/json`);
  return { apiVersion, kind, ...decodeMessage(raw, schema) };
}

function readTypeMeta(bytes: Buffer): [string, string] {
  const found = { 1: '', 2: '' } as Record<number, string>;
  for (const entry of readEntries(bytes)) found[entry.number] = entry.bytes.toString('utf8');
  return [found[1]!, found[2]!];
}

interface Entry { number: number; varint: bigint; bytes: Buffer }

function* readEntries(buffer: Buffer): Generator<Entry> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = buffer[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new Error('protobuf: the body ends inside a number');
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > buffer.length) throw new Error('protobuf: the body ends inside a field');
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const entry: Entry = { number: Math.trunc(tag / 8), varint: 0n, bytes: Buffer.alloc(0) };
    switch (tag % 8) {
      case Wire.Varint: entry.varint = varint(); break;
      case Wire.Bytes: entry.bytes = take(Number(varint())); break;
      case Wire.Fixed64: take(8); break;
      case Wire.Fixed32: take(4); break;
      default: throw new Error(`protobuf: unknown wire type ${tag % 8}`);
    }
    yield entry;
  }
}

function decodeMessage(bytes: Buffer, schema: Schema): Fields {
  const result: Fields = {};
  for (const entry of readEntries(bytes)) {
    const field = schema[entry.number];
    if (field === undefined) continue;
    const value = decodeField(entry, field);
    if (field.shape === 'map' || field.shape === 'bytesMap') Object.assign((result[field.name] ??= {}) as Fields, value);
    else if (field.inline) Object.assign(result, value);
    else if (field.repeated) ((result[field.name] ??= []) as unknown[]).push(value);
    else if (field.optional || !isZero(value)) result[field.name] = value;
  }
  return result;
}

/** Go writes fields that are not pointers even when empty; in JSON they are left out. */
function isZero(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || value === false ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function decodeField(entry: Entry, field: Field): unknown {
  switch (field.shape) {
    case 'string': return entry.bytes.toString('utf8');
    case 'int': return Number(entry.varint);
    case 'bool': return entry.varint !== 0n;
    case 'time': return decodeTime(entry.bytes);
    case 'intOrString': return decodeIntOrString(entry.bytes);
    case 'quantity': return decodeMessage(entry.bytes, { 1: { name: 'string', shape: 'string' } })['string'];
    case 'map': return decodeMapEntry(entry.bytes, 'utf8');
    case 'bytesMap': return decodeMapEntry(entry.bytes, 'base64');
    case 'message': return decodeMessage(entry.bytes, field.of!);
  }
}

function decodeMapEntry(bytes: Buffer, encoding: 'utf8' | 'base64'): Fields {
  let key = '';
  let value = '';
  for (const entry of readEntries(bytes)) {
    if (entry.number === 1) key = entry.bytes.toString('utf8');
    if (entry.number === 2) value = entry.bytes.toString(encoding);
  }
  return { [key]: value };
}

function decodeTime(bytes: Buffer): string | undefined {
  const seconds = [...readEntries(bytes)].find((entry) => entry.number === 1)?.varint;
  return seconds === undefined ? undefined : new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

function decodeIntOrString(bytes: Buffer): number | string {
  const entries = [...readEntries(bytes)];
  const at = (number: number): Entry | undefined => entries.find((entry) => entry.number === number);
  return at(1)?.varint === 1n ? at(3)?.bytes.toString('utf8') ?? '' : Number(at(2)?.varint ?? 0n);
}
