// What an engine has to know of the claims that it serves. A share of a class is a table of its own, because shares are
// published by different processes; on a listener the tables of a class's shares stand where the class stands.

import { type Claim, claimName } from '../../core/claim.js';
import type { EngineSettings } from '../../engine/settings.js';

/** The settings with each class that is shared replaced, on every listener, by the tables of its shares. */
export function serveTables(settings: EngineSettings, claims: readonly Claim[]): EngineSettings {
  const tablesOf = (className: string): string[] => {
    const tables = claims.filter((claim) => claim.class === className).map(claimName).sort();
    return tables.length > 0 ? tables : [className];
  };
  return { ...settings, listeners: settings.listeners.map((listener) => ({ ...listener, classes: listener.classes.flatMap(tablesOf) })) };
}

/** Names of the listeners that serve a class. */
export function listenersOf({ listeners }: EngineSettings, className: string): string[] {
  return listeners.filter(({ classes }) => classes.includes(className)).map(({ name }) => name);
}
