// Watches the Leases of claims: everybody's, to see who else claims what we do, and our own, so that the elector looks at once
// when a holder has gone. A claim counts while somebody keeps it alive, by our own clock. A watch that does not bring our own
// renewals is opened anew. It writes nothing.

import isEqual from 'lodash/isEqual.js';
import { type LeaseHeartbeat, PATIENCE_MS, startLeaseHeartbeat } from './lease-heartbeat.js';
import { workSoon } from './work-soon.js';
import type { HeldClaim } from './hold-claim.js';
import type { Log } from './controller.js';
import { type ClassClaim, describeClaims } from '../core/class-claims.js';
import { type ClaimRecord, type Installation, claimLabel, leaseOf, readClaimRecord } from '../core/claim-record.js';
import type { Neighbour } from '../core/hand-over/neighbours.js';
import { type ReadStandby, readStandbys } from '../core/standby-record.js';
import { type Clock, monotonicClock } from '../kubernetes/clock.js';
import type { KubeApi } from '../kubernetes/kube-api.js';
import type { KubeObject } from '../kubernetes/kube-object.js';
import { readLease } from '../kubernetes/lease-record.js';
import { type ListWatch, startListWatch } from '../kubernetes/list-watch.js';
import { OperationalError, hasCode } from '../kubernetes/operational-error.js';
import { isResourceVersion } from '../kubernetes/resource-version.js';
import { leases } from '../kubernetes/resources.js';

export interface ClaimWatchOptions {
  api: Pick<KubeApi, 'listPage' | 'watch' | 'credentialsChanged'>;
  installation: Installation;
  identity: string;
  held: readonly HeldClaim[];
  log: Log;
  /** Told when who holds, waits for or disputes a class is not as it was told before. */
  onChange: (claims: readonly ClassClaim[]) => void;
  /** Told when the neighbours are known, and whenever they change. */
  onKnown?: () => void;
  /** Told of every change of an own Lease. */
  onOwnLease?: (held: HeldClaim, lease: KubeObject, standbys: readonly ReadStandby[]) => void;
  clock?: Clock;
}

export interface ClaimWatch {
  /** As last told. */
  readonly claims: readonly ClassClaim[];
  /** How the watch of Leases is. */
  readonly watch: ListWatch;
  readonly heartbeat: Pick<LeaseHeartbeat, 'lagMs' | 'misses'>;
  /** Whether all Leases have been seen once, or can't be for now. */
  isKnown(): boolean;
  /** The classes that others claim, in the installation's own namespace of Leases: whoever writes there is trusted with claims. */
  neighbours(): readonly Neighbour[];
  stop(): Promise<void>;
}

interface SeenLease {
  record: ClaimRecord | undefined;
  standbys: readonly ReadStandby[];
  sign: string;
  /** When its holder was seen to do something; undefined: never, so it may have been dead for years. */
  livedAt: number | undefined;
  firstSeenAt: number;
  boundMs: number;
}

const EVALUATE_GAP_MS = 250;
const LOOK_EVERY_MS = 5000;
/** Who may not read Leases, or not yet, decides without them after this. */
const KNOWN_WITHIN_MS = 5000;
/** Missed renewals are not yet a dead holder; a duration of years is not believed. */
const SHORTEST_BOUND_MS = 30_000;
const LONGEST_BOUND_MS = 120_000;

/** Starts to watch. Without the right to see all namespaces it sees its own only, and says so once. */
export function watchClaims(options: ClaimWatchOptions): ClaimWatch {
  const { installation, held, clock = monotonicClock } = options;
  const seen = new Map<string, SeenLease>();
  const own = new Map(held.map((one) => [leaseOf(one.claim, installation), one]));
  const neighbours = watchNeighbours(seen, installation, () => clock.now());
  let claims: readonly ClassClaim[] = [];
  let waited = false;
  const evaluate = workSoon(() => {
    const now = describeClaims(installation, held.map(({ claim }) => claim), observed(seen, own, clock.now()));
    if (isEqual(now, claims)) return;
    claims = now;
    options.onChange(claims);
  }, EVALUATE_GAP_MS);
  const take = (key: string, lease: KubeObject | undefined): void => {
    const before = seen.get(key);
    if (lease === undefined) seen.delete(key);
    else seen.set(key, look(lease, before, clock.now()));
    const mine = own.get(key);
    if (mine !== undefined) wake(mine, options.identity, lease, before?.sign);
    if (mine !== undefined && lease !== undefined) options.onOwnLease?.(mine, lease, seen.get(key)!.standbys);
    evaluate.ask();
    if (neighbours.changed(before?.record, seen.get(key)?.record)) options.onKnown?.();
  };
  const watch = watchWhereAllowed(options, take);
  const heartbeat = startLeaseHeartbeat({
    clock, written: () => (watch.current.isSynced ? renewals(own) : []),
    seen: (lease) => watch.current.get(lease)?.metadata.resourceVersion,
    onMiss: (lease) => watch.current.reopen(new OperationalError('timeout',
      `Lease ${lease} was renewed and the watch has not brought it within ${PATIENCE_MS / 1000} s; it is opened anew`)),
  });
  let timer: unknown;
  const tick = (): void => {
    evaluate.ask();
    if (neighbours.look()) options.onKnown?.();
    timer = clock.setTimeout(tick, LOOK_EVERY_MS);
  };
  tick();
  const patience = clock.setTimeout(() => {
    waited = true;
    options.onKnown?.();
  }, KNOWN_WITHIN_MS);
  const settled = (): void => { if (isKnown()) options.onKnown?.(); };
  const isKnown = (): boolean => waited || watch.current.isSynced;
  watch.current.synced.then(settled, () => undefined);
  return {
    isKnown, neighbours: neighbours.list,
    get claims() { return claims; },
    get watch() { return watch.current; },
    heartbeat,
    async stop() {
      clock.clearTimeout(timer);
      clock.clearTimeout(patience);
      evaluate.stop();
      await Promise.all([watch.current.stop(), heartbeat.stop()]);
    },
  };
}

