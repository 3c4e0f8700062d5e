// Readings of the engine's tables as readings of classes: nobody who reads a metric should have to know of shares.

import { type Claim, claimName } from '../../core/claim.js';
import { catalogue } from '../../metrics/catalogue.js';
import type { Reading } from '../../metrics/metrics.js';

const classLabel = catalogue.requests.labels.indexOf('ingress_class');

/** The readings under the class of each table; those of a class's shares are left for whoever adds them up. */
export function countersOfClasses(readings: readonly Reading[], claims: readonly Claim[]): readonly Reading[] {
  if (claims.every(({ shard }) => shard === undefined)) return readings;
  const classes = new Map(claims.map((claim) => [claimName(claim), claim.class]));
  return readings.map((reading) => ({
    ...reading, labels: reading.labels.map((value, at) => (at === classLabel ? classes.get(value) ?? value : value)),
  }));
}
