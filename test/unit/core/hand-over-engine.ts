// An engine of hand-over-model.ts: what it has of each class, and what it has told. It does nothing by itself.
import type { ClassTable } from '../../../src/route-table/types.js';
import type { ClassName } from './hand-over-ingress.js';

export type Table = ReadonlyMap<string, unknown>;
const emptyTable: Table = new Map();

/** Whether requests would get anywhere by it. */
export function hasRoute(table: Table): boolean {
  return [...(table as ClassTable).values()].some((value) => 'routes' in value && value.routes.length > 0);
}

/** What one engine has of one class. */
export interface Taken {
  /** The last table that it has taken; on its disk too. */
  table: Table;
  /** Whether it listens to the holder of the class. */
  attached: boolean;
  /** Cut off from the holder: it does not find back by itself. Or it was down. */
  cutSince: number | undefined;
  /** Requests since the engine was started. */
  requests: number;
  /** As the holder has been told. */
  told: { count: number; since: number; at: number } | undefined;
}

export interface Engine { up: boolean; of: Record<ClassName, Taken>; refuses: Set<ClassName> }

/** One that runs, and has nothing yet. */
export function createEngine(): Engine {
  const taken = (): Taken => ({ table: emptyTable, attached: false, cutSince: undefined, requests: 0, told: undefined });
  return { up: true, of: { a: taken(), b: taken(), c: taken() }, refuses: new Set<ClassName>() };
}
