// The entries of one class that one engine refuses: what it is offered instead, and when the wanted entry is offered again. It
// holds nothing up: whatever else is wanted goes on. What may be offered is decided in core/repair-entry.ts.

import { type Repair, repairEntry, repairFurther, unrepaired } from '../core/repair-entry.js';
import type { RefusedEntry } from '../core/stream-protocol.js';
import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import type { ClassTable, EntryValue, ServerName } from '../route-table/types.js';

export interface QuarantinedEntry {
  key: string;
  reason: string;
  /** Places of members of the wanted entry's list that are not offered as they are; absent: all of it. */
  places?: readonly number[];
}

interface Item {
  wanted: EntryValue;
  repair: Repair;
  reason: string;
  /** What is offered instead; undefined: nothing. */
  value: EntryValue | undefined;
  /** The certificate because of which a server name is here. */
  because?: string;
  tries: number;
  retryAt: number;
}

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 300_000;

export class Quarantine {
  private readonly items = new Map<string, Item>();
  /** Server names and certificates as the engine has them: of these the last good version may stay. */
  private served = new Map<string, EntryValue>();
  /** Certificates that only server names in quarantine still lead to. */
  private kept = new Map<string, EntryValue>();

  /** `now`: ms of a steady clock. */
  constructor(private readonly now: () => number) {}

  /** What the engine is offered of a key; undefined: nothing. */
  valueOf(key: string, table: ClassTable): EntryValue | undefined {
    const item = this.items.get(key);
    return item === undefined ? table.get(key) ?? this.kept.get(key) : item.value;
  }

  /** Whether nothing at all is said of a key: the engine can't even be told to remove it. */
  isUnnamed(key: string): boolean {
    return this.items.get(key)?.repair.whole === 'unnamed';
  }

  /** Keys that are offered although the table has none such. */
  extraKeys(table: ClassTable): string[] {
    return [...this.kept.keys()].filter((key) => !table.has(key) && !this.items.has(key));
  }

  /** Entries that the engine has when it has taken what it is offered of `table`. */
  count(table: ClassTable): number {
    let count = table.size + this.extraKeys(table).length;
    for (const [key, { value }] of this.items) count += (value === undefined ? 0 : 1) - (table.has(key) ? 1 : 0);
    return count;
  }

  /** The wanted entry has changed: it is offered as it is. Returns the keys of which something else is offered now. */
  release(key: string): string[] {
    if (!this.items.delete(key)) return [];
    const freed = [...this.items].filter(([, { because }]) => because === key).map(([name]) => name);
    for (const name of freed) this.items.delete(name);
    return [key, ...freed, ...this.keepCertificates()];
  }

  /**
   * Takes what the engine says of entries that it was offered; `offered` has the wanted entry of each. Returns the keys of which
   * something else is offered now: none when the answer leads nowhere.
   */
  refuse(refused: readonly RefusedEntry[], offered: ReadonlyMap<string, EntryValue>, table: ClassTable): string[] {
    const keys = refused.flatMap((one) => {
      const wanted = offered.get(one.key);
      return wanted === undefined || table.get(one.key) !== wanted ? [] : this.refuseOne(one, wanted, table);
    });
    return keys.length === 0 ? [] : [...keys, ...this.keepCertificates()];
  }

  private refuseOne(refused: RefusedEntry, wanted: EntryValue, table: ClassTable): string[] {
    const { key, reason } = refused;
    const before = this.items.get(key)?.repair ?? unrepaired;
    const repair = repairFurther(key, wanted, before, refused);
    if (repair === before) return [];
    this.put(key, { wanted, repair, reason });
    if (!key.startsWith(certificateKey(''))) return [key];
    return [key, ...this.namesOf(key, table).map((name) => {
      this.put(name, { wanted: table.get(name)!, repair: { parts: new Map(), whole: 'out' }, reason: `its certificate is refused: ${reason}`, because: key });
      return name;
    })];
  }

  private put(key: string, { because, ...entry }: Pick<Item, 'wanted' | 'repair' | 'reason' | 'because'>): void {
    const value = repairEntry(key, entry.wanted, entry.repair).value ?? (this.items.has(key) ? undefined : this.lastGood(key, entry.wanted));
    this.items.set(key, { ...entry, value, ...(because === undefined ? {} : { because }), tries: 0, retryAt: this.now() + FIRST_RETRY_MS });
  }

  /** Server names that lead to a certificate, or did until now. */
  private namesOf(certificate: string, table: ClassTable): string[] {
    const leads = (value: EntryValue | undefined): boolean => value !== undefined && 'certificate' in value && certificateKey(value.certificate) === certificate;
    return [...table.keys()].filter((key) => key.startsWith(serverNameKey('')) && (leads(table.get(key)) || leads(this.items.get(key)?.value)));
  }

  /** An older certificate opens nothing; whatever else a server name may come to ask for is not known to be so. */
  private lastGood(key: string, wanted: EntryValue): ServerName | undefined {
    const before = this.served.get(key);
    if (before === undefined || !('certificate' in before) || Object.keys(wanted).some((field) => field !== 'certificate')) return undefined;
    return this.served.has(certificateKey(before.certificate)) ? before : undefined;
  }

  /** Returns the keys of certificates that are offered now or no longer. */
  private keepCertificates(): string[] {
    const before = this.kept;
    const keys = [...this.items.values()].flatMap(({ value }) => (value !== undefined && 'certificate' in value ? [certificateKey(value.certificate)] : []));
    this.kept = new Map([...new Set(keys)].flatMap((key) => {
      const certificate = this.served.get(key) ?? before.get(key);
      return certificate === undefined ? [] : [[key, certificate]];
    }));
    return [...before.keys(), ...this.kept.keys()].filter((key) => before.has(key) !== this.kept.has(key));
  }

  /** The engine has taken entries, and has nothing else than them when they are a full table. */
  took(full: boolean, set: readonly { key: string; value: EntryValue }[], remove: readonly string[]): void {
    if (full) this.served = new Map();
    for (const { key, value } of set) if ('certificate' in value || 'chain' in value) this.served.set(key, value);
    for (const key of remove) this.served.delete(key);
  }

  /** Wanted entries that are to be offered once more now. */
  due(): Map<string, EntryValue> {
    const now = this.now();
    return new Map([...this.items].filter(([, { because, retryAt }]) => because === undefined && retryAt <= now).map(([key, { wanted }]) => [key, wanted]));
  }

  /** They were refused again: the next time is later. */
  postpone(keys: Iterable<string>): void {
    for (const key of keys) {
      const item = this.items.get(key);
      if (item === undefined) continue;
      item.tries += 1;
      item.retryAt = this.now() + Math.min(FIRST_RETRY_MS * 2 ** item.tries, LONGEST_RETRY_MS);
    }
  }

  /** When the next one is due, on the clock of `now`; undefined when there is none. */
  nextDue(): number | undefined {
    const times = [...this.items.values()].filter(({ because }) => because === undefined).map(({ retryAt }) => retryAt);
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
  }

  get size(): number {
    return this.items.size;
  }

  entries(): QuarantinedEntry[] {
    return [...this.items].map(([key, { wanted, repair, reason }]) => (repair.parts.size === 0 ? { key, reason } : { key, reason, places: repairEntry(key, wanted, repair).changed }));
  }
}
