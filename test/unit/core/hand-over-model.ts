// A hand-over as a small world of data: one Ingress at an API, controllers that see it late and may end at any moment, engines
// with a table for each class, and clients. What decides is the real core; who answers its questions is the real controller's.
import { expect } from 'chai';
import { answerQuestions } from '../../../src/controller/answer-questions.js';
import { arriveWithinMs, createEnginePresence, type EnginePresence } from '../../../src/controller/engine-presence.js';
import { type Arbiter, createArbiter } from '../../../src/core/arbiter.js';
import { claimOf } from '../../../src/core/claim.js';
import type { TrafficFact } from '../../../src/core/hand-over/memory.js';
import { isSameForStatus } from '../../../src/core/plan-status.js';
import type { Ingress, LoadBalancerIngress } from '../../../src/core/kubernetes-objects.js';
import { silenceMs } from '../../../src/core/stream-protocol.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';
import { type Engine, type Table, createEngine, hasRoute } from './hand-over-engine.js';
import { type ClassName, IngressHistory, addressesOf, classes, graceMs, key, quietMs } from './hand-over-ingress.js';

interface StatusWish { class: string; addresses: readonly LoadBalancerIngress[]; instead: readonly LoadBalancerIngress[] | undefined; decidedFrom: Ingress }
interface RecordWish { text: string | undefined; resourceVersion: string | undefined; sign: string }

interface Process {
  classes: readonly ClassName[];
  arbiter: Arbiter | undefined;
  seen: number;
  holds: boolean;
  presence: Record<string, EnginePresence>;
  answer: (changed?: Iterable<string>) => boolean;
  published: Record<string, Table>;
  status: StatusWish | undefined;
  record: RecordWish | undefined;
  /** Records that were tried already. */
  done: string;
}

export class HandOverModel {
  now = Date.parse('2026-01-01T00:00:00Z');
  readonly ingress = new IngressHistory(() => this.now);
  readonly processes: Process[];
  readonly engines: Engine[];
  /** Who keeps asking the listener of a class. */
  readonly clients = new Set<ClassName>();
  /** Phases that were seen, so that a test can tell that something happened. */
  readonly seenPhases = new Set<string>();

  /** `processes`: the classes that each claims. */
  constructor({ processes, engines }: { processes: readonly (readonly ClassName[])[]; engines: number }) {
    this.processes = processes.map((own): Process => (
      { classes: own, arbiter: undefined, seen: 0, holds: false, presence: {}, answer: () => false, published: {}, status: undefined, record: undefined, done: '' }));
    this.engines = Array.from({ length: engines }, createEngine);
    for (const process of this.processes.keys()) this.start(process);
    this.quiesce(30);
  }

  // The API.

  writeRecord(at: number): void {
    const process = this.processes[at]!;
    const wish = process.record;
    process.record = undefined;
    if (wish === undefined || !this.mayWrite(process)) return;
    process.done = wish.sign;
    if (wish.resourceVersion === this.ingress.current.metadata.resourceVersion) this.ingress.annotate(wish.text);
  }

  /** As the status writer does: what it was asked for, on the copy that it has, and on a fresh one when that was old. */
  writeStatus(at: number): void {
    const process = this.processes[at]!;
    const wish = process.status;
    process.status = undefined;
    if (wish === undefined || !this.mayWrite(process)) return;
    const { addresses, instead, decidedFrom, class: name } = wish;
    const shown = this.ingress.current.status?.loadBalancer?.ingress ?? [];
    if (JSON.stringify(shown) === JSON.stringify(addresses) || (instead !== undefined && JSON.stringify(shown) !== JSON.stringify(instead))) return;
    if (!isSameForStatus(this.ingress.current, decidedFrom)) return;
    const { record } = this.ingress;
    const rightful = record === undefined ? this.ingress.current.spec!.ingressClassName === name : record.movedAt === undefined ? record.from.includes(name) : record.to === name;
    expect(rightful, `class ${name} may write the status now: ${JSON.stringify(record)}`).to.equal(true);
    this.ingress.store({ status: { loadBalancer: { ingress: [...addresses] } } });
  }

  private mayWrite(process: Process): boolean { return process.holds; }

  // The controllers.

  start(at: number): void {
    const process = this.processes[at]!;
    if (process.arbiter !== undefined) return;
    const arbiter = createArbiter(process.classes.map((name) => claimOf(name, { addresses: addressesOf(name), parametersNamespace: 'arbiter' })), inspectStub);
    for (const kind of ['ingressClasses', 'services', 'configMaps'] as const) for (const [one, object] of this.ingress.rest[kind]) arbiter.take(kind, one, object as never);
    arbiter.takeNeighbours(classes.filter((name) => !process.classes.includes(name)).map((name) => (
      { class: name, annotationValues: [], acceptedControllers: [], classPrecedence: 'annotation', claimClassless: false, addresses: addressesOf(name), publish: undefined })));
    process.presence = Object.fromEntries(process.classes.map((name) => [name, createEnginePresence({ now: () => this.now, awaits: true })]));
    // Any moment may have changed something here: all is asked again each time.
    let asked = 0;
    const sign = (): string => String(asked++);
    process.answer = answerQuestions(arbiter, process.classes.map((name) => ({
      claim: { class: name }, elector: { isHolder: () => process.holds }, presence: process.presence[name]!,
      fanOut: { lacks: (entries: Iterable<string>) => this.lacks(process, name, [...entries]), sign },
      traffic: { watch: () => undefined, sign, factOf: (_: string, quiet: number) => this.trafficOf(name, quiet) },
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
    process.seen = this.ingress.versions.length - 1;
    process.arbiter.take('ingresses', key, this.ingress.current);
    this.decide(at);
  }

  decide(at: number): void {
    const process = this.processes[at]!;
    const { arbiter } = process;
    if (arbiter === undefined) return;
    process.answer();
    for (let again = true; again;) {
      const { handOvers } = arbiter.settle(this.now);
      for (const name of process.classes) process.published[name] = new Map(arbiter.tables.get(name)!);
      const status = arbiter.statusWrites.get(key);
      process.status = status && { class: status.class, addresses: status.addresses, instead: status.instead, decidedFrom: this.ingress.versions[process.seen]! };
      const record = arbiter.recordWrites.get(key);
      const sign = record === undefined ? '' : `${record.resourceVersion} ${record.text}`;
      process.record = record === undefined || sign === process.done ? undefined : { text: record.text, resourceVersion: record.resourceVersion, sign };
      again = process.answer(handOvers);
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
      this.ingress.note();
      if (ms >= arriveWithinMs / 4) this.findHolders();
      this.ask();
    }
    for (const at of this.processes.keys()) this.decide(at);
  }

  /** A client may come to a class whose address is shown, or was within the grace; and stays as long as it likes. */
  isKnownToClients(name: ClassName): boolean { return this.ingress.wasShownWithin(name, graceMs) || this.clients.has(name); }

  /** Every engine that nobody could know to be lost answers for every class that a client may come to. */
  ask(): void {
    for (const name of classes) {
      if (!this.isKnownToClients(name)) continue;
      for (const [at, { up, of }] of this.engines.entries()) {
        const one = of[name];
        if (!up || (one.cutSince !== undefined && this.now - one.cutSince > arriveWithinMs)) continue;
        if (this.clients.has(name)) one.requests += 1;
        expect(hasRoute(one.table), `engine ${at} serves class ${name}; record ${JSON.stringify(this.ingress.record)}, shown ${this.ingress.shown}, now ${this.now}`).to.equal(true);
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
      this.ingress.note();
      if (seconds > 30) this.ask();
    }
  }
}
