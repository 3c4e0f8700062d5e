// Lets whole TLS connections pass to backends on the listeners whose settings say so (tls-front.ts): opens these listeners in a
// thread of their own and tells it what the class tables say. Where no listener does it there is no thread, and nothing is kept.

import { AskedThread } from './asked-thread.js';
import type { TableFollower } from './class-writer.js';
import type { Change } from './control-client.js';
import { EngineError } from './engine-error.js';
import { frontSocket } from './front-socket.js';
import type { Log } from './nginx-run.js';
import { type PassedChanges, type PassedClass, isNothing, newPassedClass, passedChanges, takeChanges, wholeClass } from './passed-hosts.js';
import type { FrontAnswer, FrontNews, FrontTask } from './passthrough-thread.js';
import { type EngineSettings, passingClasses } from './settings.js';
import type { FrontLimits, FrontListener, FrontProblem } from './tls-front.js';
import { createSeldomLog } from './seldom-log.js';
import type { Reading } from './traffic-counters.js';

/** Before a thread that has ended is started anew, and as long as that goes on. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** One that has lasted so long was a good one. */
const GOOD_RUN_MS = 60_000;

export class Passthrough implements TableFollower {
  private readonly classes = new Map<string, PassedClass>();
  /** What changes of a class when nginx takes the update that is on its way. */
  private readonly staged = new Map<string, PassedChanges>();
  private readonly thread: AskedThread<FrontTask, FrontAnswer, FrontNews>;
  private listening: { listeners: FrontListener[]; limits: FrontLimits } | undefined;
  private pause = FIRST_PAUSE_MS;
  private alarm: NodeJS.Timeout | undefined;
  private stopped = false;

  /** `entriesOf`: what nginx has of a class; undefined: it has no table. */
  constructor(private settings: EngineSettings, private readonly log: Log, private readonly entriesOf: (className: string) => ReadonlyMap<string, string> | undefined) {
    const seldomLog = createSeldomLog(log);
    this.thread = new AskedThread(new URL('./passthrough-thread.js', import.meta.url), {
      told: ({ endpoint, code }) => seldomLog('warn', `endpoint ${endpoint} takes no connection that is passed through (${code}); others of its Service are asked`),
      failed: (error) => log('error', `the thread for TLS connections that are passed through ended: ${error.message}`),
      ended: (lastedMs) => this.startAgain(lastedMs),
    });
    for (const name of passingClasses(settings)) this.classes.set(name, newPassedClass());
  }

  async before(className: string, entries: ReadonlyMap<string, string>, changes: readonly Change[]): Promise<void> {
    const known = this.classes.get(className);
    if (known !== undefined) this.staged.set(className, passedChanges(className, known, entries, changes));
  }

  async after(className: string, applied: boolean): Promise<void> {
    const changes = this.staged.get(className);
    this.staged.delete(className);
    if (applied && changes !== undefined) await this.change(changes);
  }

  forget(className: string): void {
    if (this.classes.delete(className)) void this.thread.ask({ kind: 'forget', class: className });
  }

  /** Opens what these settings ask for and closes the rest; what is under way goes on. Throws an EngineError, and all is as before, when that can't be done. */
  async listen(settings: EngineSettings): Promise<void> {
    const listeners = frontListeners(settings);
    if (listeners.length === 0 && !this.thread.isRunning) return;
    if (!this.thread.isRunning) this.start();
    await this.serve(passingClasses(settings));
    const problems = await this.open({ listeners, limits: limitsOf(settings) });
    if (problems.length > 0) {
      if (this.listening !== undefined) await this.open(this.listening);
      throw openError(problems, listeners);
    }
    this.settings = settings;
    this.listening = { listeners, limits: limitsOf(settings) };
  }

  /** Connections that are passed through, and what was turned away. */
  async readings(): Promise<Reading[]> {
    return (await this.thread.ask({ kind: 'read' }))?.readings ?? [];
  }

  /** Takes no connection any more, and resolves when those that are open have ended, at the latest after the engine's drainSeconds. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.alarm);
    await this.thread.ask({ kind: 'stop', milliseconds: this.settings.limits.drainSeconds * 1000 });
    await this.thread.stop();
  }

  private async change(changes: PassedChanges): Promise<void> {
    takeChanges(this.classes.get(changes.class) ?? newPassedClass(), changes);
    if (!isNothing(changes)) await this.thread.ask({ kind: 'change', changes });
  }

  /** Keeps what counts of these classes. */
  private async serve(classes: ReadonlySet<string>): Promise<void> {
    for (const name of this.classes.keys()) if (!classes.has(name)) this.forget(name);
    for (const name of classes) {
      if (this.classes.has(name)) continue;
      this.classes.set(name, newPassedClass());
      await this.change(passedChanges(name, newPassedClass(), new Map(), [...this.entriesOf(name) ?? []]));
    }
  }

  private async open(what: NonNullable<Passthrough['listening']>): Promise<FrontProblem[]> {
    return (await this.thread.ask({ kind: 'listen', ...what }))?.problems ?? [];
  }

  /** It is told all that is known. */
  private start(): void {
    this.thread.start();
    for (const [name, known] of this.classes) void this.thread.ask({ kind: 'change', changes: wholeClass(name, known) });
  }

  private startAgain(lastedMs: number): void {
    if (this.stopped || this.listening === undefined) return;
    const { listening } = this;
    if (lastedMs > GOOD_RUN_MS) this.pause = FIRST_PAUSE_MS;
    this.alarm = setTimeout(() => {
      this.start();
      void this.open(listening).then((problems) => {
        if (problems.length > 0) this.log('error', openError(problems, listening.listeners).message);
      });
    }, this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }
}

function frontListeners({ listeners, workDirectory }: EngineSettings): FrontListener[] {
  return listeners.filter(({ sslPassthrough }) => sslPassthrough === true).map(({ name, address, httpsPort, classes, proxyProtocolFrom }) => ({
    name, address, port: httpsPort, classes, engine: frontSocket(workDirectory, httpsPort), ...(proxyProtocolFrom && { proxyProtocolFrom }),
  }));
}

/** As many connections as nginx's workers would have. */
function limitsOf({ workers, limits: { workerConnections, clientHeaderSeconds, connectSeconds } }: EngineSettings): FrontLimits {
  return { connections: workers * workerConnections, helloMs: clientHeaderSeconds * 1000, connectMs: connectSeconds * 1000 };
}

function openError(problems: readonly FrontProblem[], listeners: readonly FrontListener[]): EngineError {
  const said = problems.map(({ listener, code }) => {
    const { address, port } = listeners.find(({ name }) => name === listener)!;
    if (code === 'EADDRINUSE') return `${address} port ${port} is already in use; stop the other process or change the listener's port`;
    if (code === 'EACCES') return `this account may not listen on ${address} port ${port}; use a port above 1023 or grant CAP_NET_BIND_SERVICE`;
    return `${address} port ${port} can't be listened on (${code}); correct the listener's address`;
  });
  return new EngineError(problems[0]!.code === 'EADDRINUSE' ? 'port-in-use' : 'port-forbidden', said.join('; '));
}
