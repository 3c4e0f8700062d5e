// Annotations about the way to the backend: protocol, sizes, waits, buffers, TLS to it.

import { bodyBounds } from '../../route-table/body-bounds.js';
import { cgiParams, cgiPathVariables, cgiVariables } from '../../route-table/cgi-params.js';
import { carriedOut, leftOut } from './annotation.js';
import { cgiIndex } from './cgi-param.js';
import { isInstead, isReplaced, replacedDomain, replacedLocation, replacedPath, replacementOf } from './replacements.js';
import { type Grammar, configMapName, oneOf, size, wholeNumber } from './grammar.js';

/** Waits above a week are a week. */
const wait = wholeNumber(1, 604_800, ' (seconds)');

/** The statuses are those of route-table/lanes. */
const words = ['error', 'timeout', 'invalid_header', 'http_500', 'http_502', 'http_503', 'http_504', 'http_403', 'http_404', 'http_429', 'non_idempotent', 'off'];

const conditions: Grammar<string[]> = {
  form: words.map((word) => `\`${word}\``).join(', '),
  read: (text) => {
    const found = text.split(/ +/).filter((word) => word !== '');
    return found.length > 0 && found.every((word) => words.includes(word)) ? { value: [...new Set(found)] } : { problem: `must be words of ${words.join(', ')}` };
  },
};

const location = (form: string, fits: typeof isReplaced): Grammar<string> => ({
  form: `\`off\`, or ${form}`,
  // `off` and `default` are kept as they are.
  read: (text) => (text !== '' && (text === 'off' || text === 'default' || fits(text, replacedLocation)) ? { value: text }
    : { problem: `must be off, or ${form}; of variables only $scheme, $host, $http_host and $server_port, before its path` }),
});

const buffers = 'Answers are passed on as they come, through buffers of the engine\'s own size.';

