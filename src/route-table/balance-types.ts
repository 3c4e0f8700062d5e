// What a policy says of the choice among endpoints. Part of the contract in types.ts; variables are names of a closed set, never text
// that is looked into again.

/** How a request's endpoint is chosen where no cookie says it. Absent: endpoints take turns. */
export type Balance = LeastLoaded | HashBalance;

/** Of two endpoints by chance, the one that answers sooner and has less under way. */
export interface LeastLoaded {
  by: 'ewma';
}

/** Requests with the same key go to the same endpoint, or to any of the same few. */
export interface HashBalance {
  by: 'hash';
  key: KeyPart[];
  /** Among how many endpoints the requests of one key are spread; absent: one. */
  subset?: number;
}

/** A piece of a key: a text as it is, or one of nginx's variables by name, without `$`. */
export type KeyPart = { text: string } | { variable: string };
