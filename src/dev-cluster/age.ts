// Prints a span of time the way kubectl does: two units at most, coarser the longer it is (`45s`, `3m20s`, `5h`, `2d3h`).

const SECOND = 1_000;
const MINUTE = 60;
const HOUR = 60;
const DAY = 24;
const YEAR = 365;

const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  (small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`);

export function printDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 2 * MINUTE) return `${Math.max(0, seconds)}s`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % MINUTE, 's');
  if (minutes < 3 * HOUR) return `${minutes}m`;
  const hours = Math.trunc(minutes / HOUR);
  if (hours < 8) return twoUnits(hours, 'h', minutes % HOUR, 'm');
  if (hours < 2 * DAY) return `${hours}h`;
  const days = Math.trunc(hours / DAY);
  if (days < 8) return twoUnits(days, 'd', hours % DAY, 'h');
  if (days < 2 * YEAR) return `${days}d`;
  const years = Math.trunc(days / YEAR);
  return years < 8 ? twoUnits(years, 'y', days % YEAR, 'd') : `${years}y`;
}

/** The time since an RFC 3339 timestamp; `<unknown>` where there is none. */
export function printAge(timestamp: unknown, now: number): string {
  const then = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
  return Number.isNaN(then) ? '<unknown>' : printDuration(now - then);
}
