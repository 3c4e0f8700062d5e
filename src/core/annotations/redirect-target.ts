// Targets of redirects: an absolute URL in the letters of RFC 3986, with a few variables of nginx that are filled from the
// request's normal form. Nothing else is a variable, and the scheme is http or https.

import type { Grammar } from './grammar.js';

/** Variables that a target may hold: those of nginx whose value can't be chosen freely by a client. */
export const redirectVariables = ['request_uri', 'uri', 'args', 'is_args', 'host', 'http_host', 'scheme'] as const;

const target = /^(?:https?|\$scheme):\/\/(?:[A-Za-z0-9](?:[-A-Za-z0-9._]*[A-Za-z0-9])?|(?:[A-Za-z0-9](?:[-A-Za-z0-9._]*\.))?\$(?:http_)?host|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:(?:[/?#]|\$request_uri|\$uri|\$is_args)[-A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%]*)?$/;

const problem = 'must be a URL with http or https, and may hold $request_uri, $uri, $args, $is_args, $host, $http_host, $scheme only';

/** `permanent-redirect` and its like. */
export const redirectTarget: Grammar<string> = {
  form: 'absolute URL',
  read: (text) => (isRedirectTarget(text) ? { value: text } : { problem }),
};

/** Whether this is an absolute URL that may be sent in a Location header once its variables are filled. */
export function isRedirectTarget(text: string): boolean {
  if (text.length > 2048 || !target.test(text)) return false;
  return [...text.matchAll(/\$([a-z_]*)/g)].every(([, name]) => (redirectVariables as readonly string[]).includes(name!));
}
