// How a class table lies in shared memory. Every entry has
//   a record   `<class>|<key>|<generation>`  its JSON or, of a host, its packed routes, written once and never changed,
//   a pointer  `<class>|<key>`               the generation of its newest record, negative when that one removes the entry, with
//                                            a half more when the generation before had no such entry,
//   for each of the last steps a record `<class>||<generation>` with the keys of the entries that it changed (changed-keys.ts),
//   and, only while a newer generation is being written, `<class>|<key>|<` with the pointer as it was, if there was one.
// A class has one number, its generation. Raising it makes all newer records visible at once, in every worker. Numbers are
// overwritten in place, so a full zone can refuse a change but never damage what is served. Keys hold no `|` of their own.

import { cut } from './text.js';

/** Generation of a class: what readers may see. */
export function generationKey(className: string): string {
  return className;
}

/** Number of entries of a class. */
export function countKey(className: string): string {
  return className + '|count';
}

/** The newest generation whose changes are not told; 0: none. */
export function untoldKey(className: string): string {
  return className + '|untold';
}

/** Held by the one worker that writes the class. */
export function lockKey(className: string): string {
  return className + '|lock';
}

/** Present while a step is being written. Found by the next writer, it says that the one before died half way. */
export function openKey(className: string): string {
  return className + '|open';
}

/** Present while clients are asked to go elsewhere. No class has this name. */
export function leavingKey(): string {
  return '|leaving';
}

export function pointerKey(className: string, key: string): string {
  return className + '|' + key;
}

/** The generation that a pointer tells of, whatever it tells; 0 for no pointer. */
export function generationOf(pointer: number): number {
  return math.floor(math.abs(pointer));
}

/**
 * The pointer of an entry that comes with `generation`. That it was not there needs no key of its own then, which would be taken away
 * again after the step: of a first table, half of the room of all pointers.
 */
export function firstPointer(generation: number): number {
  return generation + 0.5;
}

/** Whether the generation before had no such entry. */
export function isFirst(pointer: number): boolean {
  return pointer !== math.floor(pointer);
}

const PREVIOUS = '|<';

export function previousKey(pointer: string): string {
  return pointer + PREVIOUS;
}

/** The pointer whose previous key this is; undefined for any other key. */
export function pointerOfPrevious(key: string): string | undefined {
  const end = key.length - PREVIOUS.length;
  return cut(key, end, key.length) === PREVIOUS ? cut(key, 0, end) : undefined;
}

export function recordKey(pointer: string, generation: number): string {
  return pointer + '|' + tostring(generation);
}

/** Where it is told what a step changed. No entry has an empty key. */
export function changesKey(className: string, generation: number): string {
  return recordKey(pointerKey(className, ''), generation);
}
