// Connects the Events that the core wants with the writer that brings them to the API.

import type { ControllerOptions } from './controller.js';
import type { HeldClaim } from './hold-claim.js';
import { type EventReporter, reportEvents } from './report-events.js';
import { startEventWriter } from '../kubernetes/event-writer.js';
import type { KubeObject } from '../kubernetes/kube-object.js';

export interface Events extends Pick<EventReporter, 'standing' | 'happened'> {
  stop(): Promise<void>;
}

/** `find`: the Ingress as it is now, by `namespace/name`. */
export function startEvents(
  { api, identity, log }: Pick<ControllerOptions, 'api' | 'identity' | 'log'>, held: readonly HeldClaim[], find: (ingress: string) => KubeObject | undefined,
): Events {
  const writer = startEventWriter({
    api, component: 'ingress-arbiter', instance: identity,
    onResult: (result, error) => { if (result === 'failed') log('warn', error?.message ?? 'an Event was not written'); },
  });
  const reporter = reportEvents({ writer, find, holds: (name) => held.find(({ claim }) => claim.class === name && !claim.observe)?.elector.isHolder() ?? false });
  return {
    standing: (events) => reporter.standing(events),
    happened: (event) => reporter.happened(event),
    async stop() {
      reporter.stop();
      await writer.stop();
    },
  };
}
