// Readings of the engine's tables as readings of classes: nobody who reads a metric should have to know of shares.

import { type Claim, claimName } from '../../core/claim.js';
import { type Reading, firstLabelIsClass } from '../../metrics/metrics.js';

/** Labels that were renamed, by those that they were: the same array must stand for the same labels at every scrape. */
const renamed = new WeakMap<readonly string[], readonly string[]>();

/** The readings under the class of each table; those of a class's shares are left for whoever adds them up. */
export function readingsOfClasses(readings: readonly Reading[], claims: readonly Claim[]): readonly Reading[] {
  const classes = new Map(claims.filter((claim) => claimName(claim) !== claim.class).map((claim) => [claimName(claim), claim.class]));
  if (classes.size === 0) return readings;
  return readings.map((reading) => {
    const className = firstLabelIsClass(reading.name) ? classes.get(reading.labels[0]!) : undefined;
    if (className === undefined) return reading;
    const labels = renamed.get(reading.labels) ?? [className, ...reading.labels.slice(1)];
    renamed.set(reading.labels, labels);
    return { ...reading, labels };
  });
}
