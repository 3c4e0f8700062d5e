// What an update of a class table has to keep to, from the engine's own settings.

import { createEndpointCheck } from './check-endpoint.js';
import type { UpdateRules } from './check-update.js';
import type { EngineSettings } from './settings.js';

export function updateRules({ limits, allowLoopbackEndpoints }: EngineSettings): UpdateRules {
  return {
    checkEndpoint: createEndpointCheck(allowLoopbackEndpoints),
    routesPerHost: limits.routesPerHost,
    endpointsPerService: limits.endpointsPerService,
    entriesPerClass: limits.entriesPerClass,
    bytesPerClass: limits.megabytesPerClass * 1024 * 1024,
  };
}
