// Asks an engine about hosts until it answers as it should, over kept connections: how soon a change is served.

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 180_000;
/** Connections that ask for many hosts at once. */
const MANY = 8;

/** One that keeps so many connections. */
export const keptConnections = (most: number): Agent => new Agent({ keepAlive: true, maxSockets: most });

/** Status of the answer to one request; 0 without one. */
export function ask(agent: Agent, port: number, host: string): Promise<number> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: '/', headers: { host }, agent }, (answer) => { answer.resume().on('end', () => resolve(answer.statusCode!)); }).on('error', () => resolve(0)).end();
  });
}

/** Milliseconds until the host answers so, asked without a pause unless `everyMs` is given. Throws after three minutes. */
export async function untilAnswers(agent: Agent, port: number, { host, status, everyMs }: { host: string; status: number; everyMs?: number }): Promise<number> {
  const begun = performance.now();
  for (let seen = await ask(agent, port, host); seen !== status; seen = await ask(agent, port, host)) {
    if (performance.now() - begun > PATIENCE_MS) throw new Error(`${host} answers ${seen} in place of ${status}`);
    if (everyMs !== undefined) await pause(everyMs);
  }
  return performance.now() - begun;
}

/** Resolves when each of the hosts has answered 200 once, in their order. */
export async function untilAllServed(port: number, hosts: readonly string[]): Promise<void> {
  const agent = keptConnections(MANY);
  let next = 0;
  await Promise.all(Array.from({ length: MANY }, async () => {
    for (let host = hosts[next++]; host !== undefined; host = hosts[next++]) await untilAnswers(agent, port, { host, status: 200, everyMs: 5 });
  }));
  agent.destroy();
}
