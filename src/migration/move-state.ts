// How far the move of one Ingress is, read from the Ingress alone: its record, the class that it is meant for, and the note of
// how it named its class before. Nothing else is kept anywhere, so whoever looks next sees the same.

import type { Decided } from '../core/explain/facts.js';
import { type HandOverPhase, type HandOverRecord, phaseOf, readHandOver } from '../core/hand-over/record.js';
import type { Claim } from '../core/claim.js';
import type { Ingress } from '../core/kubernetes-objects.js';
import { objectKey } from '../core/kubernetes-objects.js';
import { compareText } from '../core/order.js';
import { readClassSettings } from '../core/read-class-settings.js';
import { resolveOwner } from '../core/resolve-owner.js';
import { type ClassNames, classNamesOf, formerNames, namesPatch, patched } from './retarget.js';

/** `moved`: it has arrived, and only the note is left. `home`: nothing is under way. */
export type MovePhase = HandOverPhase | 'moved' | 'home';

export interface MoveState {
  ingress: string;
  /** The class that it is meant for by the rules. */
  owner?: string;
  phase: MovePhase;
  record?: HandOverRecord;
  /** What is wrong with the record. */
  problem?: string;
  former?: ClassNames;
  /** The class that would have it by that note. */
  formerOwner?: string;
  /** What its status shows. */
  shown: string[];
}

export type OwnerOf = (ingress: Ingress) => string | undefined;

/** Owners as the classes of `decided` take Ingresses now. */
export function ownersIn({ claims, snapshot }: Pick<Decided, 'claims' | 'snapshot'>): OwnerOf {
  const complete: Claim[] = claims.map((claim) => ({ ...claim, settings: readClassSettings(claim, snapshot).settings }));
  return (ingress) => resolveOwner(ingress, complete, snapshot).owner;
}

/** The state of one Ingress. */
export function moveState(ingress: Ingress, ownerOf: OwnerOf): MoveState {
  const owner = ownerOf(ingress);
  const read = readHandOver(ingress.metadata.annotations);
  const record = read !== undefined && !('problem' in read) ? read : undefined;
  const former = formerNames(ingress);
  const state: MoveState = { ingress: objectKey(ingress), phase: former !== undefined ? 'moved' : 'home', shown: shownBy(ingress) };
  if (owner !== undefined) state.owner = owner;
  if (former !== undefined) Object.assign(state, { former, ...formerOwnerOf(ingress, former, ownerOf) });
  if (read !== undefined && 'problem' in read) state.problem = read.problem;
  return record === undefined ? state : { ...state, record, phase: phaseOf(record, owner) };
}

function formerOwnerOf(ingress: Ingress, former: ClassNames, ownerOf: OwnerOf): Pick<MoveState, 'formerOwner'> {
  const formerOwner = ownerOf(patched(ingress, namesPatch(classNamesOf(ingress), former)));
  return formerOwner === undefined ? {} : { formerOwner };
}

function shownBy({ status }: Ingress): string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '');
}

/** All Ingresses that are on their way, or have arrived and not been finished, by name. */
export function movesUnderWay(decided: Decided): MoveState[] {
  const ownerOf = ownersIn(decided);
  return [...decided.snapshot.ingresses].sort(([a], [b]) => compareText(a, b)).map(([, ingress]) => moveState(ingress, ownerOf))
    .filter(({ phase, problem }) => phase !== 'home' || problem !== undefined);
}
