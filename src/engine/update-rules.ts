// What an update of a class table has to keep to, from the engine's own settings.

import { createEndpointCheck } from './check-endpoint.js';
import type { UpdateRules } from './check-update.js';
import { type EngineSettings, passingClasses } from './settings.js';

/** What is read of one update before it is looked at: more than its lines' own characters, and both what goes and what comes. */
export function mostOfUpdate(settings: EngineSettings): { bytes: number; entries: number } {
  const { bytesPerClass, entriesPerClass } = updateRules(settings);
  return { bytes: 2 * bytesPerClass, entries: 2 * entriesPerClass };
}

/** `className`: of whose updates. */
export function updateRules(settings: EngineSettings, className = ''): UpdateRules {
  const { limits, allowLoopbackEndpoints } = settings;
  return {
    checkEndpoint: createEndpointCheck(allowLoopbackEndpoints),
    passesThrough: passingClasses(settings).has(className),
    routesPerHost: limits.routesPerHost,
    endpointsPerService: limits.endpointsPerService,
    entriesPerClass: limits.entriesPerClass,
    bytesPerClass: limits.megabytesPerClass * 1024 * 1024,
  };
}
