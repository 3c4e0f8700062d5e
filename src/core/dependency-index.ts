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
  const dependents = new Map<string, Set<string>>();
  const forget = (dependent: string, target: string): void => {
    const known = dependents.get(target);
    known?.delete(dependent);
    if (known?.size === 0) dependents.delete(target);
  };
  return {
    set(dependent, on) {
      for (const target of targets.get(dependent) ?? []) forget(dependent, target);
      if (on.length === 0) targets.delete(dependent);
      else targets.set(dependent, on);
      for (const target of on) {
        const known = dependents.get(target);
        if (known === undefined) dependents.set(target, new Set([dependent]));
        else known.add(dependent);
      }
    },
    dependentsOf: (target) => dependents.get(target) ?? none,
  };
}
