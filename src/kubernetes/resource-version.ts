// Resource versions as ordered numbers (comparable since KEP-5504), compared as decimal strings: they outgrow doubles,
// and a BigInt per watch event would be an allocation for nothing.

const DECIMAL = /^(0|[1-9][0-9]{0,38})$/;

export function isResourceVersion(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

/** Negative, zero or positive like a sort function. Both sides must be resource versions. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function isNewer(a: string, than: string): boolean {
  return compareVersions(a, than) > 0;
}
