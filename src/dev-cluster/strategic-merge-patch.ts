// Applies a strategic merge patch, the patch type of `kubectl apply`, `edit` and `patch`, to one object.
// It changes neither argument and judges nothing: defaults, validation and versions belong to the server.
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
import isEqual from 'lodash/isEqual.js';
import isPlainObject from 'lodash/isPlainObject.js';
import type { KubeObject, ResourceType } from './resources.js';
import { listRule, orderItems } from './merge-keys.js';

type Fields = Record<string, unknown>;

const SET_ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';

/** Throws an Error, with a message for the client, where the patch itself is malformed. */
export function strategicMergePatch(type: ResourceType, live: KubeObject, patch: Fields): KubeObject {
  return mergeFields({ kind: type.kind, path: '' }, live, patch) as KubeObject;
}

interface Place { kind: string; path: string }

const isFields = (value: unknown): value is Fields => isPlainObject(value);
const into = (place: Place, name: string): Place => ({ ...place, path: place.path === '' ? name : `${place.path}.${name}` });

function mergeFields(place: Place, live: Fields, patch: Fields): Fields {
  const directive = patch['$patch'];
  if (directive === 'delete') return {};
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge') throw new Error(`unknown $patch directive ${JSON.stringify(directive)} at ${place.path || 'the top'}`);
  const result = retained(live, patch['$retainKeys']);
  deletePrimitives(result, patch);
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete result[name];
    else result[name] = mergeValue(into(place, name), result[name], { value, order: patch[SET_ORDER + name] });
  }
  reorderUntouchedLists(place, result, patch);
  return result;
}

function retained(live: Fields, keys: unknown): Fields {
  if (keys === undefined) return { ...live };
  if (!Array.isArray(keys)) throw new Error('$retainKeys must be a list of field names');
  return Object.fromEntries(Object.entries(live).filter(([name]) => keys.includes(name)));
}

/** Before anything is added: what a patch both deletes and adds is there in the end. */
function deletePrimitives(result: Fields, patch: Fields): void {
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(DELETE_PRIMITIVES)) continue;
    const field = name.slice(DELETE_PRIMITIVES.length);
    const gone = asList(value, name);
    const list = result[field];
    if (Array.isArray(list)) result[field] = list.filter((item) => !gone.some((other) => isEqual(item, other)));
  }
}

/** A patch may order a list without changing any of its items. */
function reorderUntouchedLists(place: Place, result: Fields, patch: Fields): void {
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(SET_ORDER)) continue;
    const field = name.slice(SET_ORDER.length);
    const list = result[field];
    if (!(field in patch) && Array.isArray(list)) result[field] = ordered(into(place, field), list, { live: list, order: value });
  }
}

function mergeValue(place: Place, live: unknown, patch: { value: unknown; order: unknown }): unknown {
  const { value, order } = patch;
  if (isFields(value)) return mergeFields(place, isFields(live) ? live : {}, value);
  if (!Array.isArray(value)) return value;
  const rule = listRule(place.kind, place.path);
  if (rule === undefined) return cleanList(value);
  const before: unknown[] = Array.isArray(live) ? live : [];
  const merged = rule.kind === 'set'
    ? [...before, ...value.filter((item) => !before.some((other) => isEqual(item, other)))]
    : mergeByKey(place, before, { items: value, key: rule.key });
  if (value.some(isReplace)) return merged;
  // Without an order of its own, the patch's items come in the order of the patch.
  return ordered(place, merged, { live: before, order: order ?? value });
}

function mergeByKey(place: Place, live: unknown[], patch: { items: unknown[]; key: string }): unknown[] {
  const { key } = patch;
  const items = patch.items.map((item) => {
    if (!isFields(item)) throw new Error(`${place.path}: every item must be an object with the merge key ${key}`);
    return item;
  });
  if (items.some(isReplace)) return cleanList(items);
  let result = [...live];
  for (const item of items) {
    const id = item[key];
    if (id === undefined) throw new Error(`${place.path}: map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const found = result.findIndex((other) => isFields(other) && isEqual(other[key], id));
    if (item['$patch'] === 'delete') result = result.filter((other) => !isFields(other) || !isEqual(other[key], id));
    else if (found < 0) result.push(mergeFields(place, {}, item));
    else result[found] = mergeFields(place, result[found] as Fields, item);
  }
  return result;
}

const isReplace = (item: unknown): boolean => isFields(item) && item['$patch'] === 'replace';

function ordered(place: Place, merged: unknown[], request: { live: unknown[]; order: unknown }): unknown[] {
  const rule = listRule(place.kind, place.path);
  const idOf = (item: unknown): string => JSON.stringify(rule?.kind === 'map' && isFields(item) ? item[rule.key] : item) ?? '';
  const wanted = asList(request.order, SET_ORDER + place.path).map(idOf);
  return orderItems(merged, { idOf, wanted, live: request.live.map(idOf) });
}

function asList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} must be a list`);
  return value;
}

/** What a patch adds where nothing was: the directives and the nulls mean nothing there. */
function withoutDirectives(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields)
    .filter(([name, value]) => !name.startsWith('$') && value !== null)
    .map(([name, value]) => [name, clean(value)]));
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return cleanList(value);
  return isFields(value) ? withoutDirectives(value) : value;
}

const cleanList = (list: readonly unknown[]): unknown[] =>
  list.filter((item) => !isFields(item) || (item['$patch'] !== 'delete' && !isReplace(item))).map(clean);
