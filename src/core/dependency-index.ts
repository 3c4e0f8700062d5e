// Which Ingresses depend on which other objects, looked up from the other end: what a changed object touches.

export interface DependencyIndex {
  /** Says what `dependent` depends on from now on; nothing: an empty list. */
  set(dependent: string, on: readonly string[]): void;
  /** Everything that depends on `target`. */
  dependentsOf(target: string): ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

export function createDependencyIndex(): DependencyIndex {
  const targets = new Map<string, readonly string[]>();
  /** Most targets have one dependent, and need no set for it. */
  const dependents = new Map<string, string | Set<string>>();
  const forget = (dependent: string, target: string): void => {
    const known = dependents.get(target);
    if (known === dependent) dependents.delete(target);
    if (!(known instanceof Set)) return;
    known.delete(dependent);
    if (known.size === 0) dependents.delete(target);
  };
  return {
    set(dependent, on) {
      for (const target of targets.get(dependent) ?? []) forget(dependent, target);
      if (on.length === 0) targets.delete(dependent);
      else targets.set(dependent, on);
      for (const target of on) {
        const known = dependents.get(target);
        if (known === undefined) dependents.set(target, dependent);
        else if (known instanceof Set) known.add(dependent);
        else if (known !== dependent) dependents.set(target, new Set([known, dependent]));
      }
    },
    dependentsOf(target) {
      const known = dependents.get(target);
      return typeof known === 'string' ? new Set([known]) : known ?? none;
    },
  };
}
