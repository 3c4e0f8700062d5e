// Sets of field paths, and their wire form FieldsV1 (`f:` field, `k:` item by key, `v:` item by value, `.` the thing itself).
// Knows how objects break into fields, nothing about managers. https://kubernetes.io/docs/reference/using-api/server-side-apply/
import isEqual from 'lodash/isEqual.js';
import isPlainObject from 'lodash/isPlainObject.js';
import { isAtomicMap, itemKey, listRule } from './merge-keys.js';

/** One path: its FieldsV1 elements joined by SEPARATOR, so that sets of paths are plain sets of strings. */
export type FieldPath = string;
export type FieldSet = Set<FieldPath>;

const SEPARATOR = '\u0000';
type Fields = Record<string, unknown>;

export const joinPath = (elements: readonly string[]): FieldPath => elements.join(SEPARATOR);
export const splitPath = (path: FieldPath): string[] => path.split(SEPARATOR);
export const isUnder = (path: FieldPath, parent: FieldPath): boolean => path.startsWith(parent + SEPARATOR);

/** A map or keyed list that is a member itself besides its content (`.`); equal to itself whatever it holds. */
const CONTAINER = Symbol('container');

/** Fields that are never owned: identity, and what the server alone writes. */
const unowned = new Set(['apiVersion', 'kind', ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'generation',
  'managedFields', 'resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds'].map((name) => `metadata.${name}`)]);

/** Values rather than pointers in the Go types: they always exist, so nobody owns their existence. */
const structs = new Set(['metadata', 'spec', 'status', 'status.loadBalancer', 'spec.strategy', 'spec.template', 'spec.template.metadata',
  'spec.template.spec', 'spec.template.spec.containers']);

export interface Breakdown { kind: string; /** Whether maps and keyed lists are members besides their content, as in ordinary writes. */ containers: boolean }

/** Every field of an object with its value. */
export function fieldsOf(object: object, how: Breakdown): Map<FieldPath, unknown> {
  const found = new Map<FieldPath, unknown>();
  visit({ found, how, elements: [], dotted: '' }, object);
  return found;
}

interface Visit { found: Map<FieldPath, unknown>; how: Breakdown; elements: string[]; dotted: string }

function visit(at: Visit, value: unknown): void {
  if (isNobodys(at, value)) return;
  const path = joinPath(at.elements);
  if (isGranularMap(at, value)) {
    addContainer(at);
    for (const [name, child] of Object.entries(value)) {
      visit({ ...at, elements: [...at.elements, `f:${name}`], dotted: at.dotted === '' ? name : `${at.dotted}.${name}` }, child);
    }
    return;
  }
  const rule = Array.isArray(value) ? listRule(at.how.kind, at.dotted) : undefined;
  if (rule === undefined || (value as unknown[]).length === 0) {
    if (at.elements.length > 0) at.found.set(path, value);
    return;
  }
  addContainer(at);
  for (const item of value as unknown[]) visitItem(at, item, rule.kind === 'map' ? rule.keys : undefined);
}

const isNobodys = (at: Visit, value: unknown): boolean => value === null || value === undefined || unowned.has(at.dotted);

function isGranularMap(at: Visit, value: unknown): value is Fields {
  return isPlainObject(value) && Object.keys(value as Fields).length > 0 && !isAtomicMap(at.how.kind, at.dotted);
}

function visitItem(at: Visit, item: unknown, keys: string[] | undefined): void {
  if (keys === undefined || !isPlainObject(item)) {
    at.found.set(joinPath([...at.elements, `v:${JSON.stringify(item)}`]), item);
    return;
  }
  const elements = [...at.elements, `k:${JSON.stringify(itemKey(keys, item as Fields))}`];
  at.found.set(joinPath(elements), CONTAINER);
  for (const [name, child] of Object.entries(item as Fields)) {
    visit({ ...at, elements: [...elements, `f:${name}`], dotted: `${at.dotted}.${name}` }, child);
  }
}

function addContainer(at: Visit): void {
  if (at.how.containers && at.elements.length > 0 && !structs.has(at.dotted)) at.found.set(joinPath(at.elements), CONTAINER);
}

/** Paths whose value is new or another one, and paths that are gone. */
export function compareFields(before: Map<FieldPath, unknown>, after: Map<FieldPath, unknown>): { changed: FieldSet; removed: FieldSet } {
  const changed = [...after].filter(([path, value]) => !before.has(path) || !isEqual(before.get(path), value)).map(([path]) => path);
  return { changed: new Set(changed), removed: new Set([...before.keys()].filter((path) => !after.has(path))) };
}

export function fieldSetFromFieldsV1(fields: unknown): FieldSet {
  const found: FieldSet = new Set();
  const read = (node: unknown, elements: string[]): void => {
    if (!isPlainObject(node)) return;
    const children = Object.entries(node as Fields);
    if (children.length === 0 && elements.length > 0) found.add(joinPath(elements));
    for (const [name, child] of children) {
      if (name === '.') found.add(joinPath(elements));
      else read(child, [...elements, name]);
    }
  };
  read(fields, []);
  return found;
}

/** The nested wire form. Sorted, so that the same set always prints the same. */
export function fieldsV1FromFieldSet(set: FieldSet): Fields {
  const paths = [...set].sort();
  const root: Fields = {};
  for (const [index, path] of paths.entries()) {
    let node = root;
    for (const element of splitPath(path)) node = (node[element] ??= {}) as Fields;
    // The separator sorts before everything, so whatever is inside comes right after.
    if (isUnder(paths[index + 1] ?? '', path)) node['.'] = {};
  }
  return root;
}

/** The path as a person writes it: `.spec.ports[port=80,protocol="TCP"].name`. */
export function printPath(path: FieldPath): string {
  return splitPath(path).map((element) => {
    const rest = element.slice(2);
    if (element.startsWith('f:')) return `.${rest}`;
    if (element.startsWith('v:')) return `[=${rest}]`;
    return `[${Object.entries(JSON.parse(rest) as Fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
  }).join('');
}
