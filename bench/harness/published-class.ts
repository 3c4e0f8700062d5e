// One class of a scenario as a controller publishes it to an engine: with the table, and changes of every kind to it that leave
// all hosts of the scenario served.

import { TableFanOut } from '../../src/controller/table-fan-out.js';
import type { Engine } from '../../src/engine/agent.js';
import { hostKey } from '../../src/route-table/entry-keys.js';
import type { ClassTable } from '../../src/route-table/types.js';
import { routesOf, tableOf } from '../peers/ingress-arbiter.js';
import { eventually } from '../../test/fixtures/eventually.js';
import { SERVICE, type Scenario, hostName, hostsOf } from './scenario.js';

export interface PublishedClass {
  /** Brings the whole table; resolves when it is served. */
  begin(): Promise<void>;
  /** Makes the next change: in turn another path of a host, a new host, other endpoints of the Service of all, a host gone. */
  change(): void;
  /** Lags of all changes that were served since the last reset: from the change to the engine's answer, ms. */
  lags(): number[];
  /** Updates that were taken since then. */
  updates(): number;
  reset(): void;
}

/** New hosts that are there at once. */
const NEW_HOSTS = 500;

/** Class number `at` of the scenario; the engine has its first table under epoch 1, this one comes under 2. */
export function publishClass(engine: Pick<Engine, 'apply'>, { scenario, pods, at }: { scenario: Scenario; pods: readonly number[]; at: number }): PublishedClass {
  const name = `class${at}`;
  const table: ClassTable = new Map(tableOf({ scenario, pods, certificates: [] }, at).set.map(({ key, value }) => [key, value]));
  const { from, to } = hostsOf(scenario, at);
  let [updates, changes] = [0, 0];
  let lags: number[] = [];
  const fanOut = new TableFanOut({
    class: name, epoch: () => 2,
    pause: (ms) => new Promise((resolve) => { setTimeout(resolve, ms); }),
    onServed: (since) => lags.push(performance.now() - since),
    onOutcome: (_, outcome) => {
      if (!outcome.applied) throw new Error(`${name}: ${outcome.reason}`);
      updates += 1;
    },
  });
  const newHost = (round: number): string => hostKey(`new-${round % NEW_HOSTS}.${name}.test`);
  const kinds: ((round: number) => string)[] = [
    (round) => {
      const host = from + round % (to - from);
      const { routes, ...rest } = routesOf(scenario, host);
      table.set(hostKey(hostName(host)), { ...rest, routes: [...routes, { ...routes[0]!, path: `/version-${round}` }] });
      return hostKey(hostName(host));
    },
    (round) => {
      table.set(newHost(round), routesOf(scenario, from));
      return newHost(round);
    },
    (round) => {
      table.set(SERVICE, { endpoints: pods.slice(round % pods.length).map((port) => ({ address: '127.0.0.1', port })) });
      return SERVICE;
    },
    (round) => {
      table.delete(newHost(round + NEW_HOSTS / 2));
      return newHost(round + NEW_HOSTS / 2);
    },
  ];
  return {
    async begin() {
      fanOut.attach('bench', engine);
      fanOut.publish(table, []);
      await eventually(() => { if (updates === 0) throw new Error(`${name} is not served yet`); }, 60_000);
    },
    change() {
      const key = kinds[changes % kinds.length]!(Math.floor(changes / kinds.length));
      changes += 1;
      fanOut.publish(table, [key]);
    },
    lags: () => lags,
    updates: () => updates,
    reset() { [updates, lags] = [0, []]; },
  };
}
