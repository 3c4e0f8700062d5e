// The tables of all classes towards one nginx: sends each update to its class, brings everything back after a restart, and
// says whether all that is wanted is served.

import { setTimeout as sleep } from 'node:timers/promises';
import { createEndpointCheck } from './check-endpoint.js';
import { type HeldTable, isUpdate, type UpdateRules } from './check-update.js';
import { shown } from './check-names.js';
import { ClassWriter, type ApplyResult, type NginxLink } from './class-writer.js';
import type { ControlClient, TableStates } from './control-client.js';
import { EngineError, messageFrom } from './engine-error.js';
import type { Log } from './nginx-process.js';
import { servedClasses, type EngineSettings } from './settings.js';

export interface Readiness {
  /** nginx answers, at least one class has a table, and every table that a class has is served. */
  ready: boolean;
  /** Why not, or which classes still wait for their first table. */
  reasons: string[];
}

const POLL_MILLISECONDS = 20;

export class ClassWriters {
  private readonly writers = new Map<string, ClassWriter>();
  private readonly halt = new AbortController();

  /** `instance`: the nginx that runs, with empty tables. */
  constructor(settings: EngineSettings, private readonly client: ControlClient, options: { instance: string; restartNginx: () => void; log: Log }) {
    const link: NginxLink = { client, tables: () => this.waitForTables(), restart: options.restartNginx, log: options.log };
    for (const name of servedClasses(settings)) {
      this.writers.set(name, new ClassWriter(name, rulesFrom(settings), link, options.instance));
    }
  }

  async apply(update: unknown): Promise<ApplyResult> {
    if (!isUpdate(update)) return { applied: false, reason: 'malformed: this is not an update of a class table' };
    const writer = this.writers.get(update.class);
    if (writer === undefined) return { applied: false, reason: `unknown-class: no listener serves ${shown(update.class)}` };
    return this.unlessStopped(() => writer.apply(update));
  }

  /** Writes all tables to an nginx that has been restarted. */
  async restore(): Promise<void> {
    await Promise.all([...this.writers.values()].map((writer) => this.unlessStopped(() => writer.restore())));
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
      states = await this.client.tables();
    } catch (error) {
      return { ready: false, reasons: [`nginx does not answer: ${messageFrom(error)}`] };
    }
    const writers = [...this.writers];
    const lost = writers.filter(([, writer]) => writer.hasTable && !writer.isServedBy(states)).map(([name]) => `class ${name}: its table is not in nginx yet`);
    const waiting = writers.filter(([, writer]) => !writer.hasTable).map(([name]) => `class ${name}: waits for its first table`);
    return { ready: lost.length === 0 && waiting.length < writers.length, reasons: [...lost, ...waiting] };
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

function rulesFrom({ limits, allowLoopbackEndpoints }: EngineSettings): UpdateRules {
  return {
    checkEndpoint: createEndpointCheck(allowLoopbackEndpoints),
    routesPerHost: limits.routesPerHost,
    endpointsPerService: limits.endpointsPerService,
    entriesPerClass: limits.entriesPerClass,
    bytesPerClass: limits.megabytesPerClass * 1024 * 1024,
  };
}
