// What annotations say the same as a piece of nginx configuration, where there are such: headers, redirects, waits, sizes, address
// lists. All of it or nothing: a half of a snippet could be the half that let somebody in.

import { ownPrefix } from '../../core/annotations/own-annotations.js';
import { annotationRegistry, ownRegistry } from '../../core/annotations/registry.js';
import { type Directive, parseSnippet } from './parse-snippet.js';
import { addressLists } from './snippet-addresses.js';

export interface Translation {
  /** By name, without prefix for those of ingress-nginx. */
  annotations: Map<string, string>;
  comments: string[];
}

/** What one directive stands for: annotations; 'done': what happens anyway. Undefined: nothing that there is. */
type Meaning = readonly (readonly [annotation: string, value: string])[] | 'done' | undefined;

const answers = `${ownPrefix}/response-headers`;
const requests = `${ownPrefix}/request-headers`;

/** Headers that the engine sets for every backend. */
const setAnyway: Record<string, RegExp> = {
  'host': /^\$(?:host|http_host|best_http_host)$/, 'x-real-ip': /^\$(?:remote_addr|the_real_ip)$/, 'x-forwarded-for': /^\$(?:remote_addr|proxy_add_x_forwarded_for|full_x_forwarded_for)$/,
  'x-forwarded-proto': /^\$(?:scheme|pass_access_scheme)$/, 'x-forwarded-scheme': /^\$(?:scheme|pass_access_scheme)$/, 'x-scheme': /^\$(?:scheme|pass_access_scheme)$/,
  'x-forwarded-host': /^\$(?:host|http_host|best_http_host)$/, 'x-forwarded-port': /^\$(?:server_port|pass_port)$/, 'x-request-id': /^\$(?:request_id|req_id)$/,
  'upgrade': /^\$http_upgrade$/, 'connection': /^(?:upgrade|\$connection_upgrade|\$http_connection)$/i,
};

const seconds = (annotation: string) => ([time = '', ...more]: string[]): Meaning => {
  const [, count, unit = 's'] = /^([0-9]{1,6})(s|m|h)?$/.exec(time) ?? [];
  return count === undefined || more.length > 0 ? undefined : [[annotation, String(Number(count) * { s: 1, m: 60, h: 3600 }[unit]!)]];
};
const asIs = (annotation: string) => (args: string[]): Meaning => (args.length === 0 ? undefined : [[annotation, args.join(' ')]]);
const headerLines = (annotation: string, withValue: boolean) => (args: string[]): Meaning => (args.length === 0 || args.some((one) => one.startsWith('-')) ? undefined
  : args.flatMap((one) => (withValue ? [one] : one.split(/\s+/))).map((line) => [annotation, withValue && line.includes(':') ? line.replace(/:\s*/, ': ') : `${line}:`] as const));

const meanings: Record<string, (args: string[]) => Meaning> = {
  add_header: ([name, value, always, ...more]) => (name === undefined || value === undefined || more.length > 0 || (always !== undefined && always !== 'always') ? undefined : [[answers, `${name}: ${value}`]]),
  more_set_headers: headerLines(answers, true),
  more_clear_headers: headerLines(answers, false),
  proxy_hide_header: headerLines(answers, false),
  more_set_input_headers: headerLines(requests, true),
  more_clear_input_headers: headerLines(requests, false),
  proxy_set_header: requestHeader,
  return: redirect,
  rewrite,
  proxy_connect_timeout: seconds('proxy-connect-timeout'), proxy_read_timeout: seconds('proxy-read-timeout'), proxy_send_timeout: seconds('proxy-send-timeout'),
  client_max_body_size: asIs('proxy-body-size'), proxy_buffer_size: asIs('proxy-buffer-size'), proxy_buffering: asIs('proxy-buffering'), proxy_request_buffering: asIs('proxy-request-buffering'),
  proxy_next_upstream: asIs('proxy-next-upstream'), proxy_next_upstream_tries: asIs('proxy-next-upstream-tries'), proxy_next_upstream_timeout: seconds('proxy-next-upstream-timeout'),
  proxy_cookie_path: asIs('proxy-cookie-path'), proxy_cookie_domain: asIs('proxy-cookie-domain'),
  proxy_redirect: ([from, to, ...more]) => (from === undefined || more.length > 0 ? undefined : from === 'off' && to === undefined ? 'done' : to === undefined ? undefined : [['proxy-redirect-from', from], ['proxy-redirect-to', to]]),
  limit_rate: ([rate = '', ...more]) => (/^[0-9]{1,9}[kK]$/.test(rate) && more.length === 0 ? [['limit-rate', rate.slice(0, -1)]] : undefined),
  proxy_http_version: ([version]) => (version === '1.1' ? 'done' : undefined),
  server_tokens: ([value]) => (value === 'off' ? 'done' : undefined),
};

