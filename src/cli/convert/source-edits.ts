// Edits on the text of a YAML file: what no edit touches stays byte for byte. It knows columns, line ends and quotes,
// and nothing of Kubernetes.

import type { Node, Scalar } from 'yaml';

export interface Edit {
  from: number;
  to: number;
  text: string;
  /** The node whose meaning the edit changes: an alias to it, or to something around it, is changed as well. */
  owner: Node;
}

/** The text with all edits made. Edits must not overlap; insertions at one place keep their order. */
export function applyEdits(text: string, edits: Edit[]): string {
  let result = '';
  let done = 0;
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    result += text.slice(done, edit.from) + edit.text;
    done = edit.to;
  }
  return result + text.slice(done);
}

/** Column of an offset, counted from 0. */
export function columnAt(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the line end after `offset`: before CR LF, LF or the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  if (newline < 0) return text.length;
  return newline > offset && text[newline - 1] === '\r' ? newline - 1 : newline;
}

/** Whether only blanks stand before `offset` on its line. */
export function startsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

/** The line end that the text uses. */
export function newlineOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** `name` in the quotes that `like` is written in, so that JSON stays JSON. */
export function quotedLike(text: string, like: Scalar, name: string): string {
  const first = text[like.range![0]];
  return first === '"' || first === "'" ? first + name + first : name;
}

/** Starts of the lines that lie wholly between two offsets and are not blank. */
export function linesBetween(text: string, from: number, to: number): number[] {
  const starts: number[] = [];
  const last = lineStart(text, to);
  for (let at = text.indexOf('\n', from) + 1; at > 0 && at < last; at = text.indexOf('\n', at) + 1) {
    if (text.slice(at, lineEnd(text, at)).trim() !== '') starts.push(at);
  }
  return starts;
}
