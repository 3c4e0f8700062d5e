// What is read of ingress-nginx's annotations, and what each value may look like. Values are data: checked here against a
// grammar over the whole text, never searched for bad words.

import { type Finding, finding, quote } from './finding.js';
import { type Ingress, objectKey } from './kubernetes-objects.js';
import { normalizePath } from '../route-table/normalize-path.js';

export const annotationPrefix = 'nginx.ingress.kubernetes.io/';

/** Annotations that are carried out. */
const supported = new Set(['rewrite-target', 'use-regex']);

/** Raw configuration text: there is nothing it could be put into, by design. */
const refused = new Set(['configuration-snippet', 'server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']);

/**
 * Annotations that keep requests out, and are not carried out yet: without them a route would be open that is meant to be
 * closed, so its requests are answered with 503, and no less strict route takes its place.
 */
const protecting = new Set([
  'auth-type', 'auth-secret', 'auth-url', 'auth-tls-secret', 'auth-tls-verify-client', 'auth-tls-match-cn',
  'whitelist-source-range', 'allowlist-source-range', 'denylist-source-range',
]);

/** Whether a value of this annotation (its name without prefix) makes a difference to requests. */
export function isCarriedOut(name: string): boolean {
  return supported.has(name) || protecting.has(name);
}

/** What an Ingress's annotations ask for. */
export interface RouteOptions {
  /** Template of the path sent upstream; undefined: as it came. */
  rewriteTarget: string | undefined;
  useRegex: boolean;
  findings: Finding[];
  /** True when something that must keep requests out can't be carried out: every route answers 503. */
  closed: boolean;
  /** False when a value is invalid that decides where requests go: the Ingress gets no routes. */
  valid: boolean;
}

/** Reads the annotations of one Ingress. Values as ingress-nginx documents them; booleans as Go's strconv.ParseBool. */
export function readAnnotations(ingress: Ingress): RouteOptions {
  const object = `Ingress ${objectKey(ingress)}`;
  const options: RouteOptions = { rewriteTarget: undefined, useRegex: false, findings: [], closed: false, valid: true };
  for (const [key, value] of Object.entries(ingress.metadata.annotations ?? {})) {
    if (!key.startsWith(annotationPrefix)) continue;
    const name = key.slice(annotationPrefix.length);
    if (name === 'rewrite-target') readRewriteTarget(options, object, value);
    else if (name === 'use-regex') readUseRegex(options, object, value);
    else if (protecting.has(name)) close(options, object, name);
    else if (name === 'canary' && yes.test(value)) refuseCanary(options, object);
    else if (refused.has(name)) options.findings.push(finding('refused-annotation', object, `annotation ${name}: raw configuration is never accepted; express it with other annotations or remove it`));
    else if (!supported.has(name)) options.findings.push(finding('unsupported-annotation', object, `annotation ${name.slice(0, 63)} is not carried out; requests are served without it`));
  }
  return options;
}

/** Booleans as Go's strconv.ParseBool reads them. */
const yes = /^(?:1|t|T|TRUE|true|True)$/;
const no = /^(?:0|f|F|FALSE|false|False|)$/;

function readUseRegex(options: RouteOptions, object: string, value: string): void {
  options.useRegex = yes.test(value);
  if (options.useRegex || no.test(value)) return;
  options.findings.push(finding('invalid-annotation', object, `annotation use-regex: ${quote(value)} is neither true nor false; read as false`));
}

function close(options: RouteOptions, object: string, name: string): void {
  options.closed = true;
  options.findings.push(finding('protection-not-supported', object, `annotation ${name} is not carried out yet; requests are answered with 503 rather than let through without it`));
}

/** A canary served as an ordinary Ingress could take all requests of its primary. */
function refuseCanary(options: RouteOptions, object: string): void {
  options.valid = false;
  options.findings.push(finding('unsupported-annotation', object, 'annotation canary is not carried out yet; the Ingress is not served, its primary gets all requests'));
}

/** The characters that ingress-nginx allows in a rewrite target. */
const rewriteTarget = /^\/?[-._~A-Za-z0-9/:$]*$/;

function readRewriteTarget(options: RouteOptions, object: string, value: string): void {
  if (value === '') return;
  if (rewriteTarget.test(value) && value.length <= 2048 && isSafeTemplate(value)) {
    options.rewriteTarget = value;
    return;
  }
  options.valid = false;
  options.findings.push(finding('invalid-annotation', object, 'annotation rewrite-target: may hold letters, digits, - . _ ~ / : and $1…$9 only, and no empty or dot segments; the Ingress is not served until it is mended'));
}

/** Two digits after a $ would be read as one capture and a digit; what leads out of the root would fail every request. */
function isSafeTemplate(template: string): boolean {
  const path = template.startsWith('/') ? template : `/${template}`;
  return !/\$[0-9]{2}/.test(template) && !/\/\.{0,2}\/|\/\.{1,2}$/.test(path) && normalizePath(path) === path;
}
