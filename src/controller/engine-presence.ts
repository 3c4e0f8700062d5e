// Whether all engines of one class can be seen from here: what is asked of the engines that listen says nothing of one that
// serves and is not back yet, after its stream broke or another process came to hold the claim. It asks nobody.

export interface EnginePresence {
  /** The claim is held from now on: engines have to find this process first. */
  begin(): void;
  come(engine: string): void;
  go(engine: string): void;
  /** Why some engine may serve that does not listen here; without words while that passes by itself in a moment. Undefined: none may. */
  gap(): { because?: string } | undefined;
  /** When that changes by itself, on the clock of `now`. */
  changesAt(): number | undefined;
}

/** An engine's longest pause between two looks for the holder is 7.5 s (engine/subscribe-tables), and some time for the look. */
export const arriveWithinMs = 10_000;
/** A process that is started anew is back before, and so is a stream that broke. Who is longer away has been stopped, or is cut off. */
export const awayForMs = 30_000;
/** More names are not remembered, only that there were more: as many as a class has streams (http/table-stream-app). */
const mostAway = 1000;

/** `awaits`: whether engines elsewhere have to come at all; `now`: a steady clock, in ms. */
export function createEnginePresence({ now, awaits }: { now: () => number; awaits: boolean }): EnginePresence {
  const away = new Map<string, number>();
  let begun: number | undefined;
  /** When one had to be forgotten before its time. */
  let overflowed: number | undefined;
  const forget = (): void => {
    if (overflowed !== undefined && now() - overflowed >= awayForMs) overflowed = undefined;
    for (const [engine, at] of away) {
      const isOver = now() - at >= awayForMs;
      if (!isOver && away.size > mostAway) overflowed = now();
      if (isOver || away.size > mostAway) away.delete(engine);
    }
  };
  const isArriving = (): boolean => awaits && begun !== undefined && now() - begun < arriveWithinMs;
  return {
    begin() { begun = now(); },
    come(engine) { away.delete(engine); },
    go(engine) {
      away.delete(engine);
      away.set(engine, now());
      forget();
    },
    gap() {
      forget();
      const [first] = away.keys();
      if (first !== undefined) return { because: `engine ${first} went away a moment ago and may still serve; it is waited for up to ${awayForMs / 1000} s` };
      if (overflowed !== undefined) return { because: `more than ${mostAway} engines went away a moment ago and may still serve; they are waited for up to ${awayForMs / 1000} s` };
      return isArriving() ? {} : undefined;
    },
    changesAt() {
      forget();
      const times = [...[...away.values()].map((at) => at + awayForMs), ...(overflowed === undefined ? [] : [overflowed + awayForMs]), ...(isArriving() ? [begun! + arriveWithinMs] : [])];
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
