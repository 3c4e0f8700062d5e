// Reads what an engine says of entries that it refuses. It comes from outside and goes into logs, findings and Events: what is
// not of its shape is no answer, what is too long is cut.

import { withoutControls } from './finding.js';
import { type RefusedEntry, mostRefusedEntries, mostRefusedPlaces } from './stream-protocol.js';

/** Characters of a reason that are kept. */
const longestReason = 300;
const longestKey = 600;
/** Members of a list that a place can mean. */
const mostMembers = 1_000_000;

/** The refused entries; undefined when this is no list of them. */
export function readRefusedEntries(input: unknown): RefusedEntry[] | undefined {
  if (!Array.isArray(input) || input.length > mostRefusedEntries) return undefined;
  const entries = input.map(readEntry);
  return entries.some((entry) => entry === undefined) ? undefined : entries as RefusedEntry[];
}

function readEntry(input: unknown): RefusedEntry | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const { key, reason, places, canaries } = input as Record<string, unknown>;
  if (typeof key !== 'string' || key.length > longestKey || typeof reason !== 'string') return undefined;
  if (!isPlaces(places) || !isPlaces(canaries)) return undefined;
  return { key, reason: shortReason(reason), ...(places === undefined ? {} : { places }), ...(canaries === undefined ? {} : { canaries }) };
}

/** A reason as it may stand in a line: cut, and without control characters. */
export function shortReason(reason: string): string {
  return withoutControls(reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason);
}

function isPlaces(input: unknown): input is number[] | undefined {
  if (input === undefined) return true;
  return Array.isArray(input) && input.length <= mostRefusedPlaces && input.every((place) => Number.isInteger(place) && place >= 0 && place < mostMembers);
}
