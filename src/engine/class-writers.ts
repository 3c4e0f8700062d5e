// The tables of all classes towards one nginx: sends each update to its class, has a new nginx begin with all of them, and says
// whether all that is wanted is served.

import { setTimeout as sleep } from 'node:timers/promises';
import { type HeldTable, isUpdate } from './check-update.js';
import { shown } from './check-names.js';
import { ClassWriter, type ApplyResult, type NginxLink, type TableFollower } from './class-writer.js';
import type { ControlClient, TableStates } from './control-client.js';
import { EngineError, messageFrom } from './engine-error.js';
import type { Log } from './nginx-run.js';
import { removeFirstTable, writeFirstTable } from './first-tables.js';
import type { FirstTable } from './repair-table.js';
import { servedClasses, type EngineSettings } from './settings.js';
import { updateRules } from './update-rules.js';

export interface Readiness {
  /** nginx answers, at least one class has a table, and every table that a class has is served. */
  ready: boolean;
  /** Why not, or which classes still wait for their first table. */
  reasons: string[];
  /** Whether every class has a table. */
  whole: boolean;
}

const POLL_MILLISECONDS = 20;

export class ClassWriters {
  private readonly writers = new Map<string, ClassWriter>();
  private readonly halt = new AbortController();
  private readonly link: NginxLink;
  private instance: string;

  /** `instance`: the nginx that runs, with empty tables; '' when none does yet. */
  constructor(settings: EngineSettings, private readonly client: ControlClient, private readonly options: { instance: string; restartNginx: () => void; log: Log; followers?: readonly TableFollower[] }) {
    this.link = { client, tables: () => this.waitForTables(), restart: options.restartNginx, log: options.log, ...(options.followers && { followers: options.followers }) };
    this.instance = options.instance;
    this.serve(settings);
  }

  /** Takes the classes and limits of new settings. What is held of a class that is no longer served is forgotten. */
  serve(settings: EngineSettings): void {
    const classes = servedClasses(settings);
    for (const name of this.writers.keys()) {
      if (classes.has(name)) continue;
      this.writers.delete(name);
      for (const one of this.options.followers ?? []) one.forget(name);
    }
    for (const name of classes) {
      const writer = this.writers.get(name);
      if (writer === undefined) this.writers.set(name, new ClassWriter(name, updateRules(settings, name), this.link, this.instance));
      else writer.obey(updateRules(settings, name));
    }
  }

  /** Gives a class the table that the first nginx begins with. */
  begin(table: FirstTable): void {
    this.writers.get(table.update.class)?.begin(table);
  }

  /** Writes what the next nginx begins with. Throws when the files can't be written. */
  async writeFirstTables(workDirectory: string): Promise<void> {
    await Promise.all([...this.writers].map(([name, writer]) => (
      writer.hasTable ? writeFirstTable(workDirectory, name, writer.wholeTable()) : removeFirstTable(workDirectory, name))));
  }

  removeFirstTables(workDirectory: string): void {
    for (const name of this.writers.keys()) removeFirstTable(workDirectory, name);
  }

  /** Does the job while no table changes: what was under way is done, and what comes waits. */
  async whileHeld<Result>(job: () => Promise<Result>): Promise<Result> {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => { release = resolve; });
    try {
      await Promise.all([...this.writers.values()].map((writer) => writer.hold(released)));
      return await job();
    } finally {
      release();
    }
  }

  /** Turns to the nginx in this state. */
  adopt(states: TableStates): void {
    this.instance = states.instance;
    for (const writer of this.writers.values()) writer.adopt(states);
  }

  async apply(update: unknown): Promise<ApplyResult> {
    if (!isUpdate(update)) return { applied: false, reason: 'malformed: this is not an update of a class table' };
    const writer = this.writers.get(update.class);
    if (writer === undefined) return { applied: false, reason: `unknown-class: no listener serves ${shown(update.class)}` };
    return this.unlessStopped(() => writer.apply(update));
  }

  /** Writes all tables to a new nginx, where it did not begin with them. */
  async restore(): Promise<void> {
    const filled = [...this.writers.values()].filter((writer) => writer.hasTable);
    await Promise.all(filled.map((writer) => this.unlessStopped(() => writer.restore())));
  }

  generation(className: string): number {
    return this.writers.get(className)?.generation ?? 0;
  }

  table(className: string): HeldTable | undefined {
    return this.writers.get(className)?.table;
  }

  async readiness(): Promise<Readiness> {
    let states: TableStates;
    try {
      const asked = this.instance;
      states = await this.client.tables();
      // Another nginx has taken over while this one was asked.
      if (asked !== this.instance) states = await this.client.tables();
    } catch (error) {
      return { ready: false, whole: false, reasons: [`nginx does not answer: ${messageFrom(error)}`] };
    }
    const writers = [...this.writers];
    const lost = writers.filter(([, writer]) => writer.hasTable && !writer.isServedBy(states)).map(([name]) => `class ${name}: its table is not in nginx yet`);
    const waiting = writers.filter(([, writer]) => !writer.hasTable).map(([name]) => `class ${name}: waits for its first table`);
    return { ready: lost.length === 0 && waiting.length < writers.length, whole: waiting.length === 0, reasons: [...lost, ...waiting] };
  }

  /** Ends every wait for nginx; updates under way are answered as not applied. */
  stop(): void {
    this.halt.abort();
  }

  private async unlessStopped(job: () => Promise<ApplyResult>): Promise<ApplyResult> {
    if (this.halt.signal.aborted) return { applied: false, reason: 'stopped: the engine is stopping' };
    try {
      return await job();
    } catch (error) {
      if (error instanceof EngineError && error.code === 'stopped') return { applied: false, reason: 'stopped: the engine is stopping' };
      throw error;
    }
  }

  private async waitForTables(): Promise<TableStates> {
    while (!this.halt.signal.aborted) {
      try {
        return await this.client.tables();
      } catch {
        await sleep(POLL_MILLISECONDS);
      }
    }
    throw new EngineError('stopped', 'the engine is stopping');
  }
}
