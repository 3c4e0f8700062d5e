// Brings one class's table into nginx: one update at a time, in order, each taken as a whole or not at all. It holds what
// nginx has, finds out what became of a push without an answer, and has every new nginx begin with the whole table.

import { setTimeout as sleep } from 'node:timers/promises';
import type { RefusedEntry } from '../core/stream-protocol.js';
import type { TableUpdate } from '../route-table/types.js';
import { checkUpdate, type HeldTable, type UpdateRules } from './check-update.js';
import type { Change, ControlClient, PushAnswer, TableStates } from './control-client.js';
import type { Log } from './nginx-run.js';
import type { FirstTable } from './repair-table.js';

/**
 * `newerEpoch`: the epoch that the class is at, when that of the update is over. `refused`: the entries that are not taken, when
 * the update is refused for nothing else.
 */
export type ApplyResult = { applied: true } | { applied: false; reason: string; newerEpoch?: number; refused?: RefusedEntry[] };

export interface NginxLink {
  client: Pick<ControlClient, 'push'>;
  /** What nginx has; waits while it does not answer. Throws when the engine is stopped. */
  tables: () => Promise<TableStates>;
  /** Ends an nginx whose state is not the one that was written. */
  restart: () => void;
  log: Log;
  followers?: readonly TableFollower[];
}

/** What of the engine has to go along with the tables of nginx. */
export interface TableFollower {
  /** nginx is about to be told of these changes. `entries`: what it has of the class now. */
  before(className: string, entries: ReadonlyMap<string, string>, changes: readonly Change[]): Promise<void>;
  /** nginx has the changes that `before` was told of, or has not taken them. The update is answered after that. */
  after(className: string, applied: boolean): Promise<void> | void;
  /** The class is served no more. */
  forget(className: string): void;
}

/** Tries of one push to an nginx that answers, but not to this. */
const TRIES = 5;
const FIRST_PAUSE = 20;

/** How nginx stands to what was written: before this push, after it, at something else, or a new nginx. */
type Standing = 'before' | 'after' | 'elsewhere' | 'new-nginx';

interface Failure {
  reason: string;
  /** Some push got no answer, and may still be taken. */
  inDoubt: boolean;
}

