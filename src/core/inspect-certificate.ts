// What the core asks about certificates: it takes cryptography to answer, which the core has not, so the answer is passed in.

import type { RevokedBy } from '../route-table/types.js';

export interface InspectedCertificate {
  /** Hash of the content: another certificate or key is another id. */
  id: string;
  /** PEM: the leaf first, then its chain. */
  chain: string;
  /** PEM, unencrypted. */
  key: string;
  /** DNS names that it is valid for; wildcards as they are written in it. */
  names: readonly string[];
  /** End of its validity, milliseconds since the epoch; left out when it is not known. */
  endsAt?: number;
  /** Of authorities, with lists of what they have revoked. */
  revocations?: InspectedRevocations;
}

export interface InspectedRevocations {
  /** Hash of authorities and lists. */
  id: string;
  lists: RevokedBy[];
  /** PEM of all lists. */
  pem: string;
  /** Of how many lists what they say is not among `lists`, for want of room. */
  leftOut?: number;
}

/**
 * Looks into the two texts of a TLS Secret: a usable pair, or what is wrong with it, without quoting any of it. Without a key it
 * looks into certificates of authorities: the answer's key is ''. `lists`: PEM of what these have revoked.
 */
export type InspectCertificate = (chain: string, key: string | undefined, lists?: string) => InspectedCertificate | { problem: string };
