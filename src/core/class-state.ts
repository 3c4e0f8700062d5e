// The table of one class while its Ingresses come, change and go: which of them meet on which entry, and what the entry then
// is. A changed Ingress rebuilds the entries that it speaks of differently, and no others.

import isEqual from 'lodash/isEqual.js';
import { certificateKey, clientsKey, hostKey, passthroughKey, revokedKey, trustedKey } from '../route-table/entry-keys.js';
import type { ClassTable, EntryValue, Policy } from '../route-table/types.js';
import type { SlicesOf } from './build-entry.js';
import { isPassedHost } from './build-passed-host.js';
import type { Claim } from './claim.js';
import { closeEntry } from './close-wants.js';
import { createDependencyIndex, createDependents } from './dependency-index.js';
import type { Finding } from './finding.js';
import { byAge } from './order.js';
import type { IngressPlan, Want } from './plan-ingress.js';
import { type Failure, buildEntrySafely } from './plan-safely.js';
import { setOrDelete } from './set-or-delete.js';
import { createTargetMakers } from './target-makers.js';

export interface ClassState {
  readonly table: ClassTable;
  /** Takes what an Ingress of the class asks for; undefined: it is not of the class (any more). When it throws, nothing has changed; it does not throw for undefined, nor after that. */
  setPlan(key: string, plan: IngressPlan | undefined): void;
  /** The endpoints of a Service (`namespace/name`) have changed. */
  touchService(service: string): void;
  /**
   * Rebuilds what was touched. Returns the keys of the entries that are different now; tells what could not be built, and the
   * objects of which there may be other findings.
   */
  settle(slicesOf: SlicesOf, failed: (failure: Failure) => void, told?: (object: string) => void): Set<string>;
  findings(): Finding[];
  /** What is wrong with one Ingress (`namespace/name`) beside the others of the class. */
  findingsOf(key: string): Finding[];
  /** Keys of the entries of which an Ingress asks for something. */
  entriesOf(key: string): Iterable<string>;
  /** Plans that ask for something of an entry, the oldest first. */
  askers(entry: string): readonly IngressPlan[];
}

/** The state of a class without Ingresses. */
export function createClassState(claim: Claim): ClassState {
  const table: ClassTable = new Map();
  const plans = new Map<string, IngressPlan>();
  const members = createDependents();
  /** Which entries lead to an entry. */
  const references = createDependents();
  const findingsByEntry = new Map<string, Finding[]>();
  const touched = new Set<string>();
  /** Targets that an entry leads to or no longer does: of them only whether they are there can have changed. */
  const led = new Set<string>();
  const makers = createTargetMakers(plans);
  /** Which targets are made of the endpoints of a Service. */
  const services = createDependencyIndex();
  const plansOf = (entry: string): IngressPlan[] => [...members.dependentsOf(entry)].map((key) => plans.get(key)!).sort((a, b) => byAge(a.ingress, b.ingress));
  const isWanted = claim.sslPassthrough === true ? members.has : undefined;
  /** Not so what clients of a host are asked for, where nobody asks: it is touched with each host. */
  const isSomething = (entry: string): boolean => members.has(entry) || table.has(entry) || findingsByEntry.has(entry);
  return {
    table,
    setPlan(key, plan) {
      const before = plans.get(key);
      for (const entry of withCompanions(changedEntries(before, plan), isWanted)) if (!makers.passesBy(entry, key, plan)) touched.add(entry);
      setOrDelete(plans, key, plan);
      members.change(key, before?.wants.keys() ?? [], plan?.wants.keys() ?? []);
    },
    touchService(service) {
      for (const entry of services.dependentsOf(service)) touched.add(entry);
    },
    settle(slicesOf, failed, told = () => undefined) {
      const changed = new Set<string>();
      const rebuild = (entry: string, plans: readonly IngressPlan[]): void => {
        const before = leadsTo(table.get(entry));
        const source = { slicesOf, allowLoopback: claim.allowLoopbackEndpoints ?? false };
        let safe = buildEntrySafely(entry, plans, source);
        // The want of one is a bug's: perhaps that of another is not.
        if (safe.built === undefined && isTarget(entry)) safe = buildEntrySafely(entry, plansOf(entry), source);
        const { built, findings, failures } = safe;
        for (const failure of failures) failed(failure);
        const value = built === undefined ? closeEntry(table.get(entry)) ?? nothingBehind(entry) : built.value;
        if (putEntry(table, entry, value)) changed.add(entry);
        const after = leadsTo(value);
        references.change(entry, before, after);
        for (const target of [...before, ...after]) led.add(target);
        noteFindings(findingsByEntry, entry, { findings: [...built?.findings ?? [], ...findings], told });
      };
      for (const entry of [...touched].filter((key) => !isTarget(key) && isSomething(key))) rebuild(entry, makersOf(entry, plansOf));
      // Only what a route or a server name leads to is in the table: the loser of a path brings nothing with it.
      const isLedTo = (entry: string): boolean => references.has(entry);
      for (const entry of led) if (isLedTo(entry) !== table.has(entry)) touched.add(entry);
      for (const entry of [...touched].filter(isTarget)) {
        if (!isLedTo(entry)) makers.forget(entry);
        const plans = isLedTo(entry) ? makers.choose(entry, members.dependentsOf(entry)) : [];
        const want = plans[0]?.wants.get(entry);
        services.set(entry, want?.of === 'service' ? [want.service] : []);
        rebuild(entry, plans);
      }
      touched.clear();
      led.clear();
      return changed;
    },
    findings: () => [...findingsByEntry.values()].flat(),
    findingsOf: (key) => [...new Set(withCompanions([...plans.get(key)?.wants.keys() ?? []], isWanted))].flatMap((entry) => findingsByEntry.get(entry) ?? []).filter(({ object }) => object === `Ingress ${key}`),
    entriesOf: (key) => plans.get(key)?.wants.keys() ?? [],
    askers: plansOf,
  };
}

