// The merging of server-side apply: lays an applied configuration over the live object, and takes given-up fields out again.
// Knows merge rules, nothing of managers or conflicts; changes neither argument.
import cloneDeep from 'lodash/cloneDeep.js';
import isEqual from 'lodash/isEqual.js';
import isPlainObject from 'lodash/isPlainObject.js';
import type { KubeObject } from './resources.js';
import type { FieldPath } from './field-set.js';
import { splitPath } from './field-set.js';
import { isAtomicMap, itemKey, listRule, orderItems } from './merge-keys.js';

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => isPlainObject(value);

/** Live fields that the configuration does not name stay as they are; null counts as not named. */
export function mergeApplied(kind: string, live: KubeObject, applied: KubeObject): KubeObject {
  return merge({ kind, dotted: '' }, live, applied) as KubeObject;
}

interface Place { kind: string; dotted: string }
const into = (place: Place, name: string): Place => ({ ...place, dotted: place.dotted === '' ? name : `${place.dotted}.${name}` });

function merge(place: Place, live: unknown, applied: unknown): unknown {
  if (isFields(applied)) {
    if (isAtomicMap(place.kind, place.dotted)) return cloneDeep(applied);
    const result: Fields = isFields(live) ? { ...live } : {};
    for (const [name, value] of Object.entries(applied)) {
      if (value !== null && value !== undefined) result[name] = merge(into(place, name), result[name], value);
    }
    return result;
  }
  const rule = Array.isArray(applied) ? listRule(place.kind, place.dotted) : undefined;
  if (rule === undefined) return cloneDeep(applied);
  const idOf = (item: unknown): string => JSON.stringify(rule.kind === 'map' && isFields(item) ? itemKey(rule.keys, item) : item);
  const before: unknown[] = Array.isArray(live) ? live : [];
  const wanted = (applied as unknown[]).map(idOf);
  const untouched = before.filter((item) => !wanted.includes(idOf(item)));
  const merged = (applied as unknown[]).map((item) => merge(place, before.find((other) => idOf(other) === idOf(item)), item));
  return orderItems([...merged, ...untouched], { idOf, wanted, live: before.map(idOf) });
}

/** Deepest paths first, so that an item goes after its fields. Maps that become empty go too, except the object's own sections. */
export function removeFields(kind: string, object: KubeObject, paths: readonly FieldPath[]): KubeObject {
  const result = cloneDeep(object);
  const byDepth = paths.map(splitPath).filter((elements) => !isKeyField(elements)).sort((left, right) => right.length - left.length);
  for (const elements of byDepth) removeAt({ kind, dotted: '' }, result, elements);
  return result;
}

/** The fields that make up an item's key stay as long as the item: without them it could not be found. */
function isKeyField(elements: readonly string[]): boolean {
  const [item, field] = elements.slice(-2);
  return item !== undefined && field !== undefined && item.startsWith('k:') && Object.hasOwn(JSON.parse(item.slice(2)) as Fields, field.slice(2));
}

function removeAt(place: Place, holder: unknown, elements: string[]): void {
  const [element, ...rest] = elements;
  if (element === undefined) return;
  if (Array.isArray(holder)) {
    const index = indexOf(place, holder, element);
    if (index < 0) return;
    if (rest.length === 0) holder.splice(index, 1);
    else removeAt(place, holder[index], rest);
    return;
  }
  const name = element.slice(2);
  // The paths come from managedFields, which clients may write: never reach into a prototype.
  if (!isFields(holder) || !Object.hasOwn(holder, name)) return;
  if (rest.length === 0) delete holder[name];
  else {
    removeAt(into(place, name), holder[name], rest);
    if (!['metadata', 'spec', 'status'].includes(into(place, name).dotted) && isEmpty(holder[name])) delete holder[name];
  }
}

const isEmpty = (value: unknown): boolean => (Array.isArray(value) && value.length === 0) || (isFields(value) && Object.keys(value).length === 0);

function indexOf(place: Place, list: unknown[], element: string): number {
  const wanted: unknown = JSON.parse(element.slice(2));
  if (element.startsWith('v:')) return list.findIndex((item) => isEqual(item, wanted));
  const rule = listRule(place.kind, place.dotted);
  if (rule?.kind !== 'map') return -1;
  return list.findIndex((item) => isFields(item) && isEqual(itemKey(rule.keys, item), wanted));
}
