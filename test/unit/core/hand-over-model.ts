// A hand-over as a small world of data: one Ingress at an API, controllers that see it late and may end at any moment, engines
// with a table for each class, and clients. What decides is the real core; who answers its questions is the real controller's.
import { expect } from 'chai';
import omit from 'lodash/omit.js';
import { answerQuestions } from '../../../src/controller/answer-questions.js';
import { arriveWithinMs, createEnginePresence, type EnginePresence } from '../../../src/controller/engine-presence.js';
import { type Arbiter, createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import { readHandOver, handOverAnnotation, type HandOverRecord } from '../../../src/core/hand-over/record.js';
import type { TrafficFact } from '../../../src/core/hand-over/memory.js';
import { isSameForStatus } from '../../../src/core/plan-status.js';
import type { Ingress, LoadBalancerIngress } from '../../../src/core/kubernetes-objects.js';
import { silenceMs } from '../../../src/core/stream-protocol.js';
import type { ClassTable } from '../../../src/route-table/types.js';
import { parseManifests, snapshotOf } from '../../fixtures/manifests.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

export const classes = ['a', 'b', 'c'] as const;
export type ClassName = typeof classes[number];
const key = 'default/web';
export const graceMs = 20_000;
export const quietMs = 5000;
const addressesOf = (name: string): LoadBalancerIngress[] => [{ hostname: `${name}.test` }];

const cluster = `
kind: ConfigMap
metadata: {namespace: arbiter, name: settings}
data: {hand-over-grace: ${graceMs / 1000}s, hand-over-quiet: ${quietMs / 1000}s}
---
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
${classes.map((name) => `
kind: IngressClass
metadata: {name: ${name}}
spec: {controller: ingress-arbiter.io/controller, parameters: {kind: ConfigMap, name: settings, namespace: arbiter, scope: Namespace}}
---`).join('')}
kind: Ingress
metadata: {name: web, uid: u, resourceVersion: "0", creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {ingressClassName: a, rules: [{host: web.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
status: {loadBalancer: {ingress: [{hostname: a.test}]}}
`;

type Table = ReadonlyMap<string, unknown>;
const emptyTable: Table = new Map();

function hasRoute(table: Table): boolean {
  return [...(table as ClassTable).values()].some((value) => 'routes' in value && value.routes.length > 0);
}

/** What one engine has of one class. */
interface Taken {
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

interface Engine { up: boolean; instance: number; of: Record<ClassName, Taken>; refuses: Set<ClassName> }

interface StatusWish { class: string; addresses: readonly LoadBalancerIngress[]; instead: readonly LoadBalancerIngress[] | undefined; decidedFrom: Ingress }
interface RecordWish { text: string | undefined; resourceVersion: string | undefined; sign: string }

interface Process {
  classes: readonly ClassName[];
  arbiter: Arbiter | undefined;
  seen: number;
  holds: boolean;
  presence: Record<string, EnginePresence>;
  answer: () => boolean;
  published: Record<string, Table>;
  status: StatusWish | undefined;
  record: RecordWish | undefined;
  /** Records that were tried already. */
  done: string;
}

export class HandOverModel {
  now = Date.parse('2026-01-01T00:00:00Z');
  private readonly rest = snapshotOf(parseManifests(cluster));
  /** Every version of the Ingress. */
  readonly versions: Ingress[] = [this.rest.ingresses.get(key)!];
  readonly processes: Process[];
  readonly engines: Engine[];
  /** When the status last showed the address of a class. */
  private readonly shownAt = new Map<string, number>([['a', this.now]]);
  /** Who keeps asking the listener of a class. */
  readonly clients = new Set<ClassName>();
  /** Phases that were seen, so that a test can tell that something happened. */
  readonly seenPhases = new Set<string>();

  /** `processes`: the classes that each claims. */
  constructor({ processes, engines }: { processes: readonly (readonly ClassName[])[]; engines: number }) {
    this.processes = processes.map((own): Process => (
      { classes: own, arbiter: undefined, seen: 0, holds: false, presence: {}, answer: () => false, published: {}, status: undefined, record: undefined, done: '' }));
    const taken = (): Taken => ({ table: emptyTable, attached: false, cutSince: undefined, requests: 0, told: undefined });
    this.engines = Array.from({ length: engines }, () => ({ up: true, instance: 0, of: { a: taken(), b: taken(), c: taken() }, refuses: new Set<ClassName>() }));
    for (const process of this.processes.keys()) this.start(process);
    this.quiesce(30);
  }

  get current(): Ingress { return this.versions.at(-1)!; }
  get record(): HandOverRecord | undefined {
    const read = readHandOver(this.current.metadata.annotations);
    return read === undefined || 'problem' in read ? undefined : read;
  }
  get shown(): string { return (this.current.status?.loadBalancer?.ingress ?? []).map(({ hostname = '' }) => hostname.replace('.test', '')).join(); }

  // The API.

  /** A write that the API takes. */
  private store(change: Partial<Ingress>): void {
    const { metadata, ...rest } = this.current;
    this.versions.push({ ...rest, ...change, metadata: { ...metadata, ...change.metadata, resourceVersion: String(this.versions.length) } });
    for (const name of classes) if (this.shown === name) this.shownAt.set(name, this.now);
    expect(this.shown, 'the status is never empty').to.not.equal('');
  }

  annotate(text: string | undefined): void {
    const others = omit(this.current.metadata.annotations, handOverAnnotation);
    this.store({ metadata: { ...this.current.metadata, annotations: text === undefined ? others : { ...others, [handOverAnnotation]: text } } });
  }

  setClass(name: ClassName): void {
    if (this.current.spec!.ingressClassName !== name) this.store({ spec: { ...this.current.spec!, ingressClassName: name } });
  }

  writeRecord(at: number): void {
    const process = this.processes[at]!;
    const wish = process.record;
    process.record = undefined;
    if (wish === undefined || !this.mayWrite(process)) return;
    process.done = wish.sign;
    if (wish.resourceVersion === this.current.metadata.resourceVersion) this.annotate(wish.text);
  }

  /** As the status writer does: what it was asked for, on the copy that it has, and on a fresh one when that was old. */
  writeStatus(at: number): void {
    const process = this.processes[at]!;
    const wish = process.status;
    process.status = undefined;
    if (wish === undefined || !this.mayWrite(process)) return;
    const { addresses, instead, decidedFrom, class: name } = wish;
    const shown = this.current.status?.loadBalancer?.ingress ?? [];
    if (JSON.stringify(shown) === JSON.stringify(addresses) || (instead !== undefined && JSON.stringify(shown) !== JSON.stringify(instead))) return;
    if (!isSameForStatus(this.current, decidedFrom)) return;
    const { record } = this;
    const rightful = record === undefined ? this.current.spec!.ingressClassName === name : record.movedAt === undefined ? record.from.includes(name) : record.to === name;
    expect(rightful, `class ${name} may write the status now: ${JSON.stringify(record)}`).to.equal(true);
    this.store({ status: { loadBalancer: { ingress: [...addresses] } } });
  }

  private mayWrite(process: Process): boolean { return process.holds; }

  // The controllers.

  start(at: number): void {
    const process = this.processes[at]!;
    if (process.arbiter !== undefined) return;
    const arbiter = createArbiter(process.classes.map((name) => claimOf(name, { addresses: addressesOf(name), parametersNamespace: 'arbiter' })), inspectStub);
    for (const kind of ['ingressClasses', 'services', 'configMaps'] as const) for (const [one, object] of this.rest[kind]) arbiter.take(kind, one, object as never);
    arbiter.takeNeighbours(classes.filter((name) => !process.classes.includes(name)).map((name) => (
      { class: name, annotationValues: [], acceptedControllers: [], classPrecedence: 'annotation', claimClassless: false, addresses: addressesOf(name), publish: undefined })));
    process.presence = Object.fromEntries(process.classes.map((name) => [name, createEnginePresence({ now: () => this.now, awaits: true })]));
    process.answer = answerQuestions(arbiter, process.classes.map((name) => ({
      claim: { class: name }, elector: { isHolder: () => process.holds }, presence: process.presence[name]!,
      fanOut: { lacks: (entries: Iterable<string>) => this.lacks(process, name, [...entries]) },
      traffic: { watch: () => undefined, factOf: (_: string, quiet: number) => this.trafficOf(name, quiet) },
    })), () => this.now);
    Object.assign(process, { arbiter, published: {}, status: undefined, record: undefined, done: '', holds: false });
    this.watch(at);
  }

  /** It ends without a word. What it has sent may still arrive, until somebody else holds its claims. */
  crash(at: number): void {
    const process = this.processes[at]!;
    if (process.arbiter === undefined) return;
    process.arbiter = undefined;
    for (const name of process.classes) for (const { of } of this.engines) Object.assign(of[name], { attached: false, told: undefined });
  }

  /** Its Lease is won: whatever the one before has sent is void. */
  hold(at: number): void {
    const process = this.processes[at]!;
    if (process.arbiter === undefined || process.holds) return;
    process.holds = true;
    for (const name of process.classes) process.presence[name]!.begin();
    this.decide(at);
  }

  /** It sees the Ingress as it is. */
  watch(at: number): void {
    const process = this.processes[at]!;
    if (process.arbiter === undefined) return;
    process.seen = this.versions.length - 1;
    process.arbiter.take('ingresses', key, this.current);
    this.decide(at);
  }

  decide(at: number): void {
    const process = this.processes[at]!;
    const { arbiter } = process;
    if (arbiter === undefined) return;
    process.answer();
    for (let again = true; again;) {
      arbiter.settle(this.now);
      for (const name of process.classes) process.published[name] = new Map(arbiter.tables.get(name)!);
      const status = arbiter.statusWrites.get(key);
      process.status = status && { class: status.class, addresses: status.addresses, instead: status.instead, decidedFrom: this.versions[process.seen]! };
      const record = arbiter.recordWrites.get(key);
      const sign = record === undefined ? '' : `${record.resourceVersion} ${record.text}`;
      process.record = record === undefined || sign === process.done ? undefined : { text: record.text, resourceVersion: record.resourceVersion, sign };
      again = process.answer();
    }
    const phase = arbiter.handOvers.get(key)?.phase;
    if (phase !== undefined) this.seenPhases.add(phase);
  }

  private holderOf(name: ClassName): Process | undefined {
    return this.processes.find((one) => one.classes.includes(name) && one.arbiter !== undefined && one.holds);
  }

  private lacks(process: Process, name: ClassName, entries: readonly string[]): string | undefined {
    const attached = this.engines.filter(({ of }) => of[name].attached);
    if (attached.length === 0) return 'no engine takes the tables of the class';
    const wanted = process.published[name];
    const lacking = attached.some(({ of }) => entries.some((entry) => JSON.stringify(of[name].table.get(entry)) !== JSON.stringify(wanted?.get(entry))));
    return lacking ? 'an engine does not have it yet' : undefined;
  }

  private trafficOf(name: ClassName, quiet: number): TrafficFact | undefined {
    const attached = this.engines.filter(({ of }) => of[name].attached).map(({ of }) => of[name].told);
    if (attached.length === 0) return { unknown: 'no engine takes the tables of the class' };
    if (attached.some((told) => told === undefined)) return undefined;
    if (attached.some((told) => this.now - told!.at > silenceMs)) return { unknown: 'an engine has not told' };
    return { quiet: attached.every((told) => told!.at - told!.since >= quiet) };
  }

  // The engines.

  connect(at: number, name: ClassName): void {
    const { up, of } = this.engines[at]!;
    const holder = this.holderOf(name);
    if (!up || holder === undefined || of[name].attached) return;
    Object.assign(of[name], { attached: true, told: undefined });
    holder.presence[name]!.come(String(at));
  }

  /** It takes the table as it is published now, and says so. */
  deliver(at: number, name: ClassName): void {
    const { up, of, refuses } = this.engines[at]!;
    const table = this.holderOf(name)?.published[name];
    if (!up || !of[name].attached || table === undefined || refuses.has(name)) return;
    of[name].table = table;
    of[name].cutSince = undefined;
    this.decide(this.processes.indexOf(this.holderOf(name)!));
  }

  tell(at: number, name: ClassName): void {
    const { of } = this.engines[at]!;
    const one = of[name];
    const holder = this.holderOf(name);
    if (!one.attached || holder === undefined) return;
    const { told, requests: count } = one;
    one.told = { count, since: told?.count === count ? told.since : this.now, at: this.now };
    this.decide(this.processes.indexOf(holder));
  }

  /** The stream breaks, and the engine does not find back until it is connected. */
  cut(at: number, name: ClassName): void {
    const one = this.engines[at]!.of[name];
    one.cutSince ??= this.now;
    if (!one.attached) return;
    Object.assign(one, { attached: false, told: undefined });
    this.holderOf(name)?.presence[name]!.go(String(at));
  }

  stopEngine(at: number): void {
    const engine = this.engines[at]!;
    if (!engine.up) return;
    for (const name of classes) {
      this.cut(at, name);
      engine.of[name].requests = 0;
    }
    engine.up = false;
  }

  startEngine(at: number): void { this.engines[at]!.up = true; }

  // Time and clients.

  /** Engines that run find whoever holds a claim in good time, unless they are cut off. */
  private findHolders(): void {
    for (const [at, { up, of }] of this.engines.entries()) for (const name of classes) if (up && of[name].cutSince === undefined) this.connect(at, name);
  }

  advance(ms: number): void {
    for (let left = ms; left > 0;) {
      const step = Math.min(left, quietMs / 4);
      left -= step;
      this.now += step;
      for (const name of classes) if (this.shown === name) this.shownAt.set(name, this.now);
      if (ms >= arriveWithinMs / 4) this.findHolders();
      this.ask();
    }
    for (const at of this.processes.keys()) this.decide(at);
  }

  /** A client may come to a class whose address is shown, or was within the grace; and stays as long as it likes. */
  isKnownToClients(name: ClassName): boolean { return this.now - (this.shownAt.get(name) ?? -Infinity) < graceMs || this.clients.has(name); }

  /** Every engine that nobody could know to be lost answers for every class that a client may come to. */
  ask(): void {
    for (const name of classes) {
      if (!this.isKnownToClients(name)) continue;
      for (const [at, { up, of }] of this.engines.entries()) {
        const one = of[name];
        if (!up || (one.cutSince !== undefined && this.now - one.cutSince > arriveWithinMs)) continue;
        if (this.clients.has(name)) one.requests += 1;
        expect(hasRoute(one.table), `engine ${at} serves class ${name}; record ${JSON.stringify(this.record)}, shown ${this.shown}, now ${this.now}`).to.equal(true);
      }
    }
  }

  // The end.

  /** Everything works and everybody gets on with it. */
  quiesce(seconds: number): void {
    for (const at of this.processes.keys()) {
      this.start(at);
      this.hold(at);
    }
    for (let second = 0; second < seconds; second += 1) {
      for (const at of this.engines.keys()) {
        this.startEngine(at);
        for (const name of classes) {
          this.connect(at, name);
          this.deliver(at, name);
          this.tell(at, name);
        }
      }
      for (const at of this.processes.keys()) {
        this.watch(at);
        this.writeRecord(at);
        this.watch(at);
        this.writeStatus(at);
        this.watch(at);
      }
      this.now += 1000;
      for (const name of classes) if (this.shown === name) this.shownAt.set(name, this.now);
      if (seconds > 30) this.ask();
    }
  }
}
