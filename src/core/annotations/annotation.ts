// What the registry knows of one annotation. The registry is the only place that does: reading, findings and
// docs/annotations.md follow from it.

import type { Grammar } from './grammar.js';

/** What a route becomes when the annotation can't be carried out, because of its value or because it is not supported. */
export type FailMode =
  /** Served without it, with a finding. */
  | 'open'
  /** Answered with 503: without it the route would let through what it is meant to keep out. */
  | 'closed'
  /** The Ingress gets no routes: without it requests would go where nobody meant them to. */
  | 'refuse';

export type Support = 'full' | 'approximated' | 'not-yet' | 'no';

export interface Annotation<Value> {
  /** Where it counts: the paths of its own Ingress, or the whole Ingress (and what it shares). */
  scope: 'location' | 'ingress';
  /** What a hostile value could do in a controller that splices it into configuration (ingress-nginx's own rating). */
  risk: 'low' | 'medium' | 'high' | 'critical';
  /** The other name under which it may be written. */
  alias?: string;
  failMode: FailMode;
  support: Support;
  /** Values; undefined for what is not carried out. */
  grammar?: Grammar<Value>;
  /** Of what is not carried out: values that ask for what is done anyway, so that there is nothing to say. */
  harmless?: readonly string[];
  /** What counts without it, for the document. */
  initial: string;
  /** What it does here, how that differs, or why it is not there; for the document and for findings. */
  note: string;
}

type Rating = `${Annotation<unknown>['scope']} ${Annotation<unknown>['risk']}`;

function rated(rating: Rating): Pick<Annotation<unknown>, 'scope' | 'risk'> {
  const [scope, risk] = rating.split(' ') as [Annotation<unknown>['scope'], Annotation<unknown>['risk']];
  return { scope, risk };
}

/** An annotation that is carried out. `initial` and `note` are for the document; it fails open unless said otherwise. */
export function carriedOut<Value>(
  rating: Rating, grammar: Grammar<Value>, initial: string, more: Partial<Annotation<Value>> & { note: string },
): Annotation<Value> {
  return { ...rated(rating), failMode: 'open', support: 'full', grammar, initial, ...more };
}

/** An annotation that is known and not carried out (yet): whoever writes it gets a finding. */
export function leftOut(
  rating: Rating, support: 'not-yet' | 'no', note: string, more: { failMode?: FailMode; harmless?: readonly string[]; alias?: string } = {},
): Annotation<never> {
  return { ...rated(rating), failMode: 'open', support, initial: '', note, ...more };
}
