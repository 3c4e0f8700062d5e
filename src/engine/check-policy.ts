// One policy of a class table: exactly the fields of route-table/types.ts, each in its grammar. A policy that is not
// understood to the last field is refused: what can't be carried out must not be dropped.

import { backendName, cipherList } from '../core/annotations/backend-tls-annotations.js';
import { isSubjectPattern } from '../core/annotations/client-certificate-annotations.js';
import { isBackendHost } from '../core/annotations/backend-host.js';
import { isCgiIndex, isCgiParam, mostCgiLetters } from '../core/annotations/cgi-param.js';
import { isRedirectTarget } from '../core/annotations/redirect-target.js';
import { authMethods, isAuthText, isHandedOn, isSigninPage, mostHeaders } from '../core/annotations/auth-target.js';
import { isBalance } from './check-balance.js';
import { isDigestLine, isPasswordLine, mostUsers } from '../core/annotations/password-hash.js';
import { isCertificateId, isHost, isServicePath } from './check-names.js';
import { isCacheKey, longestCache } from '../core/annotations/auth-cache.js';
import { type HeaderSide, isHeaderLine, mostLines } from '../core/annotations/header-lines.js';
import { forwardedPrefix, isInstead, isReplaced, replacedDomain, replacedLocation, replacedPath } from '../core/annotations/replacements.js';
import { takenBack } from '../route-table/lanes.js';
import type { Affinity, AnswerChanges, BackendTls, BasicAuth, ClientCertificates, Cors, ErrorPages, ExternalAuth, FastCgi, Flow, Forwarded, HeaderLine, Limits, Policy, Rate, Redirect, Retry } from '../route-table/types.js';

export type Check = (value: unknown) => boolean;

const VISIBLE = /^[\x21-\x7e]+$/;
const RANGE = /^(?:[0-9a-f]{8}|[0-9a-f]{32})\/(?:0|[1-9][0-9]{0,2})$/;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const TOKENS = /^(?:[A-Za-z0-9_*-]+,? ?)+$/;

