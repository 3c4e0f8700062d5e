// When the certificates end by which engines and controllers know each other, as readings for a scrape. The files are looked at
// anew each time, as those who use them do; one that can't be read gives no reading, and whoever uses it says why in the log.

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Reading } from '../../metrics/metrics.js';

export interface OwnCertificates {
  /** PEM files: what is shown to the other side, and the authorities that it is measured by. */
  files: { certificate: string; authority: string };
  program: 'engine' | 'controller';
  /** Of a controller: the classes that it claims. */
  claims?: readonly string[];
}

/** Returns what reads the files: seconds since the epoch at which the first certificate in each of them ends. */
export function ownCertificateReadings({ files, program, claims = [] }: OwnCertificates): () => Promise<Reading[]> {
  const name = [...claims].sort().join(',');
  return async () => {
    const readings = await Promise.all(Object.entries({ own: files.certificate, authority: files.authority }).map(async ([certificate, file]) => {
      const end = await firstEnd(file);
      return end === undefined ? [] : [{ name: 'ownCertificateExpiry', labels: [program, name, certificate], values: [end] }];
    }));
    return readings.flat();
  };
}

/** Undefined when the file can't be read or holds no certificate. */
async function firstEnd(file: string): Promise<number | undefined> {
  try {
    const blocks = (await readFile(file, 'utf8')).match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
    const ends = blocks.map((block) => Date.parse(new X509Certificate(block).validTo) / 1000);
    return ends.length === 0 ? undefined : Math.min(...ends);
  } catch {
    return undefined;
  }
}
