// What a decision has changed so far, when it is made in slices: it is told as a whole, for what is decided of a part of the
// Ingresses may take from one what another is yet to get.

export interface Decision {
  /** By class: keys of the entries of its table that are different now. Only classes with any. */
  entries: Map<string, Set<string>>;
  /** Keys of the Ingresses that were planned anew, or are gone. */
  ingresses: Set<string>;
  /** Keys of the Ingresses whose status was looked at: of no others the wanted write is another one. */
  statuses: Set<string>;
  /** Ingresses that belong to a class to which they did not belong before. */
  taken: { ingress: string; class: string }[];
}

/** A decision that has changed nothing yet. */
export function emptyDecision(): Decision {
  return { entries: new Map(), ingresses: new Set(), statuses: new Set(), taken: [] };
}

/** The keys of `entries` have changed as well. */
export function addEntries(decision: Decision, entries: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [name, keys] of entries) {
    const known = decision.entries.get(name) ?? new Set();
    for (const key of keys) known.add(key);
    decision.entries.set(name, known);
  }
}

/** The first `most` members of several sets, each once. Leaves the sets as they are. */
export function firstOf(sets: readonly ReadonlySet<string>[], most: number): Set<string> {
  const first = new Set<string>();
  for (const set of sets) {
    for (const one of set) {
      if (first.size >= most) return first;
      first.add(one);
    }
  }
  return first;
}
