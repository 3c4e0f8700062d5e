// How a class table lies in shared memory. Every entry has
//   a record   `<class>|<key>|<generation>`  its JSON, written once and never changed,
//   a pointer  `<class>|<key>`               the generation of its newest record, negative when that one removes the entry,
//   and, only while a newer generation is being written, `<class>|<key>|<` with the pointer as it was (0: there was none).
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
