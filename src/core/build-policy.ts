// What the annotations of one Ingress ask for beside the way to a backend, as the policy that its routes share. What depends
// on the other Ingresses of the host (whether it has TLS) is decided where they meet (build-host.ts).

import type { Affinity, CanaryRule, Cors, HeaderLine, Policy } from '../route-table/types.js';
import type { AnnotationValues } from './annotations/registry.js';
import { balanceOf } from './build-balance.js';
import { forwardedOf } from './build-forwarded.js';
import { headersOf } from './build-headers.js';
import { limitsOf, rateOf } from './build-limits.js';
import { flowOf, retryOf } from './build-retry.js';
import { type ClassSettings, defaultSettings } from './class-settings.js';
import { given } from './given.js';

/** When the requests of a path are sent to https. */
export interface HttpsWish {
  /** `with-tls`: when the host has TLS. */
  when: 'with-tls' | 'always';
  as: NonNullable<Policy['https']>;
}

const protocols: Record<NonNullable<AnnotationValues['backend-protocol']>, Policy['protocol']> = {
  HTTP: undefined, HTTPS: 'https', AUTO_HTTP: 'auto', GRPC: 'grpc', GRPCS: 'grpcs', FCGI: 'fcgi',
};

/** By the values, which Ingresses that are annotated alike share (read-with-defaults.ts), and with what settings. */
const built = new WeakMap<AnnotationValues, { settings: ClassSettings; policy: Policy | undefined }>();

/**
 * The policy of an Ingress's routes, `custom` headers of answers before its own; undefined when nothing is asked for. Fields in a fixed order, so
 * equal ones are equal. To be read only: the same values give the same one.
 */
export function buildPolicy(values: AnnotationValues, settings: ClassSettings = defaultSettings, custom: readonly HeaderLine[] = []): Policy | undefined {
  if (custom.length > 0) return policyWith(values, settings, custom);
  const known = built.get(values);
  if (known?.settings === settings) return known.policy;
  const policy = policyWith(values, settings, custom);
  built.set(values, { settings, policy });
  return policy;
}

function policyWith(values: AnnotationValues, settings: ClassSettings, custom: readonly HeaderLine[]): Policy | undefined {
  const policy: Policy = {
    ...given('forwarded', forwardedOf(settings)),
    ...redirectOf(values),
    ...given('allow', values['allowlist-source-range']),
    ...given('deny', values['denylist-source-range']),
    ...given('bodyBytes', values['proxy-body-size']),
    ...given('connectSeconds', values['proxy-connect-timeout']),
    ...given('sendSeconds', values['proxy-send-timeout']),
    ...given('readSeconds', values['proxy-read-timeout']),
    ...given('protocol', protocols[values['backend-protocol'] ?? 'HTTP']),
    ...given('host', values['upstream-vhost']),
    ...given('cors', corsOf(values)),
    ...given('affinity', affinityOf(values)),
    ...given('balance', balanceOf(values)),
    ...given('flow', flowOf(values)),
    ...given('retry', retryOf(values)),
    ...given('limits', limitsOf(values, settings)),
    ...given('rate', rateOf(values)),
    ...headersOf(values, custom),
    ...(values['enable-access-log'] === false ? { unlogged: true as const } : {}),
  };
  return Object.keys(policy).length === 0 ? undefined : policy;
}

/** Which requests a canary takes; undefined for an Ingress that is none. A weight above the total takes all. */
export function canaryOf(values: AnnotationValues): CanaryRule | undefined {
  if (values.canary !== true) return undefined;
  const header = values['canary-by-header'];
  const value = values['canary-by-header-value'];
  return {
    weight: values['canary-weight'] ?? 0,
    total: Math.max(values['canary-weight-total'] ?? 100, 100),
    ...given('header', header),
    ...(header === undefined ? {} : { ...given('value', value), ...(value === undefined ? given('pattern', values['canary-by-header-pattern']) : {}) }),
    ...given('cookie', values['canary-by-cookie']),
    ...given('balance', balanceOf(values)),
    ...given('affinity', values['affinity-canary-behavior'] === 'legacy' ? affinityOf(values) ?? 'none' as const : undefined),
  };
}

/** ssl-redirect, force-ssl-redirect, preserve-trailing-slash. */
export function httpsWish(values: AnnotationValues): HttpsWish | undefined {
  const as = values['preserve-trailing-slash'] === true ? 'redirect-as-is' : 'redirect';
  if (values['force-ssl-redirect'] === true) return httpsWishes.always[as];
  return values['ssl-redirect'] === false ? undefined : httpsWishes['with-tls'][as];
}

/** Each once: there is one for each path of a cluster. */
const httpsWishes = {
  'always': { 'redirect': { when: 'always', as: 'redirect' }, 'redirect-as-is': { when: 'always', as: 'redirect-as-is' } },
  'with-tls': { 'redirect': { when: 'with-tls', as: 'redirect' }, 'redirect-as-is': { when: 'with-tls', as: 'redirect-as-is' } },
} as const satisfies Record<HttpsWish['when'], Record<HttpsWish['as'], HttpsWish>>;

/** temporal-redirect wins, as in ingress-nginx. */
function redirectOf(values: AnnotationValues): Pick<Policy, 'redirect'> {
  const temporal = values['temporal-redirect'];
  if (temporal !== undefined) return { redirect: { code: values['temporal-redirect-code'] ?? 302, location: temporal } };
  const permanent = values['permanent-redirect'];
  return permanent === undefined ? {} : { redirect: { code: values['permanent-redirect-code'] ?? 301, location: permanent } };
}

function affinityOf(values: AnnotationValues): Affinity | undefined {
  if (values.affinity === undefined) return undefined;
  return {
    cookie: values['session-cookie-name'] ?? 'INGRESSCOOKIE',
    persistent: values['affinity-mode'] === 'persistent',
    ...(values['session-cookie-change-on-failure'] === true ? { changeOnFailure: true } : {}),
    ...given('path', values['session-cookie-path']),
    ...given('domain', values['session-cookie-domain']),
    ...given('sameSite', values['session-cookie-samesite']),
    ...(values['session-cookie-secure'] === true ? { secure: true } : {}),
    ...given('maxAge', values['session-cookie-max-age']),
    ...given('expires', values['session-cookie-expires']),
  };
}

function corsOf(values: AnnotationValues): Cors | undefined {
  if (values['enable-cors'] !== true) return undefined;
  return {
    origins: values['cors-allow-origin'] ?? ['*'],
    ...given('methods', values['cors-allow-methods']),
    ...given('headers', values['cors-allow-headers']),
    credentials: values['cors-allow-credentials'] ?? true,
    ...given('expose', values['cors-expose-headers']),
    ...given('maxAge', values['cors-max-age']),
  };
}

