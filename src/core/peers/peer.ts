// What another ingress controller would take: its class selection as data, with the flags that change it. Nothing is asked of
// the controller itself; each table names where in its source the rule stands.

import type { Ingress, IngressClass } from '../kubernetes-objects.js';
import { classAnnotation } from '../resolve-reference.js';

/** A peer's flags with their values; the type of a default is the type of the flag. */
export type PeerSettings = Readonly<Record<string, string | boolean>>;

export interface PeerVerdict {
  takes: boolean;
  /** What decided, in the peer's own terms: short, for a table. */
  why: string;
  /** The peer's answer depends on something that it does not fix itself, such as the order of its list. */
  uncertain?: string;
}

export interface Peer {
  /** As it is named on the command line. */
  name: string;
  /** Whose it is, for people. */
  title: string;
  /** Name of the peer that it is a part of: both take the same Ingress as one. */
  partOf?: string;
  /** Its flags and their defaults. */
  defaults: PeerSettings;
  /** Whether it takes the Ingress, given all IngressClasses by name. */
  select(ingress: Ingress, classes: ReadonlyMap<string, IngressClass>, settings: PeerSettings): PeerVerdict;
}

/** What an Ingress says of its class; undefined where it says nothing, which is not the same as an empty text. */
export interface ClassWords {
  annotation: string | undefined;
  field: string | undefined;
}

export function classWords({ metadata, spec }: Ingress): ClassWords {
  return { annotation: metadata.annotations?.[classAnnotation], field: spec?.ingressClassName };
}

/** A text flag. */
export function text(settings: PeerSettings, name: string): string {
  return String(settings[name] ?? '');
}

/** An on-off flag. */
export function on(settings: PeerSettings, name: string): boolean {
  return settings[name] === true;
}

export function verdict(takes: boolean, why: string): PeerVerdict {
  return { takes, why };
}

/** Whether the class of this name exists and has this controller. */
export function hasController(classes: ReadonlyMap<string, IngressClass>, name: string, controller: string): boolean {
  return classes.get(name)?.spec?.controller === controller;
}
