// One policy of a class table: exactly the fields of route-table/types.ts, each in its grammar. A policy that is not
// understood to the last field is refused: what can't be carried out must not be dropped.

import { isRedirectTarget } from '../core/annotations/redirect-target.js';
import { authMethods, isAuthText, isHandedOn, isSigninPage, mostHeaders } from '../core/annotations/auth-target.js';
import { isPasswordLine, mostUsers } from '../core/annotations/password-hash.js';
import type { Affinity, Cors, ExternalAuth, Policy } from '../route-table/types.js';
import { isHost, isServicePath } from './check-names.js';

export type Check = (value: unknown) => boolean;

const VISIBLE = /^[\x21-\x7e]+$/;
const RANGE = /^(?:[0-9a-f]{8}|[0-9a-f]{32})\/(?:0|[1-9][0-9]{0,2})$/;
const HOST = /^[A-Za-z0-9](?:[-A-Za-z0-9._]*[A-Za-z0-9])?(?::[0-9]{1,5})?$/;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:\*\.)?[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const TOKENS = /^(?:[A-Za-z0-9_*-]+,? ?)+$/;

export const within = (least: number, most: number): Check => (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const oneOf = (...values: unknown[]): Check => (value) => values.includes(value);
export const text = (pattern: RegExp, most: number): Check => (value) => typeof value === 'string' && value.length <= most && pattern.test(value);
const listOf = (member: Check, most: number): Check => (value) => Array.isArray(value) && value.length > 0 && value.length <= most && value.every(member);
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

const affinityFields: Record<keyof Affinity, Check> = {
  cookie: text(/^[A-Za-z0-9_-]+$/, 100),
  persistent: oneOf(true, false),
  stickyCanary: oneOf(true, false),
  path: text(/^\/[-._~A-Za-z0-9/%!$&'()*+:=@]*$/, 1024),
  domain: text(/^\.?[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?$/, 253),
  sameSite: oneOf('None', 'Lax', 'Strict'),
  secure: oneOf(true),
  maxAge: span,
  expires: span,
};

const externalFields: Record<keyof ExternalAuth, Check> = {
  scheme: oneOf('http', 'https'),
  service: (value) => typeof value === 'string' && value.startsWith('service/') && isServicePath(value.slice('service/'.length)),
  host: (value) => value === '$host' || (typeof value === 'string' && value !== '' && isHost(value) && !value.startsWith('*')),
  target: (value) => typeof value === 'string' && isAuthText(value) && value.startsWith('/'),
  method: oneOf(...authMethods),
  signin: (value) => typeof value === 'string' && isSigninPage(value),
  redirect: (value) => typeof value === 'string' && isAuthText(value),
  responseHeaders: listOf((name) => typeof name === 'string' && isHandedOn(name), mostHeaders),
  alwaysSetCookie: oneOf(true),
};

const policyFields: Record<keyof Policy, Check> = {
  https: oneOf('redirect', 'redirect-as-is'),
  redirect: (value) => isShape(value, { code: within(300, 308), location: isLocation }, ['code', 'location']),
  allow: ranges,
  deny: ranges,
  bodyBytes: within(0, 2 ** 50),
  connectSeconds: wait,
  sendSeconds: wait,
  readSeconds: wait,
  protocol: oneOf('https', 'auto', 'grpc', 'grpcs'),
  host: text(HOST, 260),
  cors: (value) => isShape(value, corsFields, ['origins', 'credentials']),
  affinity: (value) => isShape(value, affinityFields, ['cookie', 'persistent', 'stickyCanary']),
  basic: (value) => isShape(value, { realm: text(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 200), users: listOf((line) => typeof line === 'string' && isPasswordLine(line), mostUsers) }, ['realm', 'users']),
  external: (value) => isShape(value, externalFields, ['scheme', 'host', 'target']),
  satisfyAny: oneOf(true),
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
  if (policy.redirect !== undefined) ordered.redirect = inOrder(policy.redirect, ['code', 'location']);
  if (policy.cors !== undefined) ordered.cors = inOrder(policy.cors, Object.keys(corsFields) as (keyof Cors)[]);
  if (policy.affinity !== undefined) ordered.affinity = inOrder(policy.affinity, Object.keys(affinityFields) as (keyof Affinity)[]);
  if (policy.external !== undefined) ordered.external = inOrder(policy.external, Object.keys(externalFields) as (keyof ExternalAuth)[]);
  if (policy.basic !== undefined) ordered.basic = inOrder(policy.basic, ['realm', 'users']);
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

/** An absolute URL, or a path on the request's own host that can't be taken for another host. */
function isLocation(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 2048 || !VISIBLE.test(value)) return false;
  return value.startsWith('/') ? !/^\/[/\\]/.test(value) && !/["<>\\^`{|}]/.test(value) : isRedirectTarget(value);
}

function isOnlyStar(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === '*';
}
