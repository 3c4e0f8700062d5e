// Metrics of a program that has an engine: under its own names, and under ingress-nginx's when the engine's settings want them.

import { hostname } from 'node:os';
import type { EngineSettings } from '../../engine/settings.js';
import { type Metrics, type Reading, createMetrics } from '../../metrics/metrics.js';
import { packageVersion } from '../package-version.js';

/** `namespace`: where the installation is, as ingress-nginx's dashboards select it. */
export function engineMetrics({ metrics }: EngineSettings, namespace: string, readings: () => Promise<readonly Reading[]>): Metrics {
  return createMetrics({
    readings, version: packageVersion(), nodeVersion: process.versions.node,
    familiar: metrics.ingressNginxNames ? { namespace, pod: hostname() } : undefined,
  });
}

/** Metrics of a controller without an engine. */
export function controllerMetrics(readings: () => Promise<readonly Reading[]>): Metrics {
  return createMetrics({ readings, version: packageVersion(), nodeVersion: process.versions.node });
}