export class ClassWriter {
  private readonly entries = new Map<string, string>();
  private held: HeldTable = { epoch: -1, sequence: -1, entries: this.entries, bytes: 0 };
  private generationInNginx = 0;
  /** False from the moment a new nginx is seen until it has taken the whole table. */
  private complete = true;
  /** Grows with each update that was taken; and where it stood when the table for the next nginx was told. */
  private revision = 0;
  private toldRevision = -1;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    private rules: UpdateRules,
    private readonly link: NginxLink,
    /** The nginx that the table is in. */
    private instance: string,
  ) {}

  /** Generation of the class in nginx; 0 before its first entries. */
  get generation(): number {
    return this.generationInNginx;
  }

  /** Whether a controller has given this class a table. */
  get hasTable(): boolean {
    return this.held.epoch >= 0;
  }

  /** What is served, for whoever keeps it safe; undefined before the first table. */
  get table(): HeldTable | undefined {
    return this.hasTable ? this.held : undefined;
  }

  /** Whether the nginx in this state has the whole table. */
  isServedBy(states: TableStates): boolean {
    return states.instance === this.instance && this.complete;
  }

  apply(update: TableUpdate): Promise<ApplyResult> {
    return this.inOrder(async () => {
      const verdict = checkUpdate(update, this.held, this.rules);
      if ('refusal' in verdict) {
        const { refusal: reason, ...more } = verdict;
        return { applied: false, reason, ...more };
      }
      const { followers = [] } = this.link;
      for (const one of followers) await one.before(this.name, this.entries, verdict.changes);
      const result = await this.push(verdict.changes, update.count).catch(async (error: unknown) => {
        for (const one of followers) await one.after(this.name, false);
        throw error;
      });
      if (result.applied) this.keep(update, verdict.changes, verdict.bytes);
      for (const one of followers) await one.after(this.name, result.applied);
      if (!result.applied && !this.complete) await this.push([], this.entries.size);
      return result;
    });
  }

  /** Takes a table, checked by these rules, before there is an nginx: the first one begins with it. */
  begin({ update, changes, bytes }: FirstTable): void {
    this.keep(update, changes, bytes);
  }

  /** Everything that a new nginx has to begin with. */
  *wholeTable(): Generator<Change> {
    this.toldRevision = this.revision;
    yield* this.entries;
  }

  /** Lets no update through from when the ones before are done until `released` resolves; resolves when they are. */
  hold(released: Promise<void>): Promise<void> {
    return new Promise((reached) => {
      void this.inOrder(async () => {
        reached();
        await released;
      });
    });
  }

  /** From now on updates are checked by these rules. */
  obey(rules: UpdateRules): void {
    this.rules = rules;
  }

  /** Turns to a new nginx, which may have begun with the whole table; false when it is the same one. */
  adopt({ instance, classes }: TableStates): boolean {
    if (instance === this.instance) return false;
    const { generation, entries } = classes.get(this.name) ?? { generation: 0, entries: 0 };
    this.instance = instance;
    this.generationInNginx = generation;
    this.complete = generation > 0 && entries === this.entries.size && this.toldRevision === this.revision;
    return true;
  }

  /** Writes the whole table to a new nginx. Does nothing when it is there already. */
  restore(): Promise<ApplyResult> {
    return this.inOrder(async () => {
      this.adopt(await this.link.tables());
      const result = await this.push([], this.entries.size);
      if (!result.applied) this.link.log('error', `class ${this.name}: its table could not be written to the new nginx: ${result.reason}`);
      return result;
    });
  }

  private inOrder<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.queue.then(job);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private keep(update: TableUpdate, changes: Change[], bytes: number): void {
    for (const [key, json] of changes) {
      if (json === undefined) this.entries.delete(key);
      else this.entries.set(key, json);
    }
    this.held = { epoch: update.epoch, sequence: update.sequence, entries: this.entries, bytes };
    this.revision += 1;
  }

  /** `count`: the entries of the table after the push; with another number in nginx, nothing there can be relied on. */
  private async push(changes: Change[], count: number): Promise<ApplyResult> {
    // Without a generation of its own a class cannot notice a new nginx by a base that does not fit.
    if (this.generationInNginx === 0) this.adopt(await this.link.tables());
    let failure: Failure = { reason: '', inDoubt: false };
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const lines = this.complete ? changes : this.wholeTableWith(changes);
      if (this.isIdle(lines)) return this.taken(this.generationInNginx);
      const answer = await this.link.client.push(this.name, this.generationInNginx, lines);
      if (answer.outcome === 'taken' && answer.entries === count) return this.taken(answer.generation);
      if (answer.outcome === 'full' || answer.outcome === 'malformed') return { applied: false, reason: refusalFrom(answer) };
      const inDoubt = failure.inDoubt || answer.outcome === 'unknown';
      failure = { inDoubt, reason: answer.outcome === 'unknown' ? answer.reason : 'its table was not the one that was written' };
      if (await this.wasTaken(failure, count, FIRST_PAUSE * 2 ** attempt)) return this.taken(this.generationInNginx + 1);
    }
    return { applied: false, reason: `nginx: ${failure.reason}` };
  }

  /** Whether there is nothing to write. A first table is written also without entries: then nginx knows that there is nothing. */
  private isIdle(lines: readonly Change[]): boolean {
    return lines.length === 0 && this.generationInNginx > 0;
  }

  /** Finds out what became of a push; when it was not taken, all is set for the next try. */
  private async wasTaken(failure: Failure, count: number, pause: number): Promise<boolean> {
    const standing = await this.standing(count);
    if (standing === 'after' && failure.inDoubt) return true;
    if (standing === 'before') {
      await sleep(pause);
      return false;
    }
    if (standing !== 'new-nginx') await this.startOver();
    // What was on its way went to an nginx that is gone.
    failure.inDoubt = false;
    return false;
  }

  private wholeTableWith(changes: Change[]): Change[] {
    const whole = new Map<string, string | undefined>([...this.entries, ...changes]);
    return [...whole].filter(([, json]) => json !== undefined);
  }

  private async standing(count: number): Promise<Standing> {
    const states = await this.link.tables();
    if (this.adopt(states)) return 'new-nginx';
    const { generation, entries } = states.classes.get(this.name) ?? { generation: 0, entries: 0 };
    if (generation === this.generationInNginx) return 'before';
    return generation === this.generationInNginx + 1 && entries === count ? 'after' : 'elsewhere';
  }

  private taken(generation: number): ApplyResult {
    this.generationInNginx = generation;
    this.complete = true;
    return { applied: true };
  }

  /** Somebody else has written, or something was lost: no difference is right any more, only everything again. */
  private async startOver(): Promise<void> {
    this.link.log('error', `class ${this.name}: nginx has another table than the one written to it; it is restarted and given everything again`);
    this.link.restart();
    while (!this.adopt(await this.link.tables())) await sleep(FIRST_PAUSE);
  }
}

function refusalFrom(answer: PushAnswer & { outcome: 'full' | 'malformed' }): string {
  return answer.outcome === 'full'
    ? `full: the shared memory zone ${answer.zone} has no room; raise sharedMemoryMegabytes`
    : `nginx: it could not read line ${answer.line} of the update`;
}
