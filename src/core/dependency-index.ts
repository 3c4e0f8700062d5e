// Which Ingresses depend on which other objects, looked up from the other end: what a changed object touches. Most targets have
// one dependent, and there is an index for each Ingress many times over: a set comes only with the second.

export interface Dependents {
  /** `dependent` depended on `before`, and depends on `after` from now on. */
  change(dependent: string, before: Iterable<string>, after: Iterable<string>): void;
  /** Everything that depends on `target`. */
  dependentsOf(target: string): Iterable<string>;
  /** Whether anything does. */
  has(target: string): boolean;
}

export interface DependencyIndex extends Omit<Dependents, 'change'> {
  /** Says what `dependent` depends on from now on; nothing: an empty list. It remembers the list. */
  set(dependent: string, on: readonly string[]): void;
}

const none: readonly string[] = [];

/** For whoever knows what each dependent depended on before. */
export function createDependents(): Dependents {
  const dependents = new Map<string, string | Set<string>>();
  const forget = (dependent: string, target: string): void => {
    const known = dependents.get(target);
    if (known === dependent) dependents.delete(target);
    if (!(known instanceof Set)) return;
    known.delete(dependent);
    if (known.size === 0) dependents.delete(target);
  };
  const add = (dependent: string, target: string): void => {
    const known = dependents.get(target);
    if (known instanceof Set) known.add(dependent);
    else if (known === undefined) dependents.set(target, dependent);
    else if (known !== dependent) dependents.set(target, new Set([known, dependent]));
  };
  return {
    change(dependent, before, after) {
      for (const target of before) forget(dependent, target);
      for (const target of after) add(dependent, target);
    },
    dependentsOf(target) {
      const known = dependents.get(target) ?? none;
      return typeof known === 'string' ? [known] : known;
    },
    has: (target) => dependents.has(target),
  };
}

export function createDependencyIndex(): DependencyIndex {
  const targets = new Map<string, readonly string[]>();
  const { change, dependentsOf, has } = createDependents();
  return {
    set(dependent, on) {
      change(dependent, targets.get(dependent) ?? none, on);
      if (on.length === 0) targets.delete(dependent);
      else targets.set(dependent, on);
    },
    dependentsOf, has,
  };
}
