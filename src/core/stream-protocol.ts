// What a controller and an engine say to each other about one class, line by line: the contract of the table stream. One
// update is on its way at a time; the engine answers it before the next one comes.
//
//   GET  /v1/classes/<class>/table?engine=<name>&after=<sequence of the last update taken>
//                                                  200 and lines without end; 307 to the holder; 503 when nobody holds it for a second
//        {"update":{…}}        begins an update: everything of TableUpdate but its entries, and the digest after it
//        {"set":"<key>","value":…}   {"remove":"<key>"}        its entries, one a line, so that no line is long
//        {"end":true}          the update is whole
//        {"heartbeat":true}    nothing has changed, the stream lives
//        {"observe":[…],"number":n}   tell of the requests for these Ingresses (`namespace/name`) from now on; only to an
//                              engine that has asked with &can=observe
//   POST /v1/classes/<class>/acks                  the engine's answer to an update, as StreamAck
//   POST /v1/classes/<class>/alive                 every heartbeatMs, as StreamAlive: the engine lives; only one that has asked
//                              for the table with &alive=yes is given up when it says nothing for silenceMs
//   POST /v1/classes/<class>/traffic               what the engine has counted of those Ingresses, as StreamTraffic

import type { EntryValue, TableUpdate } from '../route-table/types.js';

export type UpdateHead = Omit<TableUpdate, 'set' | 'remove'> & { digest: string };

export type StreamLine =
  | { update: UpdateHead }
  | { set: string; value: EntryValue }
  | { remove: string }
  | { end: true }
  | { heartbeat: true }
  | { observe: string[]; number: number };

/** One entry that an engine does not take. Its words come from outside: they are short, and nothing is done because of them. */
export interface RefusedEntry {
  key: string;
  reason: string;
  /** Which members of its list (routes, endpoints) it is about, by their place in the update; absent: the entry as a whole. */
  places?: number[];
  /** Which of its routes have a canary that is refused while the route itself is sound. */
  canaries?: number[];
}

/** Entries that one answer names; the rest is named by the next one. */
export const mostRefusedEntries = 500;
/** Members that one answer names of one entry. */
export const mostRefusedPlaces = 100;

export interface StreamAck {
  /** Name of the engine, as in the stream's address. */
  engine: string;
  epoch: number;
  sequence: number;
  applied: boolean;
  /** Why not; starts with one of refusalWords and a colon. */
  reason?: string;
  /** Which entries it was for; absent when it is about the update as a whole. */
  refused?: RefusedEntry[];
  /** The epoch that the engine has seen, when that of the update is older. */
  newerEpoch?: number;
}

/** The words that reasons begin with. `no-answer`: nobody knows; `other`: a reason that is none of these. */
export const refusalWords = ['malformed', 'unknown-class', 'stale-epoch', 'sequence', 'entry', 'count', 'budget', 'full', 'nginx', 'stopped', 'no-answer', 'other'] as const;
export type RefusalWord = typeof refusalWords[number];

/** The word of a reason, which may come from outside. */
export function refusalWord(reason: string): RefusalWord {
  return refusalWords.find((word) => reason.startsWith(`${word}: `)) ?? 'other';
}

export interface StreamTraffic {
  engine: string;
  /** Of the list that it answers. */
  number: number;
  /** Another one when nginx was started anew. */
  instance: string;
  /** Requests since nginx was started, in the order of the list. */
  counts: number[];
}

export interface StreamAlive {
  engine: string;
}

/** Ingresses that an engine is asked for at once. */
export const mostObserved = 5000;

/** How often each side of a stream shows that it lives, and after how long a silent one is given up. */
export const heartbeatMs = 5000;
export const silenceMs = 15_000;

/** The name by which a certificate says that its holder may publish a class (subjectAltName URI). */
export function publisherUri(className: string): string {
  return `urn:ingress-arbiter:class:${className}`;
}

/** The name by which a certificate says that its holder is an engine. */
export const engineUri = 'urn:ingress-arbiter:engine';

/** Whether a certificate carries a name; `subjectAltName` in the form of Node's certificates. */
export function hasUri(subjectAltName: string | undefined, uri: string): boolean {
  return (subjectAltName ?? '').split(', ').includes(`URI:${uri}`);
}
