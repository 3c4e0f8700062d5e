// Walks something long in slices, with everything else that waits in the process getting its turn in between.

const AT_ONCE = 1000;

/** Ends early when `each` returns false. What is walked must not change meanwhile, except through `each`. */
export async function inSlices<T>(items: Iterable<T>, each: (item: T) => boolean | void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % AT_ONCE === 0) await new Promise((resolve) => { setImmediate(resolve); });
    if (each(item) === false) return;
    done += 1;
  }
}
