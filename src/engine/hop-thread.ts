// The thread that all ways to endpoints over TLS are in (tls-hop.ts), so that the bytes of requests hold up nothing else of the
// agent. Opens and closes what it is told, and answers when that is done.

import type { Server } from 'node:net';
import { rmSync } from 'node:fs';
import isEqual from 'lodash/isEqual.js';
import { answerTasks, tell } from './asked-thread.js';
import { codeFrom } from './engine-error.js';
import { type NameOptions, OutsideNames } from './outside-names.js';
import { type HopOrder, openHop } from './tls-hop.js';

export interface HopTask {
  open: HopOrder[];
  /** Paths. */
  close: string[];
  /** Wait for connection and handshake of all that name none, from now on. */
  usualSeconds: number;
  /** How names outside of the cluster are resolved. */
  names: Omit<NameOptions, 'now'>;
}

/** `problem`: of a socket that is not open; absent: an endpoint got nothing. */
export interface HopNews {
  path: string;
  endpoint: string;
  code: string;
  problem?: true;
}

const servers = new Map<string, Server>();
let usualSeconds = 0;
let asked: HopTask['names'] | undefined;
let names: OutsideNames | undefined;

async function open(order: HopOrder): Promise<void> {
  const endpoint = `${order.address} ${order.port}`;
  try {
    close(order.path);
    rmSync(order.path, { force: true });
    servers.set(order.path, await openHop(order, { failed: (code) => tell({ path: order.path, endpoint, code } satisfies HopNews), usualSeconds: () => usualSeconds, names: { addressesOf: (name) => names!.addressesOf(name) } }));
  } catch (error) {
    tell({ path: order.path, endpoint, code: codeFrom(error), problem: true } satisfies HopNews);
  }
}

/** What is under way on it goes on. */
function close(path: string): void {
  servers.get(path)?.close();
  servers.delete(path);
}

// One after the other: what is opened by the one may be closed by the next.
answerTasks(async (task: HopTask) => {
  usualSeconds = task.usualSeconds;
  if (!isEqual(asked, task.names)) {
    asked = task.names;
    names = new OutsideNames({ ...asked, now: () => performance.now() });
  }
  task.close.forEach(close);
  await Promise.all(task.open.map(open));
});
