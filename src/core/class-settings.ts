// Settings of one class, from the ConfigMap that its IngressClass's parameters name: every key, how it is read, its default
// and what it does (docs/class-settings.md is made from this list). A bad value never widens who may get in.

import { type LabelRequirement, parseLabelSelector } from './label-selector.js';
import { readDuration, readFlag, readHeaderName, readHeaderNames, readNames, readNumber, readRanges, readReference, readSeconds, readServerNames, readSize, readText } from './setting-values.js';

export interface ClassSettings {
  /** Annotations about external authentication for every Ingress that has no auth-url of its own; names without prefix. */
  globalAuth?: Readonly<Record<string, string>>;
  /** Namespaces whose Services an Ingress may have asked (auth-url), `same` for its own; undefined: all. */
  authNamespaces?: readonly string[];
  /** Names outside of the cluster that may be asked (auth-url), `*.` before those that stand for all below; undefined: none. */
  authHosts?: readonly string[];
  /** Key of the Secret with the authorities of their certificates; undefined: those that everybody trusts. */
  authAuthorities?: string;
  /** Names that Services of type ExternalName may stand for, as those; undefined: none. */
  externalNames?: readonly string[];
  /** Names of headers, in lower case, that custom-headers may set; undefined: none. */
  allowedResponseHeaders?: readonly string[];
  /** What proxies before the engine are believed: whether anything, who they are (ranges as in policies), and by which header. */
  useForwarded?: boolean;
  forwardedFrom?: readonly string[];
  forwardedHeader?: string;
  forwardedFull?: boolean;
  /** Values for annotations that an Ingress leaves out; names without prefix. */
  annotations: Readonly<Record<string, string>>;
  /** Who may use the class: named, or meeting the selector. Neither: everybody. An empty list: nobody. */
  allowedNamespaces?: readonly string[];
  allowedNamespaceSelector?: readonly LabelRequirement[];
  defaultBackend?: { name: string; port?: string };
  defaultCertificate?: string;
  hostsPerNamespace?: number;
  pathsPerNamespace?: number;
  certificatesPerNamespace?: number;
  kilobytesPerNamespace?: number;
  /** What requests beyond a limit are answered with. */
  limitStatus?: number;
  connectionStatus?: number;
  handOverGraceMs: number;
  handOverQuietMs: number;
  /** Whether the admission webhook refuses what would not be served, in place of warning. */
  strictAdmission?: boolean;
  /** True when the settings are not known: every route of the class answers 503, because one of them may keep requests out. */
  closed: boolean;
}

/** What applies to a class without parameters. */
export const defaultSettings: ClassSettings = { annotations: {}, handOverGraceMs: 300_000, handOverQuietMs: 60_000, closed: false };

export type SettingKind = 'annotation' | 'class';

export interface Setting {
  key: string;
  kind: SettingKind;
  /** What it is when the key is left out, in words. */
  default: string;
  help: string;
  /** What a value looks like, in words: "must be …". */
  form: string;
  /** What a bad value does, in words; left out: the default counts. */
  whenBad?: string;
  /** Takes a value that is not empty into `settings`; false when it is none. `namespace`: the ConfigMap's. */
  take(settings: ClassSettings, text: string, namespace: string): boolean;
}

type Described = Pick<Setting, 'key' | 'default' | 'help' | 'form' | 'whenBad'>;

/** A key of the class itself. `put` also gets what stands in for a bad value, when there is something safer than the default. */
function ofClass<Value>(
  described: Described, read: (text: string, namespace: string) => Value | undefined, put: (value: Value) => Partial<ClassSettings>, instead?: Value,
): Setting {
  return {
    ...described, kind: 'class',
    take(settings, text, namespace) {
      const value = read(text, namespace);
      const taken = value ?? instead;
      if (taken !== undefined) Object.assign(settings, put(taken));
      return value !== undefined;
    },
  };
}

/** The default of the annotation of the same name; a bad value leaves it out. */
function ofAnnotation(key: string, reader: { form: string; read: (text: string) => string | undefined }, otherwise: string, help: string): Setting {
  return {
    key, kind: 'annotation', default: otherwise, help, form: reader.form,
    take(settings, text) {
      const value = reader.read(text);
      if (value !== undefined) settings.annotations = { ...settings.annotations, [key]: value };
      return value !== undefined;
    },
  };
}

/** What no annotation takes: whatever a bad value was to be, it closes what it was to close. */
const unreadable = '\u0000';

