// How a process that waits for a claim says so: an annotation of its own in the claim's Lease, beside what the holder keeps
// there. Read with distrust, and short, for anybody may write there.

import type { Standby } from './class-claims.js';
import type { ObjectMeta } from './kubernetes-objects.js';

const prefix = 'standby.ingress-arbiter.io/';
const longest = 253;
/** Standbys of one claim that are believed. */
const most = 32;

export interface ReadStandby extends Standby {
  /** The annotation that says so. */
  key: string;
  /** Its text: changes as long as the process lives. */
  text: string;
}

/** The annotation of one standby. `mark`: its own name there, letters and digits. `beat`: another one each time. */
export function standbyAnnotation(mark: string, { identity, installation }: Standby, beat: number): { key: string; text: string } {
  return { key: prefix + mark, text: JSON.stringify({ identity, installation, beat }) };
}

/** All standbys that a Lease names, in the order of their keys. */
export function readStandbys({ annotations = {} }: ObjectMeta): ReadStandby[] {
  const keys = Object.keys(annotations).filter((key) => key.startsWith(prefix)).sort();
  return keys.slice(0, most).flatMap((key) => {
    const standby = parse(annotations[key]!);
    return standby === undefined ? [] : [{ ...standby, key, text: annotations[key]!.slice(0, 4 * longest) }];
  });
}

function parse(json: string): Standby | undefined {
  try {
    const { identity, installation } = JSON.parse(json) as Record<string, unknown>;
    if (typeof identity !== 'string' || typeof installation !== 'string') return undefined;
    return { identity: identity.slice(0, longest), installation: installation.slice(0, longest) };
  } catch {
    return undefined;
  }
}
