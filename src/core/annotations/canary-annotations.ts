// Annotations that send a share of a path's requests to another Service.

import { regexProblem } from '../check-regex.js';
import { carriedOut } from './annotation.js';
import { type Grammar, flag, textLike, wholeNumber } from './grammar.js';

const headerName = textLike(/^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/, 'a name of letters, digits, - and _', 100);
const headerValue = textLike(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'a header value in plain ASCII', 255);
const weight = wholeNumber(0, 2 ** 31);

const pattern: Grammar<string> = {
  form: 'regular expression',
  read: (text) => {
    const problem = regexProblem(text);
    return problem === undefined ? { value: text } : { problem: `is no regular expression that is served: it ${problem}` };
  },
};

export const canaryAnnotations = {
  canary: carriedOut('ingress low', flag, '`false`', {
    failMode: 'refuse',
    note: 'With `true` the Ingress serves nothing itself: it takes a share of the requests of another Ingress with the same host, path and path type. That one must be in the same namespace. One canary for each path, the oldest. Of itself load-balance and upstream-hash-by count besides, and with `affinity-canary-behavior: legacy` its affinity; all else (redirects, access, rewrite, affinity …) its requests have from the other Ingress.',
  }),
  'canary-weight': carriedOut('ingress low', weight, '`0`', { note: 'Percent, or the share of canary-weight-total.' }),
  'canary-weight-total': carriedOut('ingress low', weight, '`100`', { note: 'Below 100 it is 100.' }),
  'canary-by-header': carriedOut('ingress medium', headerName, 'none', { note: '`always` and `never` decide, everything else goes on to the cookie and the weight.' }),
  'canary-by-header-value': carriedOut('ingress medium', headerValue, 'none', { note: 'Equal decides for the canary; then `never` has no meaning of its own.' }),
  'canary-by-header-pattern': carriedOut('ingress medium', pattern, 'none', { support: 'approximated', note: 'Ignored beside canary-by-header-value. Only the patterns that paths may have.' }),
  'canary-by-cookie': carriedOut('ingress medium', headerName, 'none', { note: '`always` and `never` decide.' }),
} as const;
