// Annotations about what browsers are told: CORS headers, and the cookie that keeps a client on one endpoint.

import { carriedOut, leftOut } from './annotation.js';
import { type Grammar, flag, oneOf, textLike, wholeNumber } from './grammar.js';

const origin = /^(?:\*|[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?)$/;

/** Origins; what is none is skipped, as there, so that one slip does not open or close the rest. */
const origins: Grammar<string[]> = {
  form: '`*`, or origins such as `https://a.example` and `https://*.example`, separated by commas',
  read: (text) => {
    const found = text.split(',').map((part) => part.trim().toLowerCase()).filter((part) => part.length <= 300 && origin.test(part));
    if (found.length === 0 || found.length > 100) return { problem: 'must have 1–100 origins such as https://a.example or https://*.example, or *' };
    return { value: found.includes('*') ? ['*'] : [...new Set(found)] };
  },
};

const tokens = textLike(/^(?:[A-Za-z0-9_*-]+,? ?)+$/, 'names separated by commas', 2048);

export const corsAnnotations = {
  'enable-cors': carriedOut('ingress low', flag, '`false`', { note: 'Adds the headers to all answers, in place of the backend\'s own, and answers OPTIONS with 204.' }),
  'cors-allow-origin': carriedOut('ingress medium', origins, '`*`', {
    note: 'The origin is echoed when it is in the list; `*` stays `*`; without a match there are no CORS headers and OPTIONS goes to the backend. Members that are no origins are skipped.',
    failMode: 'refuse',
  }),
  'cors-allow-methods': carriedOut('ingress medium', tokens, '`GET, PUT, POST, DELETE, PATCH, OPTIONS`', { note: '' }),
  'cors-allow-headers': carriedOut('ingress medium', tokens, '`DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization`', { note: '' }),
  'cors-allow-credentials': carriedOut('ingress low', flag, '`true`', { note: 'False leaves the header out.' }),
  'cors-expose-headers': carriedOut('ingress medium', tokens, 'none', { note: '' }),
  'cors-max-age': carriedOut('ingress low', wholeNumber(0, 2 ** 31), '`1728000`', { note: '' }),
} as const;

const cookieName = textLike(/^[A-Za-z0-9_-]+$/, 'a name of letters, digits, - and _', 100);
const cookiePath = textLike(/^\/[-._~A-Za-z0-9/%!$&'()*+:=@]*$/, 'a path in plain ASCII, without ; and ,', 1024);
const cookieDomain = textLike(/^\.?[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?$/, 'a domain', 253);

/** Seconds, also in the past. */
const span: Grammar<number> = {
  form: 'seconds',
  read: (text) => (/^(?:0|-?[1-9][0-9]{0,9})$/.test(text) ? { value: Number(text) } : { problem: 'must be a number of seconds' }),
};

export const affinityAnnotations = {
  affinity: carriedOut('ingress low', oneOf(['cookie']), 'none', { note: 'A cookie keeps a client on one endpoint; it is set when the client has none that still counts. It belongs to the paths of the Ingress.' }),
  'affinity-mode': carriedOut('ingress medium', oneOf(['balanced', 'persistent']), '`balanced`', { note: 'Balanced: some clients move to a new endpoint. Persistent: a client moves only when its endpoint is gone.' }),
  'affinity-canary-behavior': carriedOut('ingress low', oneOf(['sticky', 'legacy']), '`sticky`', { note: 'Of the canary, as there. Sticky: the cookie of the other Ingress also keeps a client with the canary. Legacy: it does not; the canary has the affinity that it asks for itself, or none. Whoever the cookie keeps on an endpoint of the other Ingress stays there in both cases.' }),
  'session-cookie-name': carriedOut('ingress medium', cookieName, '`INGRESSCOOKIE`', { note: 'The value is a key, a bar and a mark of the Service, as there. Always HttpOnly.' }),
  'session-cookie-path': carriedOut('ingress medium', cookiePath, 'path of the route', { note: 'On hosts of patterns without it `/`.' }),
  'session-cookie-domain': carriedOut('ingress medium', cookieDomain, 'none', { note: '' }),
  'session-cookie-expires': carriedOut('ingress medium', span, 'none', { note: 'Written as a date.' }),
  'session-cookie-max-age': carriedOut('ingress medium', span, 'none', { note: '' }),
  'session-cookie-samesite': carriedOut('ingress low', oneOf(['None', 'Lax', 'Strict'], { anyCase: true }), 'none', { note: '' }),
  'session-cookie-secure': carriedOut('ingress low', flag, 'when the request came over https', { note: '`false` is as absent, as there.' }),
  'session-cookie-change-on-failure': carriedOut('ingress low', flag, '`false`', { note: 'True: a client whose endpoint failed gets a cookie for the one that is asked instead, and stays there. False: it comes back when its endpoint does; the request itself is tried on another endpoint in both cases.' }),
  'session-cookie-conditional-samesite-none': leftOut('ingress low', 'no', 'Browsers that misread SameSite=None are gone.', { harmless: ['false'] }),
} as const;
