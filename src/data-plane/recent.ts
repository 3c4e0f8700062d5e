// What a worker remembers of texts it has seen, so that it need not work it out again: bounded, and no lock. When the young
// half is full it becomes the old half, and what was in the old one and not asked for since is gone.

export interface Recent<T> {
  young: Record<string, T | undefined>;
  old: Record<string, T | undefined>;
  size: number;
}

/** Of everybody who has no old half yet: nothing is ever written to an old half. */
const NOTHING: Record<string, undefined> = {};

export function newRecent<T>(): Recent<T> {
  return { young: {}, old: NOTHING, size: 0 };
}

/** What is remembered of `key`; undefined: nothing. */
export function recall<T>(recent: Recent<T>, key: string): T | undefined {
  return recent.young[key] ?? recent.old[key];
}

/** Remembers `value`; `most` is how many a half may hold. */
export function remember<T>(recent: Recent<T>, key: string, value: T, most: number): void {
  if (recent.young[key] === undefined) recent.size = recent.size + 1;
  recent.young[key] = value;
  if (recent.size > most) beginAnew(recent);
}

/** Has what is not asked for from now on go with the next time. */
export function beginAnew<T>(recent: Recent<T>): void {
  recent.old = recent.young;
  recent.young = {};
  recent.size = 0;
}

/** Forgets what is remembered of `key`. */
export function forget<T>(recent: Recent<T>, key: string): void {
  if (recent.young[key] !== undefined) {
    recent.young[key] = undefined;
    recent.size = recent.size - 1;
  }
  if (recent.old[key] !== undefined) recent.old[key] = undefined;
}
