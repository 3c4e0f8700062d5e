// Keeps the sockets for TLS to endpoints (tls-hop.ts) as the class tables need them: a new one is open before nginx has the table
// that leads to it, and an old one is closed when nginx has the table without it. Where nobody asks for any there is no thread.

import { chownSync, statSync } from 'node:fs';
import path from 'node:path';
import isEqual from 'lodash/isEqual.js';
import { setOrDelete } from '../core/set-or-delete.js';
import { hopDirectory } from '../route-table/backend-tls.js';
import { AskedThread } from './asked-thread.js';
import type { TableFollower } from './class-writer.js';
import type { Change } from './control-client.js';
import type { HopNews, HopTask } from './hop-thread.js';
import { type HopUse, neededBy, ordersOf, usesOf } from './hop-orders.js';
import type { Log } from './nginx-run.js';
import { createSeldomLog } from './seldom-log.js';
import type { EngineSettings } from './settings.js';
import type { HopOrder } from './tls-hop.js';

/** Sockets of all classes together: each is a descriptor, and an entry of a directory. */
const MOST_HOPS = 4000;
/** Before what could not be opened is tried again, and as long as that goes on. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

interface Needs {
  /** By key of the entry that makes them. */
  uses: ReadonlyMap<string, HopUse[]>;
  orders: ReadonlyMap<string, HopOrder>;
  /** Keys of the entries that they depend on beside. */
  needed: ReadonlySet<string>;
}

type HopSettings = Pick<EngineSettings, 'workDirectory' | 'limits'> & Partial<Pick<EngineSettings, 'allowLoopbackEndpoints' | 'nameServers'>>;

const nothing: Needs = { uses: new Map(), orders: new Map(), needed: new Set() };

export class BackendHops implements TableFollower {
  private readonly needs = new Map<string, Needs>();
  /** What a class will need when nginx takes the update that is on its way. */
  private readonly staged = new Map<string, Needs>();
  private readonly open = new Map<string, HopOrder>();
  private readonly thread = new AskedThread<HopTask, void, HopNews>(new URL('./hop-thread.js', import.meta.url), {
    told: (news) => this.hear(news),
    failed: (error) => this.log('error', `the thread for TLS to backends ended: ${error.message}`),
    ended: () => {
      this.open.clear();
      this.tryAgain();
    },
  });
  private readonly seldomLog: Log;
  private pause = FIRST_PAUSE_MS;
  private alarm: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private settings: HopSettings, private readonly log: Log) {
    this.seldomLog = createSeldomLog(log);
  }

  /** Resolves when all is open that the class needs with these changes. `entries`: what nginx has of it now. */
  async before(className: string, entries: ReadonlyMap<string, string>, changes: readonly Change[]): Promise<void> {
    const before = this.needs.get(className) ?? nothing;
    const made = changes.map(([key, json]) => [key, usesOf(key, json)] as const).filter(([key, own]) => own !== undefined || before.uses.has(key));
    if (made.length === 0 && !changes.some(([key]) => before.needed.has(key))) return;
    const uses = new Map(before.uses);
    for (const [key, own] of made) setOrDelete(uses, key, own);
    const changed = new Map(changes);
    const all = [...uses.values()].flat();
    const orders = ordersOf(className, all, (key) => (changed.has(key) ? changed.get(key) : entries.get(key)), this.settings.workDirectory);
    this.staged.set(className, { uses, orders, needed: neededBy(all) });
    await this.settle();
  }

  /** nginx has the update that `before` was told of, or has not taken it. */
  after(className: string, applied: boolean): void {
    const staged = this.staged.get(className);
    if (staged === undefined) return;
    this.staged.delete(className);
    if (applied) this.needs.set(className, staged);
    void this.settle();
  }

  /** The class is served no more. */
  forget(className: string): void {
    if (this.needs.delete(className)) void this.settle();
  }

  /** Goes on with other settings. */
  obey(settings: HopSettings): void {
    this.settings = settings;
    if (this.thread.isRunning) void this.send({ open: [], close: [] });
  }

  /** Lets the account of nginx's workers reach the sockets. `worker`: the process id of one; undefined: there is none to ask. */
  admit(worker: number | undefined): void {
    if (worker === undefined) return;
    const directory = path.join(this.settings.workDirectory, hopDirectory);
    try {
      const { uid } = statSync(`/proc/${worker}`);
      const own = statSync(directory);
      if (own.uid !== uid) chownSync(directory, uid, own.gid);
    } catch (error) {
      this.log('error', `nginx's workers can't reach ${directory}, so requests to backends with TLS settings of their own are answered with 502: ${(error as Error).message}`);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.alarm);
    await this.thread.stop();
  }

  /** Opens and closes until what is open is what somebody needs. */
  private async settle(): Promise<void> {
    const wanted = new Map([...this.needs.values(), ...this.staged.values()].flatMap(({ orders }) => [...orders]));
    const close = [...this.open.keys()].filter((one) => !wanted.has(one));
    const fresh = [...wanted.values()].filter((order) => !isEqual(this.open.get(order.path), order));
    const room = Math.max(0, MOST_HOPS - (this.open.size - close.length));
    if (fresh.length > room) this.log('error', `more than ${MOST_HOPS} endpoints have TLS settings of their own, or names outside of the cluster; requests to ${fresh.length - room} of them are answered with 502`);
    const open = fresh.slice(0, room);
    for (const one of close) this.open.delete(one);
    for (const order of open) this.open.set(order.path, order);
    if (open.length > 0 || close.length > 0) await this.send({ open, close });
  }

  private async send(task: Pick<HopTask, 'open' | 'close'>): Promise<void> {
    if (this.stopped) return;
    if (!this.thread.isRunning) this.thread.start();
    const { limits, allowLoopbackEndpoints = false, nameServers } = this.settings;
    await this.thread.ask({ usualSeconds: limits.connectSeconds, names: { allowLoopback: allowLoopbackEndpoints, servers: nameServers }, ...task });
  }

  /** A while from now: what is wanted and not open is opened. */
  private tryAgain(): void {
    if (this.stopped || this.alarm !== undefined) return;
    this.alarm = setTimeout(() => {
      this.alarm = undefined;
      void this.settle().then(() => { if (this.alarm === undefined) this.pause = FIRST_PAUSE_MS; });
    }, this.pause).unref();
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  private hear(news: HopNews): void {
    if (news.problem) {
      this.open.delete(news.path);
      this.tryAgain();
    }
    this.seldomLog('warn', news.problem ? `endpoint ${news.endpoint}: TLS to it can't be spoken as its Ingress asks for (${news.code}); requests to it are answered with 502`
      : `endpoint ${news.endpoint}: it can't be reached as its Ingress asks for (${news.code}); it got nothing of the request`);
  }
}
