// Has the arbiter decide soon after something has changed, in slices: Leases are renewed, engines answered and changes taken in between.
// What it has decided of a part of the Ingresses is nobody's business; it is carried out when it is whole.

import { type SoonWork, workSoon } from './work-soon.js';
import type { Arbiter, ArbiterChanges } from '../core/arbiter.js';

export interface DecisionHooks {
  /** The clock of the decisions. */
  now: () => number;
  /** Whether everything is known that a decision is made from; asked again for each slice, since more may be named meanwhile. */
  isKnown: () => boolean;
  /** A decision begins; false: not yet. */
  begin: () => boolean;
  /** A part is decided: nobody may be shown the tables before the whole is. */
  hold: () => void;
  /** `since`: when the oldest change was seen that it is about (performance.now). */
  carryOut: (changes: ArbiterChanges, since: number | undefined) => void;
}

export interface Deciding extends SoonWork {
  /** The arbiter has taken a change. */
  seen(): void;
  /** Whether a part is decided and the whole is not. */
  readonly isUnderWay: boolean;
}

/** A change is served at once; the log may come after it. */
const DECIDE_GAP_MS = 5;

export function decideSoon(arbiter: Pick<Arbiter, 'settleSome'>, { now, isKnown, begin, hold, carryOut }: DecisionHooks): Deciding {
  let isUnderWay = false;
  let since: number | undefined;
  const size = sliceSize();
  const work = workSoon(() => {
    if (!isKnown() || !(isUnderWay || begin())) return undefined;
    const start = performance.now();
    const changes = arbiter.settleSome(now(), size.most);
    isUnderWay = changes === undefined;
    if (changes !== undefined) {
      const oldest = since;
      since = undefined;
      carryOut(changes, oldest);
      return undefined;
    }
    hold();
    size.took(performance.now() - start);
    return 'more';
  }, DECIDE_GAP_MS);
  return {
    ...work,
    get isUnderWay() { return isUnderWay; },
    seen() {
      since ??= performance.now();
      work.ask();
    },
  };
}

/** A turn of the event loop that takes longer is felt; shorter ones cost more than they bring. */
const TURN_MS = 20;
/** Code that never ran is slow. */
const FIRST = 50;
const LEAST = 10;
const MOST = 500;

interface SliceSize {
  /** Ingresses of the next slice. */
  readonly most: number;
  /** A slice that was as large as it might took so long, in ms. */
  took(ms: number): void;
}

function sliceSize(): SliceSize {
  let most = FIRST;
  return {
    get most() { return most; },
    took(ms) {
      // A single quick one may have had little to do.
      most = Math.round(Math.max(LEAST, Math.min(MOST, 2 * most, most * TURN_MS / ms)));
    },
  };
}
