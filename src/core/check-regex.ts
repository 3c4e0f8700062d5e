// Which patterns a path of a regex host may be: a grammar over the whole text, a part of PCRE's. A pattern that nginx could
// not compile, or would track back over without end, fails every request of its host, also those of other Ingresses.

import { longestPattern } from './limits.js';
import { type Characters, charactersOfSet, escapes, every, eitherCase } from './pattern-characters.js';

const DEEPEST = 20;
/**
 * Bytes that PCRE compiles a pattern to, at most: it takes none beyond 64 KiB (pcrelimits(3)), and each pattern that is asked is kept
 * compiled. The parts are those of its 8-bit code with a link size of 2: a character, a set, and around a group its brackets, those
 * that make a round optional, and the link of an alternative.
 */
const LARGEST = 16_384;
const CHARACTER = 2;
const SET = 33;
const GROUP = 16;
const ALTERNATIVE = 3;
/** Counts and opcodes of a repetition of one character or set, which is not written out. */
const REPETITION = 10;
/** From so many rounds on, a repetition with several ways through each round is refused. */
const ROUNDS = 4;
const UNBOUNDED = Infinity;

const anchors = new Set(['b', 'B']);

/** What a part of a pattern can match, as far as it tells whether there are several ways to match the same text. */
interface Part {
  /** In bytes, compiled, counted repetitions of groups written out. */
  size: number;
  nullable: boolean;
  first: Characters;
  /** Texts of one character that it matches. */
  single: Characters;
  /** What repetitions without end at its end can go on with. */
  tail: Characters;
  /** A text can be divided in several ways between a repetition in it and what follows. */
  ambiguous: boolean;
}

const nothing: Part = { size: 0, nullable: true, first: 0n, single: 0n, tail: 0n, ambiguous: false };

/** Why a pattern is refused, in words that end a sentence about it; undefined when it is accepted. */
export function regexProblem(pattern: string): string | undefined {
  if (pattern.length > longestPattern) return `is longer than ${longestPattern} bytes`;
  if (!/^[\x21-\x7e]*$/.test(pattern)) return 'must have visible ASCII characters only';
  // An anchor in place of (?i), so that nothing can repeat it.
  return readPattern(pattern.replace(/^(\/?)\(\?i\)/, '$1^'));
}

function one(set: Characters, size: number): Part {
  return { ...nothing, size, nullable: false, first: set, single: set };
}

function inSequence(a: Part, b: Part): Part {
  return {
    size: a.size + b.size, nullable: a.nullable && b.nullable,
    first: a.first | (a.nullable ? b.first : 0n),
    single: (a.nullable ? b.single : 0n) | (b.nullable ? a.single : 0n),
    tail: b.tail | (b.nullable ? a.tail : 0n),
    ambiguous: a.ambiguous || b.ambiguous || (a.tail & b.first) !== 0n,
  };
}

function eitherOf(a: Part, b: Part): Part {
  return {
    size: a.size + b.size + ALTERNATIVE, nullable: a.nullable || b.nullable, first: a.first | b.first, single: a.single | b.single,
    tail: a.tail | b.tail, ambiguous: a.ambiguous || b.ambiguous || (a.single & b.single) !== 0n,
  };
}

/** Whether many rounds of a part can divide the same text between them in several ways. */
function runsAway(part: Part, most: number): boolean {
  return most >= ROUNDS && (part.ambiguous || (part.tail & part.first) !== 0n);
}

/** `rounds`: how often it is written out. */
function repeated(part: Part, { least, most, rounds }: { least: number; most: number; rounds: number }): Part {
  const endless = most === UNBOUNDED;
  return {
    ...part, size: part.size * rounds + REPETITION, nullable: part.nullable || least === 0,
    tail: endless ? part.tail | part.first : part.tail,
  };
}

/** The text and how far it is read. */
interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  /** The first thing found wrong; nothing is read after it. */
  problem?: string;
}

function fail(reader: Reader, problem: string): Part {
  reader.problem ??= problem;
  reader.at = reader.text.length;
  return nothing;
}

function readPattern(text: string): string | undefined {
  const reader: Reader = { text, at: 0, depth: 0 };
  const { size } = readAlternatives(reader);
  if (reader.problem !== undefined) return reader.problem;
  if (reader.at < text.length) return 'has a ")" without a "("';
  return size > LARGEST ? 'is too large with its repetitions written out' : undefined;
}

