// The grammars of external authentication: whom to ask, where to send who is refused, and which headers to hand on. An address
// can't be written: what is asked is a Service, a host that the engine has routes for, or a name that the class allows.

import { isPortNumber } from '../build-endpoints.js';
import type { Grammar } from './grammar.js';
import { redirectVariables } from './redirect-target.js';

/** Variables of questions and of sign-in addresses. */
const variables: readonly string[] = [...redirectVariables, 'escaped_request_uri'];

/** Whom to ask, taken apart. */
export interface AuthTarget {
  scheme: 'http' | 'https';
  /** In lower case, without a trailing dot; `$host` is the request's own. */
  host: string;
  port: number;
  /** Path and query, with variables. */
  target: string;
}

const url = /^(https?):\/\/(\$(?:http_)?host|[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?\.?)(?::([0-9]{1,5}))?((?:\/[-A-Za-z0-9._~:/@!$&'()*+,;=%]*)?(?:\?[-A-Za-z0-9._~:/?@!$&'()*+,;=%]*)?)$/;
const inQuery = /^[-A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%]+$/;
const page = /^(?:https?|\$scheme):\/\/(?:[A-Za-z0-9](?:[-A-Za-z0-9._]*[A-Za-z0-9])?|\$(?:http_)?host|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?(?:[/?][-A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%]*)?$/;

/** `auth-url`. */
export const authTarget: Grammar<AuthTarget> = {
  form: '`http://` or `https://` and a Service, a host of the listener or a name that the class allows',
  read: (text) => readTarget(text) ?? { problem: `must be a URL such as http://auth.tools.svc.cluster.local/check: http or https, no address, no user, and of variables only ${listed}` },
};

function readTarget(text: string): { value: AuthTarget } | undefined {
  if (text.length > 2048 || !knowsVariables(text)) return undefined;
  const parts = url.exec(text);
  return parts === null ? undefined : targetOf(parts);
}

/** Of a URL's parts: scheme, name, port, the rest; what is not there is undefined. */
function targetOf([, scheme, name = '', port, rest = '']: readonly (string | undefined)[]): { value: AuthTarget } | undefined {
  const host = name.startsWith('$') ? '$host' : name.toLowerCase().replace(/\.$/, '');
  const number = Number(port ?? (scheme === 'https' ? 443 : 80));
  if (!isPortNumber(number) || !isName(host)) return undefined;
  return { value: { scheme: scheme as 'http' | 'https', host, port: number, target: rest.startsWith('/') ? rest : `/${rest}` } };
}

/** A name that can be asked for. The last label of a name is never a number: such texts are addresses in one of their spellings. */
function isName(host: string): boolean {
  if (host === '$host') return true;
  const labels = host.split('.');
  const last = labels.at(-1)!;
  return host.length <= 253 && last !== 'localhost' && !/^(?:0x[0-9a-f]*|[0-9]+)$/.test(last) && labels.every((label) => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
}

const listed = variables.map((name) => `$${name}`).join(', ');

/** `auth-signin`. */
export const signinPage: Grammar<string> = {
  form: 'absolute URL',
  read: (text) => (isSigninPage(text) ? { value: text } : { problem: `must be a URL with http or https, and may hold ${listed} only` }),
};

/** `auth-request-redirect`: a path or a URL, as a header's value. */
export const requestRedirect: Grammar<string> = {
  form: 'path or URL',
  read: (text) => (isAuthText(text) ? { value: text } : { problem: `must be a path or a URL, and may hold ${listed} only` }),
};

/** Whether this may be sent in a Location header once its variables are filled. */
export function isSigninPage(text: string): boolean {
  return text.length <= 2200 && page.test(text) && knowsVariables(text);
}

/** Whether this is a text of visible letters of URLs with known variables only. */
export function isAuthText(text: string): boolean {
  return text.length <= 2048 && inQuery.test(text) && knowsVariables(text);
}

function knowsVariables(text: string): boolean {
  return [...text.matchAll(/\$([a-z_]*)/g)].every(([, name]) => variables.includes(name!));
}

/** Headers of a connection or of a message's form: taken from somewhere else they would change what a request is. */
const never = new Set([
  'connection', 'content-length', 'content-type', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection',
  'te', 'trailer', 'transfer-encoding', 'upgrade', 'x-arbiter-hops',
]);

/** Whether the header of this name can be handed from a verdict to the backend. */
export function isHandedOn(name: string): boolean {
  return name.length <= 100 && /^[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?$/.test(name) && !never.has(name.toLowerCase());
}

/** As many as anybody needs. */
export const mostHeaders = 50;

/** `auth-response-headers`. */
export const handedHeaders: Grammar<string[]> = {
  form: 'header names, separated by commas',
  read: (text) => {
    const names = text.split(',').map((name) => name.trim()).filter((name) => name !== '');
    if (names.length === 0 || names.length > mostHeaders || !names.every(isHandedOn)) return { problem: 'must be names of headers (letters, digits, dashes) separated by commas, none of a connection or of a message\'s form' };
    return { value: names };
  },
};

export const authMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
