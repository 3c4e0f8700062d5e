// The subscriptions of an engine to the controllers of its classes: begun and ended as its settings name them.

import type { EngineProgramSettings } from './engine-program-settings.js';
import type { Log } from '../../engine/nginx-process.js';
import { type Subscription, type SubscriptionOptions, subscribeTables } from '../../engine/subscribe-tables.js';
import { type PeerConnections, connectToPublishers } from '../../engine/tls-files.js';

export interface ClassSubscriptions {
  /** Follows the controllers of these settings; what stays the same goes on undisturbed. */
  follow(settings: EngineProgramSettings): Promise<void>;
  stop(): Promise<void>;
}

interface Following {
  addresses: string;
  subscription: Subscription;
  connections: PeerConnections;
}

export interface ClassSubscriptionsOptions {
  apply: SubscriptionOptions['apply'];
  observe: SubscriptionOptions['observe'];
  /** Sequence of the last update of a class that was taken; 0 before the first. */
  taken: (className: string) => number;
  most: SubscriptionOptions['most'];
  log: Log;
}

export function createClassSubscriptions({ apply, observe, taken, most, log }: ClassSubscriptionsOptions): ClassSubscriptions {
  const all = new Map<string, Following>();
  const end = async (className: string, { subscription, connections }: Following): Promise<void> => {
    all.delete(className);
    await subscription.stop();
    await connections.close();
  };
  return {
    async follow({ name: engine, controllers, tls }) {
      const changed = [...all].filter(([className, { addresses }]) => controllers[className]?.join() !== addresses);
      await Promise.all(changed.map(([className, following]) => end(className, following)));
      for (const [className, addresses] of Object.entries(controllers)) {
        if (all.has(className)) continue;
        const connections = connectToPublishers(className, tls, (message) => log('warn', message));
        const subscription = subscribeTables({ class: className, engine, addresses, connections, apply, observe, log, most, taken: () => taken(className) });
        all.set(className, { addresses: addresses.join(), subscription, connections });
      }
    },
    async stop() {
      await Promise.all([...all].map(([className, following]) => end(className, following)));
    },
  };
}
