// The Warning headers of a real API server, which kubectl prints.
import type { Response } from 'express';
import type { KubeObject } from './resources.js';
import { CLASS_ANNOTATION } from './default-ingress-class.js';

export function addWarnings(res: Response, object: KubeObject): void {
  for (const text of warningsFor(object)) res.append('Warning', `299 - ${JSON.stringify(text)}`);
}

function warningsFor(object: KubeObject): string[] {
  if (object.kind !== 'Ingress' || !Object.hasOwn(object.metadata.annotations ?? {}, CLASS_ANNOTATION)) return [];
  return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
}
