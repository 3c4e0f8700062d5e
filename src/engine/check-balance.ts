// What a policy says of the choice among endpoints: exactly the shapes of route-table/balance.ts. Variables outside the closed set,
// which would be looked up in nginx, are refused here too.

import type { Balance, KeyPart } from '../route-table/types.js';
import { isKey, mostSubset } from '../core/annotations/balancing-annotations.js';

/** Whether this is a Balance, with its fields in the order of the contract or another. */
export function isBalance(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.by === 'ewma') return hasOnly(value, ['by']);
  if (value.by !== 'hash' || !hasOnly(value, ['by', 'key', 'subset'])) return false;
  const { key, subset } = value;
  const size = subset === undefined ? !Object.hasOwn(value, 'subset') : Number.isInteger(subset) && (subset as number) >= 1 && (subset as number) <= mostSubset;
  return size && Array.isArray(key) && key.every(isPart) && isKey(key as KeyPart[]);
}

/** With its fields in a fixed order. */
export function orderedBalance(balance: Balance): Balance {
  if (balance.by === 'ewma') return { by: balance.by };
  const { by, key, subset } = balance;
  return { by, key, ...(subset !== undefined && { subset }) };
}

function isPart(part: unknown): boolean {
  if (!isRecord(part) || Object.keys(part).length !== 1) return false;
  return typeof part.text === 'string' || typeof part.variable === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasOnly(value: object, fields: readonly string[]): boolean {
  return Object.keys(value).every((field) => fields.includes(field));
}
