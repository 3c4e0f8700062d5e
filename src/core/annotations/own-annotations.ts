// Annotations of our own, for what is mostly done with raw configuration elsewhere and can be said safely: values are data here,
// checked like those of any annotation.

import { carriedOut } from './annotation.js';
import { headerLines } from './header-lines.js';

/** What the names of our own annotations begin with. */
export const ownPrefix = 'ingress-arbiter.io';

/** Names after ownPrefix that other parts of the product write and read: records, nothing that is asked for. */
export const keptElsewhere: ReadonlySet<string> = new Set(['hand-over', 'former-class']);

const neither = 'Not those of the connection or the length, ';

export const ownAnnotations = {
  'response-headers': carriedOut('location low', headerLines('answer'), 'none', { note: `Headers of all answers, in place of the backend's own. ${neither}Set-Cookie, Location, or those of CORS. May hold \`$host\`, \`$remote_addr\`, \`$request_id\`, \`$request_uri\`, \`$scheme\`, \`$server_port\`.` }),
  'request-headers': carriedOut('location low', headerLines('request'), 'none', { note: `Headers of the request that the backend gets, in place of the client's. ${neither}Host (upstream-vhost), Authorization, Cookie, or what tells of the client. Variables as above.` }),
} as const;