/** With the entries that depend on who has which paths of a host: what aliases ask of its clients, and who gets its connections whole. */
function withCompanions(entries: readonly string[], isWanted: ((entry: string) => boolean) | undefined): string[] {
  return entries.flatMap((entry) => {
    if (!entry.startsWith(hostKey(''))) return [entry];
    const host = entry.slice(hostKey('').length);
    return isWanted?.(passthroughKey(host)) ? [entry, clientsKey(host), passthroughKey(host)] : [entry, clientsKey(host)];
  });
}

/** Whose wants an entry that nothing leads to is made of. Where the connections of a host go concerns all who have paths on it. */
function makersOf(entry: string, plansOf: (entry: string) => IngressPlan[]): IngressPlan[] {
  const plans = plansOf(entry);
  if (entry.startsWith(passthroughKey(''))) return plans.length === 0 ? [] : plansOf(hostKey(entry.slice(passthroughKey('').length)));
  return withoutAliases(entry, plans, plansOf);
}

/** On a host that some rule names, an alias has neither routes nor anything to ask of clients. */
function withoutAliases(entry: string, plans: IngressPlan[], plansOf: (entry: string) => IngressPlan[]): IngressPlan[] {
  if (!entry.startsWith(clientsKey('')) || plans.length === 0) return plans;
  const host = hostKey(entry.slice(clientsKey('').length));
  const isRuled = plansOf(host).some(({ wants }) => {
    const want = wants.get(host);
    return want?.of === 'host' && want.paths.some(({ alias }) => !alias);
  });
  return isRuled ? plans.filter(({ wants }) => !(wants.get(entry) as Want & { of: 'clients' }).alias) : plans;
}

function noteFindings(known: Map<string, Finding[]>, entry: string, { findings, told }: { findings: Finding[]; told: (object: string) => void }): void {
  for (const { object } of [...known.get(entry) ?? [], ...findings]) told(object);
  setOrDelete(known, entry, findings.length === 0 ? undefined : findings);
}

/** Entries that are there for others to lead to. */
function isTarget(entry: string): boolean {
  return entry.startsWith('service/') || entry.startsWith(certificateKey('')) || entry.startsWith(trustedKey('')) || entry.startsWith(revokedKey(''));
}

/** Keys of the entries that a value leads to. */
function leadsTo(value: EntryValue | undefined): string[] {
  if (value === undefined) return [];
  if ('routes' in value) return [...new Set([...value.routes.flatMap(({ backend, canary }) => (canary === undefined ? [backend] : [backend, canary.backend])), ...(value.policies ?? []).flatMap(policyLeadsTo)])];
  if (isPassedHost(value)) return [value.backend];
  return 'certificate' in value ? [certificateKey(value.certificate)] : [];
}

function policyLeadsTo({ external, errors, tls, clients }: Policy): string[] {
  const { verify, certificate } = tls ?? {};
  return [external?.service, errors?.backend, external?.outside?.trusted && trustedKey(external.outside.trusted), verify && trustedKey(verify.trusted), certificate && certificateKey(certificate), clients?.revoked && revokedKey(clients.revoked)].filter((key) => key !== undefined);
}

/** What an entry is that could never be built: a Service that a route leads to must be there, if without endpoints. */
function nothingBehind(entry: string): EntryValue | undefined {
  return entry.startsWith('service/') ? { endpoints: [] } : undefined;
}

function putEntry(table: ClassTable, entry: string, value: EntryValue | undefined): boolean {
  if (isEqual(table.get(entry), value)) return false;
  if (value === undefined) table.delete(entry);
  else table.set(entry, value);
  return true;
}

/** Entries of which a plan wants something else than the plan before it; all of them when its age has changed, or whether it could be made. */
function changedEntries(before: IngressPlan | undefined, after: IngressPlan | undefined): string[] {
  const entries = new Set([...(before?.wants.keys() ?? []), ...(after?.wants.keys() ?? [])]);
  if (before === undefined || after === undefined || byAge(before.ingress, after.ingress) !== 0 || (before.failed === undefined) !== (after.failed === undefined)) return [...entries];
  return [...entries].filter((entry) => !isEqual(before.wants.get(entry), after.wants.get(entry)));
}
