// One thing that is another one after a change of class, as data with its words.

/** What it is about: a route and its policy, a certificate, a finding that is new, or who takes the Ingress. */
export interface Difference {
  about: 'route' | 'certificate' | 'finding' | 'taker' | 'owner';
  /** A host, a path, a code: what it is about in short. */
  of: string;
  /** What was and what will be, and why. */
  what: string;
}
