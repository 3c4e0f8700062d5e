// Which proxies a class believes, as its policies say it.

import type { Forwarded } from '../route-table/types.js';
import type { ClassSettings } from './class-settings.js';

/** Undefined: nobody is believed. */
export function forwardedOf({ useForwarded, forwardedFrom = [], forwardedHeader = 'X-Forwarded-For', forwardedFull }: ClassSettings): Forwarded | undefined {
  if (useForwarded !== true || forwardedFrom.length === 0) return undefined;
  return { trusted: [...forwardedFrom], header: forwardedHeader, ...(forwardedFull === true && { full: true }) };
}
