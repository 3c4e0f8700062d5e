// Plans the edits that turn one v1beta1 backend (serviceName, servicePort) into today's (service: name, port).
// Values, comments and key order stay; a backend that names a resource stays as it is.

import { isScalar, type Node, type Scalar, type YAMLMap } from 'yaml';
import { enterMap, field, follow, report, type Field, type Walk } from './manifest-walk.js';
import { columnAt, lineStart, linesBetween, newlineOf, quotedLike, startsLine, type Edit } from './source-edits.js';

/** `parentColumn` is the column of the key that holds the backend: it tells how far the file indents. */
export function convertBackend(walk: Walk, node: Node | null, parentColumn: number): void {
  const map = enterMap(walk, node, 'backend');
  if (map === undefined) return;
  const name = field(map, 'serviceName');
  const port = field(map, 'servicePort');
  if (name === undefined && port === undefined) {
    if (field(map, 'service')) report(walk, map, 'warning', 'the backend is in the form of networking.k8s.io/v1 already; kept');
    return;
  }
  const other = map.items.find((pair) => pair.key !== name?.key && pair.key !== port?.key);
  if (other !== undefined) {
    const key = other.key as Scalar;
    return report(walk, key, 'error', `the backend has "${String(key.value)}" beside serviceName and servicePort; remove one of them`);
  }
  if (name === undefined || port === undefined) {
    return report(walk, map, 'error', `the backend has no ${name ? 'servicePort' : 'serviceName'}, which the API requires; add it`);
  }
  const portKey = checkedPort(walk, port);
  if (!checkedName(walk, name) || portKey === undefined) return;
  walk.edits.push(...(map.flow ? flowEdits(walk, map, portKey) : blockEdits(walk, map, portKey, parentColumn)));
}

function checkedName(walk: Walk, name: Field): boolean {
  const value = follow(walk, name.value);
  if (!isScalar(value) || typeof value.value !== 'string' || value.value === '') {
    report(walk, name.key, 'error', 'serviceName must be the name of a Service, as text');
    return false;
  }
  return isOnOneLine(walk, name);
}

/** `number` or `name`, the key that today's API has for this value; a number that was written as text is unquoted. */
function checkedPort(walk: Walk, port: Field): 'number' | 'name' | undefined {
  const value = follow(walk, port.value);
  if (!isOnOneLine(walk, port)) return undefined;
  const source = isScalar(value) ? value.source ?? '' : '';
  const kind = isScalar(value) && value.tag === undefined ? portKind(value.value, source) : undefined;
  if (kind === undefined) {
    report(walk, port.key, 'error', `servicePort "${source}" is neither a port name nor a number from 1 to 65535`);
  } else if (kind === 'number') writeAsNumber(walk, value as Scalar);
  return kind;
}

/** A number in quotes never was a port name (a name needs a letter), and today's API refuses it as one. */
function portKind(value: unknown, source: string): 'number' | 'name' | undefined {
  if (typeof value === 'string' && value !== '' && !/^\d+$/.test(value)) return 'name';
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  // YAML 1.1 reads a leading 0 as octal, 1.2 does not: whoever wrote that has to say what was meant.
  const isPort = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= 65535 && !/^0\d/.test(source);
  return isPort ? 'number' : undefined;
}

function writeAsNumber(walk: Walk, scalar: Scalar): void {
  if (typeof scalar.value !== 'string' || walk.roles.has(scalar)) return;
  walk.roles.set(scalar, 'servicePort');
  walk.edits.push({ from: scalar.range![0], to: scalar.range![1], text: scalar.value, owner: scalar });
}

function isOnOneLine(walk: Walk, { key, value }: Field): boolean {
  const end = value?.range?.[1] ?? key.range![1];
  if (!walk.text.slice(key.range![0], end).includes('\n')) return true;
  report(walk, key, 'error', `the value of ${String(key.value)} is not on the line of its key; write it there, then convert`);
  return false;
}

function blockEdits(walk: Walk, map: YAMLMap, portKey: string, parentColumn: number): Edit[] {
  const [first] = keys(map);
  const column = columnAt(walk.text, first.range![0]);
  return linedEdits(walk, map, portKey, { open: ':', close: '', step: column > parentColumn ? column - parentColumn : 2 });
}

function flowEdits(walk: Walk, map: YAMLMap, portKey: string): Edit[] {
  const { text } = walk;
  const [first, second] = keys(map);
  const named = (key: Scalar): string => quotedLike(text, key, key.value === 'serviceName' ? 'name' : 'port');
  if (startsLine(text, first.range![0]) && startsLine(text, second.range![0])) {
    const outer = /^[ \t]*/.exec(text.slice(lineStart(text, map.range![0])))![0].length;
    const step = columnAt(text, first.range![0]) - outer;
    return linedEdits(walk, map, portKey, { open: ': {', close: '}', step: step > 0 ? step : 2 });
  }
  const inner = (key: Scalar): string => key.value === 'servicePort' ? `${named(key)}: {${quotedLike(text, key, portKey)}` : named(key);
  const edits = [first, second].map((key, index) => ({
    from: key.range![0], to: key.range![1], owner: map,
    text: (index === 0 ? `${quotedLike(text, key, 'service')}: {` : '') + inner(key),
  }));
  const ends = map.items.map((pair) => (pair.value as Node).range![1]);
  return [...edits, ...ends.flatMap((at, index) => {
    const closing = (keys(map)[index]!.value === 'servicePort' ? '}' : '') + (index === 1 ? '}' : '');
    return closing === '' ? [] : [{ from: at, to: at, text: closing, owner: map as Node }];
  })];
}

interface Layout { open: string; close: string; step: number }

/** Both fields on lines of their own: the new levels get lines of their own too. */
function linedEdits(walk: Walk, map: YAMLMap, portKey: string, { open, close, step }: Layout): Edit[] {
  const { text } = walk;
  const newline = newlineOf(text);
  const [first, second] = keys(map);
  const column = columnAt(text, first.range![0]);
  const margin = text.slice(lineStart(text, first.range![0]), first.range![0]);
  const unit = margin.includes('\t') ? '\t' : ' '.repeat(step);
  const pad = (levels: number): string => (margin.trim() === '' ? margin : ' '.repeat(column)) + unit.repeat(levels);
  const inner = (key: Scalar): string => key.value === 'serviceName'
    ? quotedLike(text, key, 'name')
    : `${quotedLike(text, key, 'port')}${open}${newline}${pad(2)}${quotedLike(text, key, portKey)}`;
  const closing = (key: Scalar): string => close !== '' && key.value === 'servicePort' ? newline + pad(1) + close : '';
  const ends = map.items.map((pair) => (pair.value as Node).range![1]);
  return [
    { from: first.range![0], to: first.range![1], owner: map,
      text: `${quotedLike(text, first, 'service')}${open}${newline}${pad(1)}${inner(first)}` },
    { from: ends[0]!, to: ends[0]!, owner: map, text: closing(first) },
    ...linesBetween(text, ends[0]!, second.range![0]).map((at) => ({ from: at, to: at, owner: map, text: unit })),
    { from: second.range![0], to: second.range![1], owner: map, text: unit + inner(second) },
    { from: ends[1]!, to: ends[1]!, owner: map, text: closing(second) + (close === '' ? '' : newline + pad(0) + close) },
  ];
}

function keys(map: YAMLMap): [Scalar, Scalar] {
  return [map.items[0]!.key as Scalar, map.items[1]!.key as Scalar];
}
