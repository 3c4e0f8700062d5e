// Answers a list: filtered, sorted, in pages that all show the state of the first one.
// The continue token carries that state's revision and the last key; it is opaque to clients only.
import type { KubeObject, ResourceType } from './resources.js';
import type { ObjectStore, StoredList } from './object-store.js';
import type { Predicate } from './selectors.js';
import { badRequest, expired, tooLargeResourceVersion } from './status-error.js';

export interface ListRequest {
  namespace: string | undefined;
  matches: Predicate | undefined;
  limit: number;
  continueToken: string;
  resourceVersion: string;
  resourceVersionMatch: string;
}

export interface ListResult {
  objects: KubeObject[];
  resourceVersion: string;
  continueToken: string | undefined;
  remaining: number | undefined;
}

export function listObjects(store: ObjectStore, type: ResourceType, request: ListRequest): ListResult {
  const page = request.continueToken === '' ? firstPage(store, type, request) : laterPage(store, type, request);
  const { objects, last, left } = takePage(page, request);
  return {
    objects,
    resourceVersion: String(page.revision),
    continueToken: left === 0 ? undefined : tokenFrom({ revision: page.revision, after: last }),
    // With a selector a real server does not count either.
    remaining: left === 0 || request.matches !== undefined ? undefined : left,
  };
}

function takePage({ after, stored }: Page, { namespace, matches, limit }: ListRequest): { objects: KubeObject[]; last: string; left: number } {
  const prefix = namespace === undefined ? '' : `${namespace}/`;
  const max = limit === 0 ? Infinity : limit;
  const objects: KubeObject[] = [];
  let last = after;
  let index = firstAfter(stored.keys, after > prefix ? after : prefix);
  for (; index < stored.keys.length && objects.length < max && stored.keys[index]!.startsWith(prefix); index += 1) {
    last = stored.keys[index]!;
    const object = stored.at(last)!;
    if (matches === undefined || matches(object)) objects.push(object);
  }
  return { objects, last, left: countFrom(stored.keys, index, prefix) };
}

interface Page { revision: number; after: string; stored: StoredList }

function firstPage(store: ObjectStore, type: ResourceType, request: ListRequest): Page {
  const wanted = parseRevision(request.resourceVersion);
  if (wanted > store.revision) throw tooLargeResourceVersion(wanted, store.revision);
  if (request.resourceVersionMatch !== 'Exact') return { revision: store.revision, after: '', stored: store.list(type) };
  if (wanted === 0) throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  const stored = store.listAt(type, wanted);
  if (stored === undefined) throw expired(`The resourceVersion for the provided list is too old.`);
  return { revision: wanted, after: '', stored };
}

function laterPage(store: ObjectStore, type: ResourceType, request: ListRequest): Page {
  const { revision, after } = placeFrom(request.continueToken);
  const stored = revision > store.revision ? undefined : store.listAt(type, revision);
  if (stored === undefined) {
    throw expired('The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.');
  }
  return { revision, after, stored };
}

/** '' is 0. */
export function parseRevision(text: string): number {
  if (!/^\d{0,15}$/.test(text)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function tokenFrom(place: { revision: number; after: string }): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: place.revision, start: place.after })).toString('base64url');
}

function placeFrom(token: string): { revision: number; after: string } {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>;
    if (v === 'meta.k8s.io/v1' && Number.isSafeInteger(rv) && typeof start === 'string') return { revision: rv as number, after: start };
  } catch { /* answered below like every other token that is not ours */ }
  throw badRequest('continue key is not valid: the token was not issued by this server');
}

/** Index of the first key greater than `after`. */
function firstAfter(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

function countFrom(keys: readonly string[], from: number, prefix: string): number {
  if (prefix === '') return keys.length - from;
  // '0' is the character behind '/': no key of the namespace sorts at or after it.
  return Math.max(0, firstAfter(keys, `${prefix.slice(0, -1)}0`) - from);
}
