// What is read of ingress-nginx's annotations, and what each value may look like. Values are data: checked here against a
// grammar over the whole text, never searched for bad words.

import { type Finding, finding } from './finding.js';
import { type Ingress, objectKey } from './kubernetes-objects.js';

const prefix = 'nginx.ingress.kubernetes.io/';

/** Annotations that are carried out. */
const supported = new Set(['rewrite-target', 'use-regex']);

/** Raw configuration text: there is nothing it could be put into, by design. */
const refused = new Set(['configuration-snippet', 'server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']);

/** What an Ingress's annotations ask for. */
export interface RouteOptions {
  /** Template of the path sent upstream; undefined: as it came. */
  rewriteTarget: string | undefined;
  useRegex: boolean;
  findings: Finding[];
  /** False when a value is invalid that decides where requests go: the Ingress gets no routes. */
  valid: boolean;
}

/** Reads the annotations of one Ingress. Values as ingress-nginx documents them; booleans as Go's strconv.ParseBool. */
export function readAnnotations(ingress: Ingress): RouteOptions {
  const object = `Ingress ${objectKey(ingress)}`;
  const options: RouteOptions = { rewriteTarget: undefined, useRegex: false, findings: [], valid: true };
  for (const [key, value] of Object.entries(ingress.metadata.annotations ?? {})) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    if (name === 'rewrite-target') readRewriteTarget(options, object, value);
    else if (name === 'use-regex') options.useRegex = /^(1|t|T|TRUE|true|True)$/.test(value);
    else if (refused.has(name)) options.findings.push(finding('refused-annotation', object, `annotation ${name}: raw configuration is never accepted; express it with other annotations or remove it`));
    else if (!supported.has(name)) options.findings.push(finding('unsupported-annotation', object, `annotation ${name.slice(0, 63)} is not carried out; requests are served without it`));
  }
  return options;
}

/** The characters that ingress-nginx allows in a rewrite target. */
const rewriteTarget = /^\/?[-._~A-Za-z0-9/:$]*$/;

function readRewriteTarget(options: RouteOptions, object: string, value: string): void {
  if (value === '') return;
  if (rewriteTarget.test(value) && value.length <= 2048) {
    options.rewriteTarget = value;
    return;
  }
  options.valid = false;
  options.findings.push(finding('invalid-annotation', object, 'annotation rewrite-target: may hold letters, digits, - . _ ~ / : and $1…$9 only; the Ingress is not served until it is mended'));
}
