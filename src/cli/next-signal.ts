// Waits for somebody to end the process, or to have it read its settings again. It does neither itself.

/** The first SIGINT or SIGTERM; a second one ends the process at once, as people expect. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Calls `job` at each SIGHUP, one after the other; what it throws goes to `failed`. Without this the signal ends the process. */
export function onHangUp(job: () => Promise<void>, failed: (error: Error) => void): void {
  let last: Promise<void> = Promise.resolve();
  process.on('SIGHUP', () => { last = last.then(job).catch(failed); });
}
