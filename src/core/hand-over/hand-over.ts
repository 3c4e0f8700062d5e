// One Ingress on its way from class to class: the record that counts, written or not yet, and which classes of this process
// serve the Ingress beside its owner. It follows from the object, the classes that are known, and what left a class here.

import isEqual from 'lodash/isEqual.js';
import type { Claim } from '../claim.js';
import { ownWriter } from '../foreign-writes.js';
import type { Ingress } from '../kubernetes-objects.js';
import { shows } from '../publish-addresses.js';
import { allowsNamespace } from '../resolve-owner.js';
import type { Snapshot } from '../snapshot.js';
import { type KnownClass, findDestination } from './neighbours.js';
import { type HandOverPhase, type HandOverRecord, classesOf, phaseOf, readHandOver } from './record.js';

export interface HandOver {
  record: HandOverRecord;
  /** Whether the annotation says so. Else it is wanted that it does. */
  written: boolean;
  /** The class of ours that the Ingress is meant for. */
  destination: string | undefined;
  phase: HandOverPhase;
  /** Classes that have lost the Ingress, as this process or the status knows, and that the record does not name. */
  left: readonly string[];
  /** Classes of this process that serve the Ingress though they do not own it. */
  serving: readonly string[];
  /** Classes of this process that the record names and that the Ingress's namespace may not use. */
  refusing: readonly string[];
  /** The status shows another class of ours than the owner, which the record does not go to: clients are there, whatever it says. */
  shownElsewhere: boolean;
  /** Whether the owner may write its address into the status: not before the record says that it has moved. */
  ownerShows: boolean;
}

export interface HandOverContext {
  claims: readonly Claim[];
  known: ReadonlyMap<string, KnownClass>;
  snapshot: Pick<Snapshot, 'ingressClasses' | 'namespaces'>;
}

/** What is wrong with the record of an Ingress, in words. */
export function recordProblem(ingress: Ingress): string | undefined {
  const read = readHandOver(ingress.metadata.annotations);
  return read !== undefined && 'problem' in read ? read.problem : undefined;
}

/** The hand-over of an Ingress; undefined when there is none. `owner`: among the claims of this process. `left`: see above. */
export function viewHandOver(ingress: Ingress, owner: string | undefined, left: readonly string[], context: HandOverContext): HandOver | undefined {
  const { claims, known, snapshot } = context;
  const read = readHandOver(ingress.metadata.annotations);
  const written = read !== undefined && !('problem' in read);
  // Most Ingresses are at home and have no record.
  if (!written && left.length === 0 && owner !== undefined && isAtHome(ingress, known.get(owner))) return undefined;
  const destination = destinationOf(ingress, owner, context);
  const record = written ? read : impliedRecord(ingress, destination, left, context);
  if (record === undefined) return undefined;
  const { shown, leaving } = leavingClasses(ingress, destination, { record, left, known });
  const named = namedClaims(record, destination, leaving, claims);
  const able = named.filter((claim) => allowsNamespace(claim, ingress, snapshot)).map((claim) => claim.class);
  const shownElsewhere = shown !== undefined && record.to !== destination;
  // What shows where clients are is not written over before the record says it.
  const mayShow = !shownElsewhere && !leaving.some((name) => name === shown);
  return {
    record, written, destination, shownElsewhere, phase: phaseOf(record, destination), left: leaving,
    serving: able.filter((name) => name !== owner),
    refusing: named.map((claim) => claim.class).filter((name) => !able.includes(name)),
    ownerShows: owner === undefined || (mayShow && isShown(record, owner, { written, known })),
  };
}

/**
 * The class whose address the status shows, and all that the Ingress has left without being named by the record. Whoever wrote
 * that may not have seen that the Ingress was just leaving the class that is shown.
 */
function leavingClasses(ingress: Ingress, destination: string | undefined, { record, left, known }: { record: HandOverRecord; left: readonly string[]; known: ReadonlyMap<string, KnownClass> }): { shown: string | undefined; leaving: string[] } {
  if (destination === undefined) return { shown: undefined, leaving: [] };
  const shown = classOnShow(ingress, destination, known);
  const named = new Set([destination, record.to, ...record.from]);
  return { shown, leaving: classesOf([...left, ...(shown === undefined ? [] : [shown])]).filter((name) => !named.has(name)) };
}

/** The claims of this process that are to serve. Towards somebody else there is no hand-over: only a shadow that somebody wants goes on. */
function namedClaims(record: HandOverRecord, destination: string | undefined, left: readonly string[], claims: readonly Claim[]): Claim[] {
  const wanted = new Set(destination !== undefined ? [record.to, ...record.from, ...left] : isUnderWay(record) ? [] : [record.to]);
  return claims.filter((claim) => wanted.has(claim.class));
}

function isShown(record: HandOverRecord, owner: string, { written, known }: { written: boolean; known: ReadonlyMap<string, KnownClass> }): boolean {
  return record.to === owner ? record.movedAt !== undefined : written && isUndisturbed(record, owner, known);
}

/** To a class that is only observed nothing is handed over: it is somebody else's. */
function destinationOf(ingress: Ingress, owner: string | undefined, { known, snapshot }: HandOverContext): string | undefined {
  if (owner === undefined) return findDestination(ingress, known, snapshot);
  return known.has(owner) ? owner : undefined;
}

function isAtHome(ingress: Ingress, home: KnownClass | undefined): boolean {
  const shown = ingress.status?.loadBalancer?.ingress ?? [];
  return shown.length === 0 || (home?.addresses !== undefined && shows(ingress, home.addresses));
}

/** The record that is to be written when there is none: somebody of ours served the Ingress, and now it is another one's. */
function impliedRecord(ingress: Ingress, destination: string | undefined, left: readonly string[], { known }: HandOverContext): HandOverRecord | undefined {
  if (destination === undefined) return undefined;
  const shown = classOnShow(ingress, destination, known);
  const from = classesOf([...left, ...(shown === undefined ? [] : [shown])].filter((name) => name !== destination));
  return from.length === 0 ? undefined : { from, to: destination };
}

/**
 * The class of ours, other than `destination`, whose address the status shows: it served the Ingress until now. Only where
 * this is no other class's address too, and the destination will put its own in its place: else it would show for ever.
 */
function classOnShow(ingress: Ingress, destination: string, known: ReadonlyMap<string, KnownClass>): string | undefined {
  if ((ingress.metadata.statusWriter ?? ownWriter) !== ownWriter) return undefined;
  const next = known.get(destination)?.addresses ?? [];
  if (next.length === 0) return undefined;
  const showing = [...known].filter(([, { addresses = [] }]) => addresses.length > 0 && shows(ingress, addresses));
  return showing.length === 1 && !isEqual(showing[0]![1].addresses, next) ? showing[0]![0] : undefined;
}

/** Whether a record is more than a shadow that somebody wants. */
export function isUnderWay({ by, movedAt }: HandOverRecord): boolean {
  return by !== undefined || movedAt !== undefined;
}

/** In a shadow the owner stays what it was. On the way back, or to a third class, the record has to be turned first. */
function isUndisturbed(record: HandOverRecord, owner: string, known: ReadonlyMap<string, KnownClass>): boolean {
  if (record.from.includes(owner)) return record.movedAt === undefined;
  return !isUnderWay(record) && !record.from.some((name) => known.has(name));
}