/** Annotations whose value must not be lost. */
const closing: ReadonlySet<string> = new Set(['auth-url', 'auth-method', 'auth-response-headers']);

/** `global-auth-…`: as the annotation `auth-…`, which also judges it. What can't be carried out closes the routes there. */
function ofGlobalAuth(name: string, form: string, help: string, otherwise = 'none'): Setting {
  return {
    key: `global-${name}`, kind: 'class', default: otherwise, help, form, ...(closing.has(name) && { whenBad: 'requests that it would be asked about are answered with 503' }),
    take(settings, text) {
      settings.globalAuth = { ...settings.globalAuth, [name]: readText(text) ?? unreadable };
      return readText(text) !== undefined;
    },
  };
}

const flag = { form: '"true" or "false"', read: readFlag };
const seconds = { form: 'whole seconds, such as "60"', read: readSeconds };
const size = { form: 'a size such as "8m"; "0" for no limit', read: readSize };
const onOff = { form: '"on" or "off"', read: (text: string): string | undefined => (/^(?:on|off)$/.test(text) ? text : undefined) };
/** Judged where the annotation is read: a list that can't be carried out closes the routes. */
const ranges = { form: 'IP addresses and networks, separated by commas', read: (text: string): string => readText(text) ?? unreadable };
const codes = { form: 'status codes of three digits, separated by commas', read: (text: string): string | undefined => (/^[1-5][0-9]{2}(?:\s*,\s*[1-5][0-9]{2})*$/.test(text) ? text : undefined) };
const conditions = { form: 'conditions such as "error timeout http_502"', read: (text: string): string | undefined => (/^[a-z0-9_]+(?: [a-z0-9_]+)*$/.test(text) ? text : undefined) };
const wholeNumber = { form: 'a whole number', read: (text: string): string | undefined => (text === '0' || readNumber(text) !== undefined ? text : undefined) };

const readStatus = (text: string): number | undefined => (/^[45][0-9]{2}$/.test(text) ? Number(text) : undefined);

