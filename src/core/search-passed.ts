// In which order it is looked for where the connections of a server name go. The engine's agent and explain ask the same way.

/**
 * The name itself before the wildcard in place of its first label, within each the listener's classes in their order, as requests are
 * routed (route-table/search-hosts.ts). What `ask` says of a host ends the search; 'engine': TLS ends there, as for every
 * host that has routes and is not passed through. `name`: lower case. Undefined: to the engine.
 */
export function searchPassed<Answer extends object>(ask: (className: string, host: string) => Answer | 'engine' | undefined, classes: readonly string[], name: string): Answer | undefined {
  const dot = name.indexOf('.');
  for (const host of dot > 0 ? [name, `*${name.slice(dot)}`] : [name]) {
    for (const className of classes) {
      const answer = ask(className, host);
      if (answer !== undefined) return answer === 'engine' ? undefined : answer;
    }
  }
  return undefined;
}
