// What annotations ask of headers: of the request that is sent on and of the answer.

import type { AnswerChanges, HeaderLine, Policy, Replacement } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';

/** Only what is asked for. `custom`: headers of answers from elsewhere, which come first. */
export function headersOf(values: AnnotationValues, custom: readonly HeaderLine[]): Pick<Policy, 'prefix' | 'headers' | 'answer'> {
  const prefix = values['x-forwarded-prefix'];
  const headers = values['request-headers'];
  const lines = [...custom, ...values['response-headers'] ?? []];
  const answer: AnswerChanges = {
    ...named('location', locationOf(values)), ...named('cookieDomain', values['proxy-cookie-domain']), ...named('cookiePath', values['proxy-cookie-path']),
    ...(lines.length === 0 ? {} : { headers: lines }),
  };
  return { ...(prefix === undefined ? {} : { prefix }), ...(headers === undefined ? {} : { headers }), ...(Object.keys(answer).length === 0 ? {} : { answer }) };
}

function locationOf({ 'proxy-redirect-from': from = 'off', 'proxy-redirect-to': to = 'off' }: AnnotationValues): Replacement | undefined {
  return [from, to].some((text) => text === 'off' || text === 'default') ? undefined : { from, to };
}

function named<Name extends string>(name: Name, value: Replacement | 'off' | undefined): { [name in Name]?: Replacement } {
  return value === undefined || value === 'off' ? {} : { [name]: value } as { [name in Name]?: Replacement };
}
