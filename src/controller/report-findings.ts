// Tells of what is wrong, once while it lasts. Findings about Ingresses that nobody here owns are not ours to tell.

import type { Arbiter } from '../core/arbiter.js';
import { type Finding, renderFinding } from '../core/finding.js';
import type { Log } from './controller.js';

/** Returns what is to be called with everything that is wrong now. */
export function reportFindings(log: Log, { plans, handOvers }: Pick<Arbiter, 'plans' | 'handOvers'>): (findings: readonly Finding[]) => void {
  let shown = new Set<string>();
  const isOurs = ({ object }: Finding): boolean =>
    !object.startsWith('Ingress ') || plans.get(object.slice('Ingress '.length))?.ownership.owner !== undefined || handOvers.has(object.slice('Ingress '.length));
  return (findings) => {
    const current = new Set<string>();
    for (const one of findings.filter(isOurs)) {
      const line = renderFinding(one);
      if (!shown.has(line) && !current.has(line)) log(one.severity === 'info' ? 'info' : 'warn', line);
      current.add(line);
    }
    shown = current;
  };
}
