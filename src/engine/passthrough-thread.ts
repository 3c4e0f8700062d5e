// The thread that the TLS connections of listeners with sslPassthrough go through (tls-front.ts), so that their bytes hold up
// nothing else of the agent. Does what it is told, in order, and answers when that is done.

import { answerTasks, tell } from './asked-thread.js';
import type { PassedChanges } from './passed-hosts.js';
import { type FrontLimits, type FrontListener, type FrontProblem, TlsFront } from './tls-front.js';
import type { Reading } from './traffic-counters.js';

export type FrontTask =
  | { kind: 'listen'; listeners: FrontListener[]; limits: FrontLimits }
  | { kind: 'change'; changes: PassedChanges }
  | { kind: 'forget'; class: string }
  | { kind: 'read' }
  | { kind: 'stop'; milliseconds: number };

export interface FrontAnswer {
  problems?: FrontProblem[];
  readings?: Reading[];
}

/** An endpoint has taken no connection. */
export interface FrontNews {
  endpoint: string;
  code: string;
}

const front = new TlsFront({ failed: (endpoint, code) => tell({ endpoint, code } satisfies FrontNews) });

async function work(task: FrontTask): Promise<FrontAnswer> {
  if (task.kind === 'listen') return { problems: await front.listen(task.listeners, task.limits) };
  if (task.kind === 'read') return { readings: front.readings() };
  if (task.kind === 'change') front.takeChanges(task.changes);
  if (task.kind === 'forget') front.forget(task.class);
  if (task.kind === 'stop') await front.stop(task.milliseconds);
  return {};
}

// Nothing waits for connections to end.
answerTasks(work, ({ kind }) => kind === 'stop');