function readAlternatives(reader: Reader): Part {
  let part = readSequence(reader);
  while (take(reader, '|')) part = eitherOf(part, readSequence(reader));
  return part;
}

function readSequence(reader: Reader): Part {
  let part = nothing;
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at]!)) part = inSequence(part, readPiece(reader));
  return part;
}

function readPiece(reader: Reader): Part {
  const start = reader.at;
  const atom = readAtom(reader);
  const quantifier = /^(?:([*+?])|\{(\d{1,4})(,(\d{0,4}))?\})\??/.exec(rest(reader));
  if (quantifier === null) return atom;
  if (/^[\^$]$|^\\[bB]$|^\(\?[=!]/.test(reader.text.slice(start, reader.at))) return fail(reader, 'repeats something that has no length');
  reader.at += quantifier[0].length;
  if (/^[*+?]/.test(rest(reader))) return fail(reader, 'has a repetition of a repetition');
  const [least, most] = bounds(quantifier);
  if (least > most) return fail(reader, 'has a repetition with its bounds the wrong way round');
  if (runsAway(atom, most)) return fail(reader, 'repeats a group that can match the same text in several ways; write it without the inner repetition');
  // PCRE counts rounds of one character or set, and writes out those of a group: one more where they have no end.
  const isGroup = reader.text[start] === '(';
  return repeated(atom, { least, most, rounds: isGroup ? Math.max(1, most === UNBOUNDED ? least + 1 : most) : 1 });
}

function bounds([, sign, low, comma, high]: RegExpExecArray): [number, number] {
  if (sign !== undefined) return [sign === '+' ? 1 : 0, sign === '?' ? 1 : UNBOUNDED];
  return [Number(low), comma === undefined ? Number(low) : high === '' ? UNBOUNDED : Number(high)];
}

function readAtom(reader: Reader): Part {
  const character = reader.text[reader.at++]!;
  if (character === '(') return readGroup(reader);
  if (character === '[') return readSet(reader);
  if (character === '\\') return readEscape(reader);
  if (character === '.') return one(every, CHARACTER);
  if (character === '^' || character === '$') return nothing;
  if ('*+?'.includes(character) || (character === '{' && /^[\d,]/.test(rest(reader)))) return fail(reader, `has a "${character}" with nothing to repeat`);
  return one(eitherCase(character), CHARACTER);
}

function readGroup(reader: Reader): Part {
  if (++reader.depth > DEEPEST) return fail(reader, `has more than ${DEEPEST} groups in each other`);
  const [kind] = /^\?[:=!]/.exec(rest(reader)) ?? [''];
  if (kind === '' && /^[?*]/.test(rest(reader))) return fail(reader, 'has a group of a kind that is not supported; use ( ), (?: ), (?= ) or (?! )');
  reader.at += kind.length;
  const part = readAlternatives(reader);
  if (!take(reader, ')')) return fail(reader, 'has a "(" without a ")"');
  reader.depth--;
  return kind === '?=' || kind === '?!' ? { ...nothing, size: part.size + GROUP } : { ...part, size: part.size + GROUP };
}

function readEscape(reader: Reader): Part {
  const character = reader.text[reader.at++];
  if (character === undefined) return fail(reader, 'ends in a backslash');
  if (anchors.has(character)) return nothing;
  const set = escapes[character];
  if (set === undefined && /[A-Za-z0-9]/.test(character)) return fail(reader, `has the escape "\\${character}", which is not supported`);
  return one(set ?? eitherCase(character), CHARACTER);
}

function readSet(reader: Reader): Part {
  // [:alpha:] and its like are errors outside a set. A bracket that comes first would be a member for PCRE and the end of the set for Node: neither is taken.
  const source = /^(?!\^?\]|([:.=])[^\]]*\1\])\^?(?:\[:\^?[a-z]+:\]|\\.|[^[\]\\])*\]/.exec(rest(reader))?.[0];
  const set = source === undefined ? undefined : charactersOfSet(source.slice(0, -1));
  if (set === undefined) return fail(reader, 'has a set [ ] that is none, or an escape in it that is not supported');
  reader.at += source!.length;
  return one(set, SET);
}

function take(reader: Reader, character: string): boolean {
  if (reader.text[reader.at] !== character) return false;
  reader.at++;
  return true;
}

function rest({ text, at }: Reader): string {
  return text.slice(at);
}
