// Plans the edits that turn one v1beta1 Ingress or IngressClass into networking.k8s.io/v1. Pure: edits and findings are
// collected in the walk. What the old API server filled in by itself (pathType) is written out; a missing path stays
// missing, as today's API allows it with ImplementationSpecific.

import { isAlias, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { convertBackend } from './convert-backend.js';
import { enter, enterMap, field, follow, isNull, report, type Field, type Walk } from './manifest-walk.js';
import { columnAt, lineEnd, newlineOf, quotedLike, startsLine } from './source-edits.js';

const TODAY = 'networking.k8s.io/v1';
const IMPLEMENTATION_SPECIFIC = 'ImplementationSpecific';

/** `node` is the whole object; its apiVersion and kind have been checked by the caller. */
export function convertObject(walk: Walk, node: Node, kind: string): void {
  const map = enterMap(walk, node, kind);
  if (map === undefined) return;
  convertApiVersion(walk, map);
  if (kind !== 'Ingress') return;
  const spec = enterMap(walk, field(map, 'spec')?.value ?? null, 'spec');
  if (spec === undefined) return;
  convertDefaultBackend(walk, spec);
  for (const rule of listed(walk, field(spec, 'rules'))) {
    const http = enterMap(walk, entered(walk, rule, 'a rule', 'http'), 'http');
    if (http === undefined) continue;
    for (const path of listed(walk, field(http, 'paths'))) convertPath(walk, path);
  }
}

/** Of a List, too: its own apiVersion is all that changes there. An item without one inherits the list's. */
export function convertApiVersion(walk: Walk, map: YAMLMap): void {
  const version = field(map, 'apiVersion');
  const target = follow(walk, version?.value ?? null);
  if (!isScalar(target) || !enter(walk, target, 'apiVersion')) return;
  if (target.type === 'BLOCK_FOLDED' || target.type === 'BLOCK_LITERAL') {
    return report(walk, target, 'error', 'apiVersion is written as a block of text; write it on one line, then convert');
  }
  walk.edits.push({ from: target.range![0], to: target.range![1], text: quotedLike(walk.text, target, TODAY), owner: target });
}

function convertDefaultBackend(walk: Walk, spec: YAMLMap): void {
  const backend = field(spec, 'backend');
  if (backend === undefined) return;
  if (field(spec, 'defaultBackend') !== undefined) {
    return report(walk, backend.key, 'error', 'spec has backend and defaultBackend; remove one of them');
  }
  const { key } = backend;
  walk.edits.push({ from: key.range![0], to: key.range![1], text: quotedLike(walk.text, key, 'defaultBackend'), owner: spec });
  convertBackend(walk, backend.value, columnAt(walk.text, key.range![0]));
}

function convertPath(walk: Walk, node: Node): void {
  const map = enterMap(walk, node, 'a path');
  if (map === undefined) return;
  const pathType = field(map, 'pathType');
  if (pathType === undefined) addPathType(walk, map);
  else if (pathType.value === null || isNull(pathType.value)) {
    report(walk, pathType.key, 'error', `pathType is empty; write ${IMPLEMENTATION_SPECIFIC}, Prefix or Exact`);
  }
  warnAboutPath(walk, field(map, 'path'));
  const backend = field(map, 'backend');
  if (backend !== undefined) convertBackend(walk, backend.value, columnAt(walk.text, backend.key.range![0]));
}

function warnAboutPath(walk: Walk, path: Field | undefined): void {
  const value = isAlias(path?.value) ? path.value.resolve(walk.doc) : path?.value;
  if (!isScalar(value) || value.value === null || value.value === '' || String(value.value).startsWith('/')) return;
  report(walk, path!.value!, 'warning', `path "${String(value.value)}" does not start with /, and the API server refuses it; correct it`);
}

/** After `path` where there is one, else in front: the order that people write. */
function addPathType(walk: Walk, map: YAMLMap): void {
  const first = map.items[0]?.key as Scalar | undefined;
  if (first === undefined) return;
  const { text } = walk;
  const path = field(map, 'path');
  const start = (path?.key ?? first).range![0];
  const margin = newlineOf(text) + ' '.repeat(columnAt(text, start));
  const gap = map.flow ? (startsLine(text, start) ? ',' + margin : ', ') : margin;
  const added = `${quotedLike(text, first, 'pathType')}: ${quotedLike(text, first, IMPLEMENTATION_SPECIFIC)}`;
  const insert = (at: number, what: string): void => { walk.edits.push({ from: at, to: at, text: what, owner: map }); };
  if (path === undefined) return insert(start, added + gap);
  const end = endOf(path);
  insert(map.flow ? end : lineEnd(text, end), gap + added);
}

function endOf({ key, value }: Field): number {
  return value?.range?.[1] ?? key.range![1];
}

/** The items of a list, through aliases. Anything but a list is refused. */
function listed(walk: Walk, owner: Field | undefined): Node[] {
  const target = follow(walk, owner?.value ?? null);
  if (target === null || isNull(target)) return [];
  if (isSeq(target)) return enter(walk, target, String(owner!.key.value)) ? (target.items as Node[]) : [];
  report(walk, owner!.key, 'error', `${String(owner!.key.value)} must be a list; nothing of this object is converted`);
  return [];
}

function entered(walk: Walk, node: Node, role: string, name: string): Node | null {
  const map = enterMap(walk, node, role);
  return (map && field(map, name)?.value) ?? null;
}
