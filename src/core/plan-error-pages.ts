// Whose answers stand in for those of an Ingress's own Services: the Service that default-backend names, or the class's. It
// takes no route away: what can't be carried out leaves the answers as they are, with a finding.

import type { ErrorPages } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import type { ClassSettings } from './class-settings.js';
import { type Finding, finding } from './finding.js';
import type { Service } from './kubernetes-objects.js';
import { type ResolvedBackend, resolveBackend } from './resolve-backend.js';

export interface ErrorPageSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  settings: Pick<ClassSettings, 'defaultBackend' | 'externalNames'> | undefined;
  services: ReadonlyMap<string, Service>;
  notes: { findings: Finding[]; services: string[] };
}

export interface PlannedErrorPages {
  errors: ErrorPages;
  /** The Service's endpoints; absent: those of the class's default backend. */
  backend?: ResolvedBackend;
}

/** Undefined: nothing stands in. */
export function planErrorPages(values: AnnotationValues, source: ErrorPageSource): PlannedErrorPages | undefined {
  const { object, notes, settings } = source;
  const statuses = values['disable-proxy-intercept-errors'] === true ? [] : values['custom-http-errors'] ?? [];
  const name = values['default-backend'];
  if (name !== undefined) return ofService(name, statuses, source);
  if (statuses.length === 0) return undefined;
  if (settings?.defaultBackend !== undefined) return { errors: { statuses, whenEmpty: false } };
  notes.findings.push(finding('unsupported-annotation', object, 'annotation custom-http-errors has no Service to ask: neither the annotation default-backend nor the class names one; answers are passed on'));
  return undefined;
}

/** The Service's first port, as there. */
function ofService(name: string, statuses: number[], { notes, ...source }: ErrorPageSource): PlannedErrorPages | undefined {
  const { namespace, services } = source;
  notes.services.push(`${namespace}/${name}`);
  const number = services.get(`${namespace}/${name}`)?.spec?.ports?.[0]?.port;
  const backend = resolveBackend({ service: { name, port: number === undefined ? {} : { number } } }, source);
  if (backend.port === undefined) {
    notes.findings.push(...backend.findings.map((one) => ({ ...one, message: `annotation default-backend: ${one.message}` })));
    return undefined;
  }
  return { errors: { statuses, backend: backend.key, whenEmpty: true }, backend };
}
