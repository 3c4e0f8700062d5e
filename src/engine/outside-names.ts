// Addresses of names outside of the cluster, asked of name servers and kept as long as these say. What such a name may never lead
// to is left out after it was resolved, whoever answers: the machine itself, its links, and the metadata services of clouds.

import { Resolver } from 'node:dns/promises';
import { isPodAddress } from '../core/endpoint-address.js';

export interface OutsideAddress {
  address: string;
  family: 4 | 6;
}

export interface NameOptions {
  allowLoopback: boolean;
  /** `address` or `address:port`; those of the system when left out. */
  servers?: readonly string[] | undefined;
  /** In ms. */
  now: () => number;
}

/** A record that may be kept for no time at all would be asked for at each connection; one for ever would never be looked at again. */
const LEAST_SECONDS = 1;
const MOST_SECONDS = 300;
const MOST_NAMES = 1000;

/** Metadata services that are not among the link-local addresses (Amazon, Alibaba, Oracle). */
const METADATA: ReadonlySet<string> = new Set(['fd00:ec2::254', '100.100.100.200', '192.0.0.192']);

export class OutsideNames {
  private readonly resolver = new Resolver({ timeout: 2000, tries: 2 });
  private readonly known = new Map<string, { until: number; addresses: Promise<OutsideAddress[]> }>();

  constructor(private readonly options: NameOptions) {
    if (options.servers !== undefined) this.resolver.setServers(options.servers);
  }

  /** At least one. Rejects with a code when the name has none that may be asked. */
  addressesOf(name: string): Promise<OutsideAddress[]> {
    const { now } = this.options;
    const kept = this.known.get(name);
    if (kept !== undefined && kept.until > now()) return kept.addresses;
    if (this.known.size >= MOST_NAMES) this.known.clear();
    const entry = { until: Infinity, addresses: Promise.resolve([] as OutsideAddress[]) };
    entry.addresses = this.ask(name).then(({ addresses, seconds }) => {
      entry.until = now() + seconds * 1000;
      return addresses;
    });
    this.known.set(name, entry);
    // What failed is asked for again.
    entry.addresses.catch(() => { if (this.known.get(name) === entry) this.known.delete(name); });
    return entry.addresses;
  }

  private async ask(name: string): Promise<{ addresses: OutsideAddress[]; seconds: number }> {
    const answers = await Promise.allSettled([this.resolver.resolve4(name, { ttl: true }), this.resolver.resolve6(name, { ttl: true })]);
    const found = answers.flatMap((answer, at) => (answer.status === 'fulfilled' ? answer.value.map(({ address, ttl }) => ({ address, ttl, family: at === 0 ? 4 as const : 6 as const })) : []));
    if (found.length === 0) throw answers.find((answer) => answer.status === 'rejected')?.reason ?? failure('ENOTFOUND');
    const addresses = found.filter(({ address }) => isPodAddress(address, this.options.allowLoopback) && !METADATA.has(address)).map(({ address, family }) => ({ address, family }));
    if (addresses.length === 0) throw failure('ADDRESS_NOT_ALLOWED');
    return { addresses, seconds: Math.min(Math.max(Math.min(...found.map(({ ttl }) => ttl)), LEAST_SECONDS), MOST_SECONDS) };
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