export const within = (least: number, most: number): Check => (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const oneOf = (...values: unknown[]): Check => (value) => values.includes(value);
export const text = (pattern: RegExp, most: number): Check => (value) => typeof value === 'string' && value.length <= most && pattern.test(value);
export const listOf = (member: Check, most: number): Check => (value) => Array.isArray(value) && value.length > 0 && value.length <= most && value.every(member);
const wait = within(1, 604_800);

const ranges = listOf((value) => text(RANGE, 36)(value) && Number((value as string).split('/')[1]) <= (value as string).indexOf('/') * 4, 500);

const corsFields: Record<keyof Cors, Check> = {
  origins: (value) => isOnlyStar(value) || listOf(text(ORIGIN, 300), 100)(value),
  methods: text(TOKENS, 2048),
  headers: text(TOKENS, 2048),
  credentials: oneOf(true, false),
  expose: text(TOKENS, 2048),
  maxAge: within(0, 2 ** 31),
};

const span = within(-9_999_999_999, 9_999_999_999);

export const affinityFields: Record<keyof Affinity, Check> = {
  cookie: text(/^[A-Za-z0-9_-]+$/, 100),
  persistent: oneOf(true, false),
  changeOnFailure: oneOf(true),
  path: text(/^\/[-._~A-Za-z0-9/%!$&'()*+:=@]*$/, 1024),
  domain: text(/^\.?[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?$/, 253),
  sameSite: oneOf('None', 'Lax', 'Strict'),
  secure: oneOf(true),
  maxAge: span,
  expires: span,
};

export const isAffinity: Check = (value) => isShape(value, affinityFields, ['cookie', 'persistent']);

const isText: Check = (value) => typeof value === 'string';
const headersOf = (side: HeaderSide, most = mostLines): Check => listOf((line) => isShape(line, { name: isText, value: isText }, ['name', 'value']) && isHeaderLine(line as HeaderLine, side), most);

const cacheTime: Check = (value) => isShape(value, { statuses: listOf(within(200, 599), 20), seconds: within(0, longestCache) }, ['statuses', 'seconds']);

const externalFields: Record<keyof ExternalAuth, Check> = {
  scheme: oneOf('http', 'https'),
  service: (value) => typeof value === 'string' && value.startsWith('service/') && isServicePath(value.slice('service/'.length)),
  host: (value) => value === '$host' || (typeof value === 'string' && value !== '' && isHost(value) && !value.startsWith('*')),
  target: (value) => typeof value === 'string' && isAuthText(value) && value.startsWith('/'),
  method: oneOf(...authMethods),
  signin: (value) => typeof value === 'string' && isSigninPage(value),
  redirect: (value) => typeof value === 'string' && isAuthText(value),
  headers: headersOf('question'),
  cache: (value) => isShape(value, { key: (key) => typeof key === 'string' && isCacheKey(key), times: listOf(cacheTime, 10) }, ['key', 'times']),
  responseHeaders: listOf((name) => typeof name === 'string' && isHandedOn(name), mostHeaders),
  alwaysSetCookie: oneOf(true),
  outside: (value) => isShape(value, { port: within(1, 65_535), trusted: isCertificateId }, ['port']),
};

const flowFields: Record<keyof Flow, Check> = {
  answers: oneOf('buffered'),
  requests: oneOf('streamed'),
  kilobytes: within(1, 128),
  buffers: within(1, 1000),
};

const statuses: Check = (value) => Array.isArray(value) && value.length <= takenBack.length && value.every((status) => takenBack.includes(status as number));

const retryFields: Record<keyof Retry, Check> = {
  error: oneOf(true, false),
  timeout: oneOf(true, false),
  invalid: oneOf(true),
  statuses,
  repeat: oneOf(true, false),
  tries: within(1, 10),
  seconds: within(0, 604_800),
};

const refusing = within(400, 599);

const errorFields: Record<keyof ErrorPages, Check> = {
  statuses: (value) => Array.isArray(value) && value.length <= 50 && value.every(refusing),
  backend: (value) => typeof value === 'string' && value.startsWith('service/') && isServicePath(value.slice('service/'.length)),
  whenEmpty: oneOf(true, false),
};

const perClient = within(1, 10_000_000);

const limitFields: Record<keyof Limits, Check> = {
  rps: perClient,
  rpm: perClient,
  burst: within(1, 1000),
  connections: perClient,
  except: ranges,
  requestStatus: refusing,
  connectionStatus: refusing,
};

const rateFields: Record<keyof Rate, Check> = { bytes: within(1, 2 ** 40), after: within(0, 2 ** 40) };

const oneText = (fits: (value: string) => boolean): Check => (value) => typeof value === 'string' && fits(value);

const replacement = (word: RegExp): Check => (value) => isShape(value, { from: oneText((from) => isReplaced(from, word)), to: oneText((to) => isInstead(to, word)) }, ['from', 'to']);

const answerFields: Record<keyof AnswerChanges, Check> = {
  location: replacement(replacedLocation),
  cookieDomain: replacement(replacedDomain),
  cookiePath: replacement(replacedPath),
  // From an annotation and a ConfigMap.
  headers: headersOf('answer', mostLines * 2),
};

/** Certificates between a client's and its authority's. */
export const isDepth: Check = within(0, 100);

const basicFields = (isUser: (line: string) => boolean): Record<keyof BasicAuth, Check> => ({
  realm: text(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 200),
  users: listOf((line) => typeof line === 'string' && isUser(line), mostUsers),
  digest: oneOf(true),
});

const clientFields: Record<keyof ClientCertificates, Check> = {
  authority: isCertificateId,
  depth: isDepth,
  verify: oneOf('on', 'optional', 'optional_no_ca'),
  subject: (value) => typeof value === 'string' && isSubjectPattern(value),
  errorPage: (value) => typeof value === 'string' && isRedirectTarget(value),
  pass: oneOf(true),
  revoked: isCertificateId,
};

const redirectFields: Record<keyof Redirect, Check> = { code: within(300, 308), location: (value) => isLocation(value), stripSlash: oneOf(true) };

const forwardedFields: Record<keyof Forwarded, Check> = { trusted: ranges, header: text(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/, 64), full: oneOf(true) };

const version = oneOf('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3');

const tlsFields: Record<keyof BackendTls, Check> = {
  verify: (value) => isShape(value, { trusted: isCertificateId, depth: isDepth, name: text(backendName, 253) }, ['trusted', 'depth', 'name']),
  serverName: text(backendName, 253),
  certificate: isCertificateId,
  least: version,
  most: version,
  ciphers: text(cipherList, 1024),
  http2: oneOf(true),
  connectSeconds: wait,
};

const isParam: Check = (line) => isShape(line, { name: isText, value: isText }, ['name', 'value']) && isCgiParam(line as HeaderLine);
const cgiFields: Record<keyof FastCgi, Check> = {
  index: oneText(isCgiIndex),
  params: (value) => listOf(isParam, mostLines)(value) && (value as HeaderLine[]).reduce((letters, line) => letters + line.value.length, 0) <= mostCgiLetters,
};

const policyFields: Record<keyof Policy, Check> = {
  forwarded: (value) => isShape(value, forwardedFields, ['trusted', 'header']),
  https: oneOf('redirect', 'redirect-as-is'),
  redirect: (value) => isShape(value, redirectFields, ['code', 'location']),
  allow: ranges,
  deny: ranges,
  bodyBytes: within(0, 2 ** 50),
  connectSeconds: wait,
  sendSeconds: wait,
  readSeconds: wait,
  protocol: oneOf('https', 'auto', 'grpc', 'grpcs', 'fcgi'),
  fcgi: (value) => isShape(value, cgiFields, []) && Object.keys(value as FastCgi).length > 0,
  tls: (value) => isShape(value, tlsFields, []) && Object.keys(value as BackendTls).length > 0,
  host: (value) => typeof value === 'string' && isBackendHost(value),
  cors: (value) => isShape(value, corsFields, ['origins', 'credentials']),
  affinity: isAffinity,
  balance: isBalance,
  basic: (value) => isShape(value, basicFields((value as BasicAuth | null)?.digest === true ? isDigestLine : isPasswordLine), ['realm', 'users']),
  external: (value) => isShape(value, externalFields, ['scheme', 'host', 'target']) && isAskable(value as ExternalAuth),
  clients: (value) => isShape(value, clientFields, ['authority', 'depth', 'verify']),
  satisfyAny: oneOf(true),
  flow: (value) => isShape(value, flowFields, []) && Object.keys(value as Flow).length > 0,
  retry: (value) => isShape(value, retryFields, Object.keys(retryFields).filter((field) => field !== 'invalid')) && ((value as Retry).statuses.length === 0 || (value as Retry).tries <= 3),
  errors: (value) => isShape(value, errorFields, ['statuses', 'whenEmpty']),
  limits: (value) => isShape(value, limitFields, ['burst', 'requestStatus', 'connectionStatus']),
  rate: (value) => isShape(value, rateFields, ['bytes', 'after']),
  prefix: text(forwardedPrefix, 1024),
  headers: headersOf('request'),
  answer: (value) => isShape(value, answerFields, []) && Object.keys(value as AnswerChanges).length > 0,
  unlogged: oneOf(true),
};

/** The order of the fields of what is in a policy. */
const orders: Partial<Record<keyof Policy, readonly string[]>> = {
  forwarded: Object.keys(forwardedFields), redirect: Object.keys(redirectFields), cors: Object.keys(corsFields), affinity: Object.keys(affinityFields), balance: ['by', 'key', 'subset'], basic: ['realm', 'users', 'digest'], flow: Object.keys(flowFields),
  retry: Object.keys(retryFields), errors: Object.keys(errorFields), limits: Object.keys(limitFields), rate: Object.keys(rateFields),
  answer: Object.keys(answerFields), external: Object.keys(externalFields), fcgi: Object.keys(cgiFields), tls: Object.keys(tlsFields), clients: Object.keys(clientFields),
};

/** Says which field of a policy is wrong, or undefined. */
export function policyComplaint(policy: unknown): string | undefined {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) return 'a policy must be an object';
  const entries = Object.entries(policy);
  if (entries.length === 0) return 'a policy must ask for something';
  for (const [field, value] of entries) {
    if (!Object.hasOwn(policyFields, field)) return 'a policy has a field that is not known';
    if (!policyFields[field as keyof Policy](value)) return `the ${field} of a policy is not valid`;
  }
  return undefined;
}

/** The policy with its fields in a fixed order, so that equal policies are equal bytes. */
export function orderedPolicy(policy: Policy): Policy {
  const ordered = inOrder(policy, Object.keys(policyFields) as (keyof Policy)[]);
  for (const [field, fields] of Object.entries(orders) as [keyof Policy, readonly string[]][]) {
    const value = ordered[field];
    if (value !== undefined) Object.assign(ordered, { [field]: inOrder(value as object, fields as never[]) });
  }
  return ordered;
}

/** The named fields that are there, in that order. */
export function inOrder<Shape extends object>(value: Shape, fields: readonly (keyof Shape)[]): Shape {
  return Object.fromEntries(fields.filter((field) => Object.hasOwn(value, field)).map((field) => [field, value[field]])) as Shape;
}

/** Whether a value has the required fields, no others than `fields`, and each as it must be. */
export function isShape(value: unknown, fields: Record<string, Check>, required: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return required.every((field) => Object.hasOwn(value, field)) && entries.every(([field, member]) => Object.hasOwn(fields, field) && fields[field]!(member));
}

/** What is outside has a name and no endpoints. */
function isAskable({ outside, service, host, scheme }: ExternalAuth): boolean {
  return outside === undefined || (service === undefined && host !== '$host' && (scheme === 'https' || outside.trusted === undefined));
}

/** An absolute URL, or a path on the request's own host that can't be taken for another host. */
function isLocation(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 2048 || !VISIBLE.test(value)) return false;
  return value.startsWith('/') ? !/^\/[/\\]/.test(value) && !/["<>\\^`{|}]/.test(value) : isRedirectTarget(value);
}

function isOnlyStar(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === '*';
}
