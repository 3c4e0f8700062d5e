// A short digest of a whole class table that is kept up to date entry by entry, so that both ends of a stream can tell that
// they mean the same table at the cost of what changed. It finds mistakes; it is no protection against an attacker.

export interface TableDigest {
  /** Takes an entry as it is now (its JSON), or undefined when it is gone. */
  take(key: string, json: string | undefined): void;
  /** Forgets everything: the digest of an empty table. */
  clear(): void;
  /** Entries of the table. */
  size(): number;
  /** 16 hexadecimal digits, the same for equal tables whatever the order of their changes. */
  text(): string;
}

/** The digest of an empty table, to be kept up to date. */
export function createTableDigest(): TableDigest {
  const hashes = new Map<string, readonly [number, number]>();
  let low = 0;
  let high = 0;
  const add = ([a, b]: readonly [number, number], sign: 1 | -1): void => {
    low = (low + sign * a) >>> 0;
    high = (high + sign * b) >>> 0;
  };
  return {
    take(key, json) {
      const before = hashes.get(key);
      if (before !== undefined) add(before, -1);
      hashes.delete(key);
      if (json === undefined) return;
      const hash = [hashPair(key, json, 0x811c9dc5), hashPair(json, key, 0x01000193)] as const;
      hashes.set(key, hash);
      add(hash, 1);
    },
    clear() {
      hashes.clear();
      low = 0;
      high = 0;
    },
    size: () => hashes.size,
    text: () => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0'),
  };
}

const TAB = 9;

/** Of both with a tab between them: FNV-1a over the UTF-16 units, with the finaliser of MurmurHash3 so that sums of hashes don't cancel out. */
function hashPair(first: string, second: string, seed: number): number {
  // One after the other: joined they would be copied for each hash.
  let hash = hashText(second, Math.imul(hashText(first, seed) ^ TAB, 0x01000193));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
