// Names of servers outside of the cluster, which engines resolve (engine/outside-names): what is one, and which of them a class
// allows. Where a name leads to is seen after it was resolved, and not here.

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether this is a name in lower case with a dot, and nothing that could be read as an address. */
export function isServerName(text: string): boolean {
  const parts = text.split('.');
  return text.length <= 253 && parts.length > 1 && parts.every((part) => label.test(part)) && !/^[0-9]+$/.test(parts.at(-1)!);
}

/** Whether a name is among `allowed`, where `*.` before a name stands for all below it. */
export function isAllowedName(name: string, allowed: readonly string[] = []): boolean {
  return allowed.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : name === one));
}
