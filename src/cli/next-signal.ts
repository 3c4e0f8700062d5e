// Waits for somebody to end the process, or to have it read its settings or open its log again. It does none of it itself.

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

/**
 * SIGUSR1, by which log rotation says that it has moved files away: calls the job that the function it returns was given, also for
 * one that came before there was a job. Without this Node opens the port of a debugger.
 */
export function onLogMoved(): (job: () => void) => void {
  let reopen: (() => void) | undefined;
  let missed = false;
  process.on('SIGUSR1', () => {
    if (reopen === undefined) missed = true;
    else reopen();
  });
  return (job) => {
    reopen = job;
    if (missed) job();
  };
}
