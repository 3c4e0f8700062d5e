// The users of an Ingress that asks for passwords, out of the Secret that it names. Whatever is missing or can't be read closes
// its routes: a password that can't be checked must not become none.

import type { BasicAuth } from '../route-table/types.js';
import { isDigestLine, isPasswordLine, mostUsers } from './annotations/password-hash.js';
import type { AnnotationValues } from './annotations/registry.js';
import { type Finding, type FindingKind, finding, quote } from './finding.js';
import type { Secret } from './kubernetes-objects.js';
import { ownKey } from './own-object.js';

export interface BasicAuthSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  secrets: ReadonlyMap<string, Secret>;
  notes: { findings: Finding[]; secrets: string[] };
}

/** Undefined: no password is asked for. 'closed': one is, and can't be checked; there is a finding. */
export function planBasicAuth(values: AnnotationValues, source: BasicAuthSource): BasicAuth | 'closed' | undefined {
  const reference = values['auth-secret'];
  if (values['auth-type'] === undefined && reference === undefined) return undefined;
  if (values['auth-type'] === undefined) return closed(source, 'auth-type: is missing');
  if (reference === undefined) return closed(source, 'auth-secret: is missing');
  const name = ownKey(reference, source.namespace);
  if (name === undefined) return closed(source, `auth-secret: ${quote(reference)} names a Secret of another namespace`);
  source.notes.secrets.push(name);
  const secret = source.secrets.get(name);
  if (secret === undefined) {
    source.notes.findings.push(finding('secret-missing', source.object, `annotation auth-secret: Secret ${name} does not exist or is not of type Opaque; requests are answered with 503 until it does`));
    return 'closed';
  }
  const lines = values['auth-secret-type'] === 'auth-map' ? linesOfMap(secret) : linesOfFile(secret);
  return ofLines(lines, values, { ...source, name });
}

function ofLines(lines: readonly string[], values: AnnotationValues, source: BasicAuthSource & { name: string }): BasicAuth | 'closed' {
  const { name, object, notes } = source;
  const realm = values['auth-realm'] ?? 'Authentication Required';
  const digest = values['auth-type'] === 'digest';
  const users = digest ? lines.map((line) => withoutRealm(line, realm)).filter(isDigestLine) : lines.filter(isPasswordLine);
  if (users.length < lines.length) {
    const wrong = digest ? `are not <name>:<realm>:<MD5 in hexadecimal> of realm ${quote(realm)}` : 'have no name or no password hash that can be checked (apr1, SHA, bcrypt up to cost 12, crypt)';
    notes.findings.push(finding('secret-invalid', object, `Secret ${name}: ${lines.length - users.length} of its users ${wrong}; they can't come in`));
  }
  if (users.length === 0 || users.length > mostUsers) return closed(source, `auth-secret: Secret ${name} must have 1 to ${mostUsers} users`, 'secret-invalid');
  return { realm, users, ...(digest && { digest }) };
}

function closed({ object, notes }: BasicAuthSource, why: string, kind: FindingKind = 'protection-not-supported'): 'closed' {
  notes.findings.push(finding(kind, object, `annotation ${why}; requests are answered with 503 rather than let through without it`));
  return 'closed';
}

/** A line of a htdigest file as the data plane has it; of another realm, none. */
function withoutRealm(line: string, realm: string): string {
  const [name = '', ...rest] = line.split(':');
  const hash = rest.pop() ?? '';
  return rest.join(':') === realm ? `${name}:${hash.toLowerCase()}` : '';
}

function linesOfFile({ data }: Secret): string[] {
  return decode(data?.auth).split('\n').map((line) => line.replace(/\r$/, '')).filter((line) => line !== '' && !line.startsWith('#'));
}

function linesOfMap({ data = {} }: Secret): string[] {
  return Object.entries(data).map(([user, hash]) => `${user}:${decode(hash).trim()}`);
}

/** Base64 as the Secret API carries it; what is none has no users. */
function decode(base64: string | undefined): string {
  try {
    return atob(base64 ?? '');
  } catch {
    return '';
  }
}
