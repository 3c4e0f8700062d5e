// The state of one YAML document's conversion, and how it is walked: through aliases, each part once, in one role.
// It collects edits and findings and changes nothing.

import { isAlias, isMap, isScalar, visit, type Alias, type Document, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { Edit } from './source-edits.js';

export interface Position {
  file: string;
  /** Both count from 1. */
  line: number;
  column: number;
}

export interface Finding extends Position {
  /** fatal: the file cannot be read at all; error: an object is left as it was; warning: converted, worth a look. */
  severity: 'fatal' | 'error' | 'warning';
  message: string;
}

export interface Walk {
  readonly text: string;
  readonly doc: Document.Parsed;
  readonly position: (offset: number) => Position;
  edits: Edit[];
  findings: Finding[];
  /** What each visited part is (`backend`, `path`…): a part that an alias uses as something else cannot be converted. */
  roles: Map<Node, string>;
  followed: Set<Alias>;
  /** Parts met where they are written, not through an alias. */
  direct: Set<Node>;
  /** The object being converted, for messages: `Ingress shop/web`. */
  subject: string;
}

/** A pair whose key is a plain name in the source. */
export interface Field {
  key: Scalar;
  value: Node | null;
}

export function report(walk: Walk, node: Node, severity: Finding['severity'], message: string): void {
  walk.findings.push({ ...walk.position(node.range?.[0] ?? 0), severity, message: `${walk.subject}: ${message}` });
}

/** The node behind an alias; the alias counts as followed, so what it repeats may be converted. */
export function follow(walk: Walk, node: Node | null): Node | null {
  if (!isAlias(node)) {
    if (node !== null) walk.direct.add(node);
    return node;
  }
  walk.followed.add(node);
  return node.resolve(walk.doc) ?? null;
}

/** The map to convert in this role; undefined when it has been converted already, is empty, or is refused. */
export function enterMap(walk: Walk, node: Node | null, role: string): YAMLMap | undefined {
  const target = follow(walk, node);
  if (target === null || isNull(target)) return undefined;
  if (!isMap(target)) {
    report(walk, node!, 'error', `${role} must be a map; nothing of this object is converted`);
    return undefined;
  }
  if (!enter(walk, target, role)) return undefined;
  const odd = target.items.find((pair) => !isPlainKey(pair));
  if (odd === undefined) return target;
  const merge = isScalar(odd.key) && (odd.key.source === '<<');
  report(walk, (odd.key as Node | null) ?? target, 'error', merge
    ? `${role} takes fields from elsewhere with a merge key (<<); write them out, then convert`
    : `${role} has a key in a form that is not converted (explicit, tagged or anchored key); write it as a plain name`);
  return undefined;
}

/** Whether the part is visited for the first time. A second role is refused. */
export function enter(walk: Walk, target: Node, role: string): boolean {
  const known = walk.roles.get(target);
  if (known === undefined) walk.roles.set(target, role);
  else if (known !== role) report(walk, target, 'error', `one anchor is used as ${known} and as ${role}; write one of them out, then convert`);
  return known === undefined;
}

function isPlainKey(pair: Pair): boolean {
  const explicit = pair.srcToken?.start.some((token) => token.type === 'explicit-key-ind') ?? false;
  return isScalar(pair.key) && typeof pair.key.value === 'string' && pair.key.source !== '<<' && !explicit &&
    pair.key.anchor === undefined && pair.key.tag === undefined;
}

export function field(map: YAMLMap, name: string): Field | undefined {
  const pair = map.items.find((candidate) => isScalar(candidate.key) && candidate.key.value === name);
  return pair === undefined ? undefined : { key: pair.key as Scalar, value: pair.value as Node | null };
}

export function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

/** Refuses edits that an alias would carry to a place where nothing is converted, or that reach out of the Ingress. */
export function checkAliases(walk: Walk): void {
  visit(walk.doc, {
    Alias: (_key, alias) => {
      const target = alias.resolve(walk.doc);
      if (target === undefined || !walk.edits.some((edit) => contains(target, edit.owner))) return;
      if (!walk.followed.has(alias)) {
        report(walk, alias, 'error',
          `alias *${alias.source} repeats a part that would be converted, in a place that is not; write it out, then convert`);
      } else if (!walk.direct.has(target)) {
        report(walk, alias, 'error',
          `alias *${alias.source} takes a part from a place that is not converted; write it out here, then convert`);
      }
    },
  });
}

function contains(outer: Node, inner: Node): boolean {
  return outer === inner || (outer.range![0] <= inner.range![0] && inner.range![1] <= outer.range![1]);
}