export const proxyAnnotations = {
  'backend-protocol': carriedOut('location low', oneOf(['HTTP', 'HTTPS', 'AUTO_HTTP', 'GRPC', 'GRPCS', 'FCGI'], { anyCase: true }), '`HTTP`', {
    note: '`HTTPS` and `GRPCS` do not verify the backend, as there. `AUTO_HTTP` is the protocol of the request. gRPC needs HTTP/2, so TLS, from the client. `FCGI`: FastCGI, each request on a connection of its own; answers are not buffered and their headers may have 32k. Where endpoints refuse connections, three are asked at most.',
  }),
  'proxy-body-size': carriedOut('location medium', size, 'engine setting, `1m`', {
    note: '413 for more, whether the length is told or the body is chunked; `0` is without limit. Bodies of unknown length to gRPC backends are not counted: they are streams that nothing stores.',
  }),
  'proxy-connect-timeout': carriedOut('location low', wait, 'engine setting, `5`', { note: 'Per try.' }),
  'proxy-send-timeout': carriedOut('location low', wait, 'engine setting, `60`', { note: '' }),
  'proxy-read-timeout': carriedOut('location low', wait, 'engine setting, `60`', { note: '' }),
  'proxy-next-upstream': carriedOut('location medium', conditions, '`error timeout`', {
    note: 'The next endpoint is asked, never the same one again. POST, PATCH and LOCK are repeated with `non_idempotent` only, or when nothing of them was sent. A further try that may not be made answers 502. With `invalid_header`, a status or buffers of its own, an answer that breaks off within its header counts as `invalid_header` and not as `error`. With a status, answers are not buffered and their headers may have 32k. Of gRPC a call that was sent is not repeated.',
  }),
  'proxy-next-upstream-tries': carriedOut('location low', wholeNumber(0, 1000), '`3`', { note: 'All tries together, at most 10, or 3 with a status; never more than endpoints; more is a finding, as is `0` with a status. `0`: as many as that.' }),
  'proxy-next-upstream-timeout': carriedOut('location low', wholeNumber(0, 604_800, ' (seconds)'), '`0` (without end)', { note: 'From the beginning of the request.' }),
  'proxy-buffering': carriedOut('location low', oneOf(['on', 'off']), '`off`', { note: 'Never on disk: what does not fit into the buffers waits at the backend. Not for gRPC.' }),
  'proxy-buffer-size': carriedOut('location low', size, '`4k`', { support: 'approximated', note: 'The next of 4k, 8k, 16k, 32k, 64k, 128k, which is the most; more is a finding. An answer whose header does not fit is a 502.' }),
  'proxy-buffers-number': carriedOut('location low', wholeNumber(1, 1000), '`4`', { support: 'approximated', note: 'The next of 4, 8, 16, which is the most; all buffers of a request together have 1m at most; more is a finding. Counts with proxy-buffering.' }),
  'proxy-busy-buffers-size': leftOut('location low', 'no', buffers),
  'proxy-max-temp-file-size': leftOut('location low', 'no', 'Answers are never written to disk.', { harmless: ['0'] }),
  'proxy-request-buffering': carriedOut('location low', oneOf(['on', 'off']), '`on`', {
    support: 'approximated', note: `With \`off\` a request whose body has begun is asked of one endpoint only. A body of unknown length is ended at proxy-body-size, with 413; once the answer has begun no more of it goes on. It is read whole all the same when proxy-body-size is not one of ${bodyBounds.map(({ name }) => `\`${name}\``).join(', ')} or \`0\`, and with proxy-buffering, a proxy-buffer-size above 32k, statuses that are taken back, or FastCGI.`,
  }),
  'client-body-buffer-size': leftOut('location low', 'no', 'The engine has one size for all.'),
  'proxy-http-version': leftOut('location low', 'no', 'Always 1.1.', { harmless: ['1.1'] }),
  'proxy-redirect-from': carriedOut('location medium', location('the start of a URL, or ~ and a pattern', isReplaced), '`off`', { support: 'approximated', note: 'The start of the Location headers of backends, or with `~` (`~*` for any case) a pattern that is anywhere in them: one of those that paths may have. May hold `$scheme`, `$host`, `$http_host` and `$server_port` before its path, and no other variables; `default` is as `off`.' }),
  'proxy-redirect-to': carriedOut('location medium', location('the start of a URL', isInstead), '`off`', { support: 'approximated', note: 'What is put in its place, with the same variables, and for a pattern in place of the whole, with `$1`…`$9`; without both annotations nothing is.' }),
  'proxy-cookie-domain': carriedOut('location medium', replacementOf(replacedDomain, 'a domain'), '`off`', { note: 'The whole domain, a dot before it or not; with `~` a pattern, in any case, that is anywhere in it. Then all of it is replaced.' }),
  'proxy-cookie-path': carriedOut('location medium', replacementOf(replacedPath, 'the start of a path'), '`off`', { note: 'The start; with `~` a pattern that is anywhere in it. Then all of it is replaced.' }),
  'connection-proxy-header': leftOut('location low', 'no', 'The header is set as the connection needs it.', { harmless: ['keep-alive'] }),
  'http2-push-preload': leftOut('location low', 'no', 'No browser takes pushed answers any more.', { harmless: ['false'] }),
  'custom-headers': carriedOut('location medium', configMapName, 'none', { failMode: 'closed', note: 'A ConfigMap of the same namespace: names and values of headers of all answers, as in `ingress-arbiter.io/response-headers`, which needs no ConfigMap and is set after them. Each must be among the setting `global-allowed-response-headers` of the class; else, or without the ConfigMap, 503. At most 16 ConfigMaps of a namespace are read, and 256 in all, for the oldest Ingresses.' }),
  'fastcgi-index': carriedOut('location medium', cgiIndex, 'none', { note: 'Added to paths that end with a slash, in `$fastcgi_script_name`. Counts with `backend-protocol: FCGI`.' }),
  'fastcgi-params-configmap': carriedOut('location medium', configMapName, 'none', {
    support: 'approximated', failMode: 'closed',
    note: `A ConfigMap of the same namespace: parameters and their values, of these: ${cgiParams.map(({ name }) => `\`${name}\``).join(', ')}. Others are a finding and are not told. Values of visible ASCII may hold ${[...cgiVariables, ...cgiPathVariables].map((name) => `\`$${name}\``).join(', ')}, and \`$document_root\`, which is the DOCUMENT_ROOT of the same ConfigMap. HTTP_PROXY is never told. Without the ConfigMap 503. At most 16 ConfigMaps of a namespace are read. Counts with \`backend-protocol: FCGI\`.`,
  }),
} as const;