/** Every key, in the order of the documentation. The first group are keys of ingress-nginx's own ConfigMap. */
export const settingRegistry: readonly Setting[] = [
  ofAnnotation('ssl-redirect', flag, 'true', 'Whether plain HTTP is redirected to HTTPS on hosts that have a certificate.'),
  ofAnnotation('force-ssl-redirect', flag, 'false', 'The same on hosts without a certificate, for TLS that ends in front of the engine.'),
  ofAnnotation('preserve-trailing-slash', flag, 'false', 'Whether that redirect keeps a slash at the end of the path.'),
  ofAnnotation('proxy-body-size', size, '1m', 'The longest request body; longer ones are answered with 413.'),
  ofAnnotation('proxy-connect-timeout', seconds, '5', 'Time for the connection to a pod.'),
  ofAnnotation('proxy-read-timeout', seconds, '60', 'Time between two reads of a pod\'s answer.'),
  ofAnnotation('proxy-send-timeout', seconds, '60', 'Time between two writes of a request to a pod.'),
  ofAnnotation('proxy-next-upstream', conditions, 'error timeout', 'What makes the engine ask another pod.'),
  ofAnnotation('proxy-next-upstream-tries', wholeNumber, '3', 'How many pods are asked at most; 0: as many as the annotation allows.'),
  ofAnnotation('proxy-next-upstream-timeout', seconds, '0', 'For how long other pods are asked; 0: without end.'),
  ofAnnotation('load-balance', { form: '"round_robin" or "ewma"', read: (text) => (/^(?:round_robin|ewma)$/.test(text) ? text : undefined) }, 'round_robin', 'How the pod of a request is chosen: in turn, or by how soon pods answer and how much they have under way.'),
  ofAnnotation('proxy-buffering', onOff, 'off', 'Whether answers are buffered.'),
  ofAnnotation('proxy-request-buffering', onOff, 'on', 'Whether requests are buffered.'),
  ofAnnotation('custom-http-errors', codes, 'none', 'Statuses of pods that the default backend answers instead.'),
  ofAnnotation('limit-rate', wholeNumber, '0', 'Speed of an answer in KB a second; 0: no limit.'),
  ofAnnotation('limit-rate-after', wholeNumber, '0', 'KB of an answer before that.'),
  ofAnnotation('whitelist-source-range', ranges, 'everybody', 'Clients that get in; all others are answered with 403. An entry that is no network closes the routes.'),
  ofAnnotation('denylist-source-range', ranges, 'nobody', 'Clients that do not get in. An entry that is no network closes the routes.'),
  ofGlobalAuth('auth-url', 'a URL as in the annotation auth-url', 'Who is asked before a request goes on, on every Ingress without an auth-url of its own and without `enable-global-auth: "false"`. What can not be carried out closes the routes.'),
  ofGlobalAuth('auth-method', 'a method', 'Of the question.', 'GET'),
  ofGlobalAuth('auth-signin', 'an absolute URL', 'Where clients are sent instead of 401.'),
  ofGlobalAuth('auth-signin-redirect-param', 'the name of a parameter', 'The parameter that leads back.', 'rd'),
  ofGlobalAuth('auth-response-headers', 'names of headers, separated by commas', 'Headers of the verdict that backends get.'),
  ofGlobalAuth('auth-request-redirect', 'a path or URL', 'The question\'s header X-Auth-Request-Redirect.', 'the request'),
  ofGlobalAuth('auth-always-set-cookie', '"true" or "false"', 'Whether cookies of the verdict go to the client with every status.', 'false'),
  ofGlobalAuth('auth-cache-key', 'text with variables, as in the annotation auth-cache-key', 'What a verdict is kept under for a while, beside the credentials of the request.'),
  ofGlobalAuth('auth-cache-duration', 'statuses and a time, as in the annotation auth-cache-duration', 'For how long.', '200 202 401 5m'),
  ofClass({ key: 'use-forwarded-headers', default: 'false', form: '"true" or "false"', help: 'Whether X-Forwarded-For, -Proto, -Port and -Host of a proxy in `proxy-real-ip-cidr` are believed: for address lists, limits, redirects and what backends get. Without that key nobody is believed.' },
    readFlag, (text) => ({ useForwarded: text === 'true' }), 'false'),
  ofClass({ key: 'proxy-real-ip-cidr', whenBad: 'nobody is trusted', default: 'nobody', form: 'IP addresses and networks, separated by commas', help: 'The proxies. Unlike in ingress-nginx not everybody when it is left out. A bad value trusts nobody.' },
    readRanges, (forwardedFrom) => ({ forwardedFrom }), []),
  ofClass({ key: 'forwarded-for-header', default: 'X-Forwarded-For', form: 'the name of a header', help: 'Which header has the addresses. The client is the last one that is none of the proxies.' },
    readHeaderName, (forwardedHeader) => ({ forwardedHeader })),
  ofClass({ key: 'compute-full-forwarded-for', default: 'false', form: '"true" or "false"', help: 'Whether backends get the proxies\' whole list, with the last proxy added, in place of the client\'s address alone.' },
    readFlag, (text) => ({ forwardedFull: text === 'true' })),
  ofClass({ key: 'auth-url-namespaces', whenBad: 'no namespace is allowed', default: 'all', form: 'names of namespaces, separated by commas', help: 'Namespaces whose Services the annotation auth-url may name; `same` is the Ingress\'s own. Others close the routes. `global-auth-url`, and hosts of the listener, are not concerned. A bad value allows none.' },
    readNames, (authNamespaces) => ({ authNamespaces }), []),
  ofClass({ key: 'auth-url-hosts', whenBad: 'no name is allowed', default: 'none', form: 'names of servers with a dot, `*.` before those that stand for all below them, separated by commas', help: 'Names outside of the cluster that `auth-url` and `global-auth-url` may ask. The engine resolves them; loopback, link-local and metadata addresses are never asked. A bad value allows none.' },
    readServerNames, (authHosts) => ({ authHosts }), []),
  ofClass({ key: 'auth-url-ca', whenBad: 'requests that servers outside of the cluster would be asked about over https are answered with 503', default: 'those that Node.js has', form: 'a Secret of the ConfigMap\'s namespace', help: 'The authorities (`ca.crt`, perhaps `ca.crl`) that certificates of these servers must lead to. A bad value closes the routes.' },
    (text, namespace) => { const reference = readReference(text, namespace); return reference?.port === undefined && reference !== undefined ? `${namespace}/${reference.name}` : undefined; },
    (authAuthorities) => ({ authAuthorities }), ''),
  ofClass({ key: 'external-names', whenBad: 'no name is allowed', default: 'none', form: 'names of servers with a dot, `*.` before those that stand for all below them, separated by commas', help: 'Names outside of the cluster that Services of type ExternalName may stand for; others are answered with 503. The engine resolves them; loopback, link-local and metadata addresses never get a request. A bad value allows none.' },
    readServerNames, (externalNames) => ({ externalNames }), []),
  ofClass({ key: 'global-allowed-response-headers', whenBad: 'no header is allowed', default: 'none', form: 'names of headers, separated by commas', help: 'Headers that the annotation custom-headers may set; a ConfigMap with any other closes the routes. A bad value allows none.' },
    readHeaderNames, (allowedResponseHeaders) => ({ allowedResponseHeaders }), []),
  ofClass({ key: 'allowed-namespaces', whenBad: 'nobody may use the class by it', default: 'all', form: 'names of namespaces, separated by commas', help: 'Namespaces whose Ingresses may use the class. A bad value allows none.' },
    readNames, (allowedNamespaces) => ({ allowedNamespaces }), []),
  ofClass({ key: 'allowed-namespace-selector', whenBad: 'nobody may use the class by it', default: 'all', form: 'a label selector, such as "team=web,!legacy"', help: 'The same by the labels of the namespace. With both keys, either is enough. A bad value allows none.' },
    parseLabelSelector, (allowedNamespaceSelector) => ({ allowedNamespaceSelector }), [{ key: '', operator: 'in', values: [] }]),
  ofClass({ key: 'default-backend', default: 'none (404)', form: 'a Service of the ConfigMap\'s namespace, "name" or "name:port"', help: 'Gets the requests that no Ingress of the class takes. Without a port, the Service\'s first one.' },
    readReference, (defaultBackend) => ({ defaultBackend })),
  ofClass({ key: 'default-ssl-certificate', default: 'a self-signed one', form: 'a TLS Secret of the ConfigMap\'s namespace', help: 'Serves the names for which no Ingress of the class has a certificate, and clients that send no name.' },
    (text, namespace) => { const reference = readReference(text, namespace); return reference?.port === undefined ? reference?.name : undefined; },
    (defaultCertificate) => ({ defaultCertificate })),
  ofClass({ key: 'max-hosts-per-namespace', default: 'no limit', form: 'a whole number from 1', help: 'Hosts that the Ingresses of one namespace may have in the class. The oldest are kept.' },
    readNumber, (hostsPerNamespace) => ({ hostsPerNamespace })),
  ofClass({ key: 'max-paths-per-namespace', default: 'no limit', form: 'a whole number from 1', help: 'The same for paths, over all hosts.' },
    readNumber, (pathsPerNamespace) => ({ pathsPerNamespace })),
  ofClass({ key: 'max-certificates-per-namespace', default: 'no limit', form: 'a whole number from 1', help: 'The same for different certificates of hosts. A host without one has the certificate of the class.' },
    readNumber, (certificatesPerNamespace) => ({ certificatesPerNamespace })),
  ofClass({ key: 'max-kilobytes-per-namespace', default: 'no limit', form: 'a whole number from 1', help: 'The same for KiB of paths, of what annotations ask for on a host, and of certificates.' },
    readNumber, (kilobytesPerNamespace) => ({ kilobytesPerNamespace })),
  ofClass({ key: 'limit-req-status-code', default: '503', form: 'a status from 400 to 599', help: 'What a client gets that is beyond a limit of requests (annotations limit-rps, limit-rpm), such as 429.' },
    readStatus, (limitStatus) => ({ limitStatus })),
  ofClass({ key: 'limit-conn-status-code', default: '503', form: 'a status from 400 to 599', help: 'The same for the limit of connections (annotation limit-connections).' },
    readStatus, (connectionStatus) => ({ connectionStatus })),
  ofClass({ key: 'hand-over-grace', default: '5m', form: 'a duration such as "90s", "5m" or "1h"', help: 'How long at least the class goes on serving an Ingress that has left it for another class, from when the status shows the other address: as long as clients may remember the old one.' },
    readDuration, (handOverGraceMs) => ({ handOverGraceMs })),
  ofClass({ key: 'hand-over-quiet', default: '1m', form: 'a duration such as "90s", "5m" or "1h"', help: 'How long an Ingress that has left the class must have had no request here before the class stops serving it; the grace has to be over, too.' },
    readDuration, (handOverQuietMs) => ({ handOverQuietMs })),
  ofClass({ key: 'strict-admission', default: 'false', form: '"true" or "false"', help: 'Whether the admission webhook refuses Ingresses whose own words keep them from being served; else it warns. What is stored already stays writable.' },
    readFlag, (text) => ({ strictAdmission: text === 'true' })),
];
