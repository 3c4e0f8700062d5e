// The grammars of what verdicts of external authentication are kept under, and for how long.

import type { CacheTime } from '../../route-table/access-types.js';
import type { Grammar } from './grammar.js';

const keyForm = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,512}$/;
const variable = /^(?:(?:http|cookie|arg)_[a-z0-9_]{1,64}|remote_user|remote_addr|request_method|request_uri|uri|args|host|http_host|scheme)$/i;

/** `auth-cache-key`: text, and variables that can be read of every request. */
export const cacheKey: Grammar<string> = {
  form: 'text with variables such as `$cookie_session$request_uri`',
  read: (text) => (isCacheKey(text) ? { value: text } : { problem: 'must be a text in plain ASCII without quotes and backslashes, and may hold $http_…, $cookie_…, $arg_…, $remote_user, $remote_addr, $request_method, $request_uri, $uri, $args, $host, $scheme only' }),
};

export function isCacheKey(text: string): boolean {
  return keyForm.test(text) && [...text.matchAll(/\$([A-Za-z0-9_]*)/g)].every(([, name]) => variable.test(name!));
}

const units: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
/** Whoever is locked out elsewhere is so here after that at the latest. */
export const longestCache = 86_400;
/** Statuses without any are those of nginx's proxy_cache_valid. */
const usual = [200, 301, 302];

/** `auth-cache-duration`: what proxy_cache_valid of nginx takes, several between commas. */
export const cacheDuration: Grammar<CacheTime[]> = {
  form: 'statuses and a time such as `200 202 401 5m`, several separated by commas',
  read: (text) => {
    const times = text.split(',').map((part) => readTime(part.trim()));
    return times.length <= 10 && times.every((time) => time !== undefined) ? { value: times } : { problem: 'must be statuses and a time in s, m, h or d, such as 200 202 401 5m; several separated by commas' };
  },
};

function readTime(text: string): CacheTime | undefined {
  const [, codes = '', count, unit = ''] = /^((?:[2-5][0-9]{2} +){0,20})([0-9]{1,6})([smhd]?)$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const statuses = codes === '' ? usual : codes.trim().split(/ +/).map(Number);
  return { statuses, seconds: Math.min(Number(count) * units[unit]!, longestCache) };
}
