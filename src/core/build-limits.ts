// How much one client may ask for, as annotations and the class's settings say. A limit of 0 is none.

import type { Limits, Rate } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import type { ClassSettings } from './class-settings.js';

const usualStatus = 503;

/** Undefined: nobody is limited. */
export function limitsOf(values: AnnotationValues, { limitStatus = usualStatus, connectionStatus = usualStatus }: Pick<ClassSettings, 'limitStatus' | 'connectionStatus'>): Limits | undefined {
  const asked = { ...above0('rps', values['limit-rps']), ...above0('rpm', values['limit-rpm']), ...above0('connections', values['limit-connections']) };
  if (Object.keys(asked).length === 0) return undefined;
  const { connections, ...requests } = asked;
  const except = values['limit-allowlist'];
  return {
    ...requests, burst: values['limit-burst-multiplier'] ?? 5, ...above0('connections', connections),
    ...(except === undefined ? {} : { except }), requestStatus: limitStatus, connectionStatus,
  };
}

function above0<Name extends string>(name: Name, value = 0): { [name in Name]?: number } {
  return value > 0 ? { [name]: value } as { [name in Name]?: number } : {};
}

export function rateOf(values: AnnotationValues): Rate | undefined {
  const rate = values['limit-rate'] ?? 0;
  return rate === 0 ? undefined : { bytes: rate * 1024, after: (values['limit-rate-after'] ?? 0) * 1024 };
}
