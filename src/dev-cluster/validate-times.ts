// Times as Go's decoder reads them: a MicroTime needs exactly six digits of fraction, a Time is RFC 3339.
// Wrong ones fail before validation, with a 400, as they do on a real API server.
import type { KubeObject, ResourceType } from './resources.js';
import { storedFrom } from './event-views.js';

const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';
const microPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const microTimes: Record<string, string[]> = { Lease: ['spec.renewTime', 'spec.acquireTime'], Event: ['eventTime', 'series.lastObservedTime'] };
const times: Record<string, string[]> = { Event: ['firstTimestamp', 'lastTimestamp'] };

/** The complaint about the first time that does not parse. */
export function misshapenTime(type: ResourceType, object: KubeObject): string | undefined {
  const stored = storedFrom(type, object);
  const micro = (microTimes[type.kind] ?? []).map((path) => complaint(at(stored, path), microPattern, MICRO_LAYOUT));
  const plain = (times[type.kind] ?? []).map((path) => complaint(at(stored, path), timePattern, '2006-01-02T15:04:05Z07:00'));
  return [...micro, ...plain].find((text) => text !== undefined);
}

function complaint(value: unknown, pattern: RegExp, layout: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return `json: cannot unmarshal ${typeof value} into Go value of type string`;
  if (pattern.test(value) && !Number.isNaN(Date.parse(value))) return undefined;
  const missing = layout === MICRO_LAYOUT && timePattern.test(value);
  return `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ` +
    (missing ? `${JSON.stringify(value.slice(19))} as ".000000"` : `${JSON.stringify(value)} as "2006"`);
}

function at(object: unknown, path: string): unknown {
  return path.split('.').reduce((value, part) => (value as Record<string, unknown> | null | undefined)?.[part], object);
}
