// Which share of a class one controller process has, when the class is too big for one: by host, so that all rules of a host
// are in one place. It knows no process, only names of members; the same names give the same shares everywhere.

import { clientsKey, defaultKey, hostKey, passthroughKey, serverNameKey } from '../route-table/entry-keys.js';
import { normalizeHost } from './host-name.js';
import type { Ingress } from './kubernetes-objects.js';

/** One share of a class out of several. */
export interface Shard {
  /** Who this process is. One of `members`. */
  member: string;
  /** All who share the class; the order means nothing. */
  members: readonly string[];
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,30}[a-z0-9])?$/;
const mostMembers = 256;

/**
 * Reads `2/8` (the second of eight; the same as `2/1,2,3,4,5,6,7,8`) or `b/a,b,c` (b, beside a and c). Returns what is wrong
 * with it, in words, when it is neither.
 */
export function parseShard(text: string): Shard | { problem: string } {
  const [member = '', list = '', ...more] = text.split('/');
  const names = list.split(',');
  const members = /^[1-9][0-9]{0,2}$/.test(list) ? Array.from({ length: Number(list) }, (_, at) => String(at + 1)) : names;
  if (more.length > 0 || list === '') return { problem: 'write it as 2/8, or with names as b/a,b,c' };
  if (members.length > mostMembers) return { problem: `a class can be shared by ${mostMembers} members at most` };
  if (members.some((name) => !label.test(name))) return { problem: 'names are lower-case letters, digits and dashes, 32 at most' };
  if (new Set(members).size < members.length) return { problem: 'a member is named twice; name each once' };
  if (!members.includes(member)) return { problem: `"${member.slice(0, 32)}" is none of its members` };
  return { member, members };
}

/** The form that parseShard reads, with the members sorted. */
export function renderShard({ member, members }: Shard): string {
  return `${member}/${[...members].sort().join(',')}`;
}

/**
 * The member that has a host: the one whose score for it is highest (rendezvous hashing), so that a member who comes or goes
 * moves the hosts that it gets or had, and no others. `host` is in the form of normalizeHost. A wildcard is a host of its own:
 * `*.a.test` and `x.a.test` may be with different members. An engine that has the tables of all members on one listener looks
 * for the exact host in all of them before it looks for the wildcard in any. '' stands for all that has no host.
 */
export function memberOf(host: string, members: readonly string[]): string {
  const hash = hashText(host);
  let best = members[0]!;
  let bestScore = -1;
  for (const member of members) {
    const score = mix(hash ^ mix(hashText(member)));
    if (score > bestScore || (score === bestScore && member < best)) [best, bestScore] = [member, score];
  }
  return best;
}

/** Whether this share has the host; without a shard there is one share with everything. */
export function hasHost(shard: Shard | undefined, host: string): boolean {
  return shard === undefined || memberOf(host, shard.members) === shard.member;
}

/**
 * The host by which one member speaks for a whole Ingress (status, findings, counts), though its hosts may be with several:
 * the lowest of its rules' hosts in text order, whatever the order of the rules; '' when none of them has a valid one.
 */
export function speakingHost({ spec }: Pick<Ingress, 'spec'>): string {
  const hosts = (spec?.rules ?? []).map(({ host }) => normalizeHost(host ?? '')).filter((host) => host !== undefined);
  return hosts.sort()[0] ?? '';
}

/** The host that an entry of a class table is about; undefined for what routes and server names only lead to. */
export function hostOfEntry(key: string): string | undefined {
  if (key === defaultKey) return '';
  const prefix = [hostKey(''), serverNameKey(''), clientsKey(''), passthroughKey('')].find((one) => key.startsWith(one));
  return prefix === undefined ? undefined : key.slice(prefix.length);
}

/** FNV-1a, 32 bits, over UTF-16 code units: hosts and members are ASCII. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the input changes half of the output's. FNV alone leaves similar names alike. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
