// When the changes of a table were seen that not every engine serves yet. It is bounded: beyond that, neighbours count as one
// change, as old as the older of them.

export interface ChangeLog {
  /** Number of the last change; grows by one with each. */
  version(): number;
  add(since: number): void;
  /** When the oldest change after `version` was seen; undefined when there is none. */
  oldestAfter(version: number): number | undefined;
  /** Takes out the changes up to `version` and returns when each was seen. */
  takeUpTo(version: number): number[];
}

const MOST = 512;

export function createChangeLog(): ChangeLog {
  let version = 0;
  /** By version, the oldest first. */
  let open: { version: number; since: number }[] = [];
  return {
    version: () => version,
    add(since) {
      version += 1;
      const last = open.at(-1);
      if (open.length >= MOST && last !== undefined) last.version = version;
      else open.push({ version, since });
    },
    oldestAfter: (after) => open.find((one) => one.version > after)?.since,
    takeUpTo(upTo) {
      const served = open.filter((one) => one.version <= upTo);
      if (served.length > 0) open = open.slice(served.length);
      return served.map(({ since }) => since);
    },
  };
}
