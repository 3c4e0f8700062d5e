// The thread that the TLS connections of listeners with sslPassthrough go through (tls-front.ts), so that their bytes hold up
// nothing else of the agent. Does what it is told, in order, and answers when that is done.

import { parentPort } from 'node:worker_threads';
import type { PassedChanges } from './passed-hosts.js';
import { type FrontLimits, type FrontListener, type FrontProblem, TlsFront } from './tls-front.js';
import type { Reading } from './traffic-counters.js';

export type FrontTask =
  | { kind: 'listen'; listeners: FrontListener[]; limits: FrontLimits }
  | { kind: 'change'; changes: PassedChanges }
  | { kind: 'forget'; class: string }
  | { kind: 'read' }
  | { kind: 'stop'; milliseconds: number };

export type NumberedTask = FrontTask & { number: number };

export interface FrontAnswer {
  problems?: FrontProblem[];
  readings?: Reading[];
}

/** `failed`: an endpoint has taken no connection. */
export type FrontNews = { done: number; answer: FrontAnswer } | { failed: string; code: string };

const tell = (news: FrontNews): void => parentPort!.postMessage(news);
const front = new TlsFront({ failed: (endpoint, code) => tell({ failed: endpoint, code }) });

async function work(task: FrontTask): Promise<FrontAnswer> {
  if (task.kind === 'listen') return { problems: await front.listen(task.listeners, task.limits) };
  if (task.kind === 'read') return { readings: front.readings() };
  if (task.kind === 'change') front.takeChanges(task.changes);
  if (task.kind === 'forget') front.forget(task.class);
  if (task.kind === 'stop') await front.stop(task.milliseconds);
  return {};
}

/** One after the other, but nothing waits for connections to end. */
let queue: Promise<unknown> = Promise.resolve();
parentPort!.on('message', ({ number, ...task }: NumberedTask) => {
  queue = queue.then(async () => {
    const done = work(task as FrontTask).then((answer) => tell({ done: number, answer }));
    if (task.kind !== 'stop') await done;
  });
});
