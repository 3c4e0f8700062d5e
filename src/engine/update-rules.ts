// What an update of a class table has to keep to, from the engine's own settings.

import { createEndpointCheck } from './check-endpoint.js';
import type { UpdateRules } from './check-update.js';
import type { EngineSettings } from './settings.js';

/** What is read of one update before it is looked at: more than its lines' own characters, and both what goes and what comes. */
export function mostOfUpdate(settings: EngineSettings): { bytes: number; entries: number } {
  const { bytesPerClass, entriesPerClass } = updateRules(settings);
  return { bytes: 2 * bytesPerClass, entries: 2 * entriesPerClass };
}

export function updateRules({ limits, allowLoopbackEndpoints }: EngineSettings): UpdateRules {
  return {
    checkEndpoint: createEndpointCheck(allowLoopbackEndpoints),
    routesPerHost: limits.routesPerHost,
    endpointsPerService: limits.endpointsPerService,
    entriesPerClass: limits.entriesPerClass,
    bytesPerClass: limits.megabytesPerClass * 1024 * 1024,
  };
}
