// Waits for somebody to end the process. It does not end it.

/** The first SIGINT or SIGTERM; a second one ends the process at once, as people expect. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}
