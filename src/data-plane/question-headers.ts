// Headers of the question of external authentication that an Ingress wants in place of the client's. nginx gives a question the
// headers of its request, so these are set in the request while it waits, and put back before anything else looks at it.

import * as cjson from 'cjson';
import type { HeaderLine } from '../route-table/types.js';
import { filled } from './change-headers.js';
import { lower } from './text.js';

/** Headers that nginx.conf sets in questions, to nothing unless these variables say otherwise. */
const FORWARDED: Record<string, string | undefined> = {
  'x-forwarded-host': 'ia_ask_xf_host', 'x-forwarded-port': 'ia_ask_xf_port', 'x-forwarded-proto': 'ia_ask_xf_proto', 'x-forwarded-scheme': 'ia_ask_xf_scheme',
};

/** What the client said under a name; an empty list: nothing. */
interface Kept {
  name: string;
  values: string[];
}

/** Before the request is sent to where it is asked about. */
export function setQuestionHeaders(headers: HeaderLine[]): void {
  const before = ngx.req.get_headers(0);
  const kept: Kept[] = [];
  for (const { name, value } of headers) {
    const text = value === '' ? '' : filled(value);
    const variable = FORWARDED[lower(name)];
    if (variable !== undefined) ngx.var[variable] = text;
    else {
      const own = before[lower(name)];
      kept.push({ name, values: own === undefined ? [] : typeof own === 'string' ? [own] : own });
      if (text === '') ngx.req.clear_header(name);
      else ngx.req.set_header(name, text);
    }
  }
  ngx.var.ia_ask_kept = kept.length === 0 ? '' : cjson.encode(kept);
}

/** When the request goes on, before anything looks at it; nothing to do when it was not asked about with headers of its own. */
export function putBackHeaders(): void {
  const text = ngx.var.ia_ask_kept ?? '';
  if (text === '') return;
  ngx.var.ia_ask_kept = '';
  for (const { name, values } of cjson.decode(text) as Kept[]) {
    if (values.length === 0) ngx.req.clear_header(name);
    else ngx.req.set_header(name, values.length === 1 ? values[0] : values);
  }
}