/** Claims outlive their holders here: a class whose controller is down is ours all the same. */
function watchNeighbours(seen: ReadonlyMap<string, SeenLease>, { namespace }: Installation, now: () => number): NeighbourWatch {
  let known: readonly Neighbour[] | undefined;
  const make = (): readonly Neighbour[] => [...seen.values()].flatMap(({ record, livedAt, firstSeenAt, boundMs }) =>
    (record?.installation.namespace === namespace && !record.observe ? [{ ...record, unheld: record.holder === '' || now() - (livedAt ?? firstSeenAt) >= boundMs }] : []));
  return {
    changed(before, after) {
      // The holder changes often, and makes no difference.
      if (before === after || isEqual({ ...before, holder: '' }, { ...after, holder: '' })) return false;
      known = undefined;
      return true;
    },
    list: () => known ??= make(),
    look() {
      const next = make();
      // The holder itself makes no difference, only whether there is one.
      if (known === undefined || isEqual(known.map(({ unheld }) => unheld), next.map(({ unheld }) => unheld))) return false;
      known = next;
      return true;
    },
  };
}

interface NeighbourWatch {
  changed(before: ClaimRecord | undefined, after: ClaimRecord | undefined): boolean;
  list(): readonly Neighbour[];
  /** Whether some class has lost its holder since the last look, or has one again. */
  look(): boolean;
}

function* renewals(own: ReadonlyMap<string, HeldClaim>): Generator<[lease: string, version: string]> {
  for (const [key, { elector: { renewed } }] of own) if (isResourceVersion(renewed)) yield [key, renewed];
}

function look(lease: KubeObject, before: SeenLease | undefined, now: number): SeenLease {
  const { holder, sign, durationMs } = readLease(lease);
  const livedAt = before === undefined ? undefined : before.sign === sign ? before.livedAt : now;
  const boundMs = Math.min(Math.max(SHORTEST_BOUND_MS, 2 * durationMs), LONGEST_BOUND_MS);
  return { record: readClaimRecord(lease.metadata, holder), standbys: readStandbys(lease.metadata), sign, livedAt, firstSeenAt: before?.firstSeenAt ?? now, boundMs };
}

function observed(seen: ReadonlyMap<string, SeenLease>, own: ReadonlyMap<string, HeldClaim>, now: number): Parameters<typeof describeClaims>[2] {
  const records = [...seen.values()].flatMap(({ record, livedAt, boundMs }) =>
    (record !== undefined && record.holder !== '' && livedAt !== undefined && now - livedAt < boundMs ? [record] : []));
  const holders = new Map([...own].flatMap(([key, { elector: { holder } }]) => (holder === undefined ? [] : [[key, holder] as const])));
  return { records, holders, standbys: new Map([...own.keys()].map((key) => [key, seen.get(key)?.standbys ?? []])) };
}

/** Whatever another has done with our Lease, the elector had better see now: it counts the holder's time from its look. */
function wake({ elector }: HeldClaim, identity: string, lease: KubeObject | undefined, signBefore: string | undefined): void {
  if (lease === undefined) return elector.poke();
  const { holder, sign } = readLease(lease);
  if (sign !== signBefore && holder !== identity) elector.poke();
}

function watchWhereAllowed(options: ClaimWatchOptions, take: (key: string, lease: KubeObject | undefined) => void): { readonly current: ListWatch } {
  const { api, installation, log, clock } = options;
  let narrowed = false;
  const start = (namespace: string | undefined): ListWatch => startListWatch({
    api, resource: leases, labelSelector: claimLabel, ...(namespace === undefined ? {} : { namespace }), ...(clock ? { clock } : {}),
    onChange: ({ type, key, object }) => take(key, type === 'set' ? object : undefined),
    onFault: (fault) => {
      if (hasCode(fault.error, 'forbidden') && !narrowed) return narrow();
      log('warn', `watch of Leases: ${fault.error instanceof Error ? fault.error.message : String(fault.error)}`);
    },
  });
  let current = start(undefined);
  const narrow = (): void => {
    narrowed = true;
    log('info', `may not watch the Leases of all namespaces: claims of installations outside ${installation.namespace} are not seen`);
    void current.stop();
    current = start(installation.namespace);
  };
  return { get current() { return current; } };
}