function requestHeader([name, value, ...more]: string[]): Meaning {
  if (name === undefined || value === undefined || more.length > 0) return undefined;
  const lower = name.toLowerCase();
  if (Object.hasOwn(setAnyway, lower) && setAnyway[lower]!.test(value)) return 'done';
  return lower === 'host' ? [['upstream-vhost', value]] : [[requests, value === '' ? `${name}:` : `${name}: ${value}`]];
}

function redirect([code = '', target, ...more]: string[]): Meaning {
  if (target === undefined || more.length > 0) return undefined;
  if (code === '301' || code === '308') return [['permanent-redirect', target], ...(code === '301' ? [] : [['permanent-redirect-code', code] as const])];
  return code === '302' || code === '303' || code === '307' ? [['temporal-redirect', target], ...(code === '302' ? [] : [['temporal-redirect-code', code] as const])] : undefined;
}

/** Patterns that take every path, and the end of a target that repeats it. */
const everyPath: Readonly<Record<string, RegExp>> = { '^': /$^/, '.*': /$^/, '^.*$': /$^/, '^(.*)$': /\$1$/, '^(.*)': /\$1$/, '^/(.*)$': /\/\$1$/, '^/(.*)': /\/\$1$/ };

/** Of everything, to one place or to the same path elsewhere. */
function rewrite([pattern = '', target = '', flag = '', ...more]: string[]): Meaning {
  const annotation = { permanent: 'permanent-redirect', redirect: 'temporal-redirect' }[flag];
  const ending = Object.hasOwn(everyPath, pattern) ? everyPath[pattern] : undefined;
  if (annotation === undefined || ending === undefined || more.length > 0 || !/^https?:\/\//.test(target)) return undefined;
  const whole = target.replace(ending, '$request_uri');
  return /\$[0-9]/.test(whole) ? undefined : [[annotation, whole]];
}

/** The annotations in place of a snippet, or why there are none, in words. */
export function translateSnippet(text: string): Translation | { problem: string } {
  const snippet = parseSnippet(text);
  if ('problem' in snippet) return snippet;
  const { directives, comments } = snippet;
  const lists = addressLists(directives.filter(isOfAddress));
  if ('problem' in lists) return lists;
  const annotations = new Map<string, string>(lists.annotations);
  for (const directive of directives.filter((one) => !isOfAddress(one))) {
    const meaning = meaningOf(directive);
    if (meaning === undefined) return { problem: `no annotation stands for ${JSON.stringify(words(directive))}` };
    for (const [name, value] of meaning === 'done' ? [] : meaning) {
      const before = annotations.get(name);
      if (before !== undefined && !name.startsWith(ownPrefix)) return { problem: `${directive.name} is there twice` };
      annotations.set(name, before === undefined ? value : `${before}\n${value}`);
    }
  }
  return refusal(annotations) ?? { annotations, comments };
}

function meaningOf({ name, args }: Directive): Meaning {
  // In an annotation of lines one word would be several.
  const isOnOneLine = !args.some((one) => /[\u0000-\u001f\u007f]/.test(one));
  return isOnOneLine && Object.hasOwn(meanings, name) ? meanings[name]!(args) : undefined;
}

function isOfAddress({ name }: Directive): boolean {
  return name === 'allow' || name === 'deny';
}

function words({ name, args }: Directive): string {
  return [name, ...args].join(' ').slice(0, 80);
}

/** What the registry says against a value: nothing is proposed that would be a finding. */
function refusal(annotations: ReadonlyMap<string, string>): { problem: string } | undefined {
  for (const [name, value] of annotations) {
    const row = name.startsWith(`${ownPrefix}/`) ? ownRegistry.get(name.slice(ownPrefix.length + 1)) : annotationRegistry.get(name);
    const reading = row?.grammar?.read(value);
    if (reading === undefined || 'problem' in reading) return { problem: `annotation ${name} ${reading?.problem ?? 'is not carried out'}` };
  }
  return undefined;
}
