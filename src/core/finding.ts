// Problems of users, as data: a closed catalogue with stable codes. The core returns findings, it never throws or logs them.

import { compareText } from './order.js';

export type Severity = 'error' | 'warning' | 'info';

/** Every kind of finding: its code never changes its meaning, a retired code is never used again. */
export const findingCatalogue = {
  'unknown-class': { code: 'IA101', severity: 'error' },
  'no-class': { code: 'IA102', severity: 'warning' },
  'namespace-not-allowed': { code: 'IA103', severity: 'error' },
  'annotation-and-field-differ': { code: 'IA104', severity: 'warning' },
  'several-default-classes': { code: 'IA105', severity: 'warning' },
  'foreign-class-of-that-name': { code: 'IA106', severity: 'warning' },
  'annotation-value-claimed-twice': { code: 'IA107', severity: 'error' },
  'classless-claimed-twice': { code: 'IA108', severity: 'error' },
  'invalid-host': { code: 'IA120', severity: 'error' },
  'invalid-path': { code: 'IA121', severity: 'error' },
  'unknown-path-type': { code: 'IA122', severity: 'error' },
  'invalid-regex': { code: 'IA123', severity: 'error' },
  'route-taken': { code: 'IA124', severity: 'error' },
  'too-many-routes': { code: 'IA125', severity: 'error' },
  'canary-unused': { code: 'IA126', severity: 'warning' },
  'alias-taken': { code: 'IA127', severity: 'warning' },
  'not-passed-through': { code: 'IA128', severity: 'warning' },
  'path-without-tls': { code: 'IA129', severity: 'warning' },
  'resource-backend': { code: 'IA130', severity: 'error' },
  'service-missing': { code: 'IA131', severity: 'error' },
  'service-port-missing': { code: 'IA132', severity: 'error' },
  'external-name': { code: 'IA133', severity: 'error' },
  'endpoint-refused': { code: 'IA134', severity: 'warning' },
  'too-many-endpoints': { code: 'IA135', severity: 'warning' },
  'secret-missing': { code: 'IA140', severity: 'error' },
  'secret-invalid': { code: 'IA141', severity: 'error' },
  'host-not-in-rules': { code: 'IA142', severity: 'warning' },
  'certificate-does-not-cover-host': { code: 'IA143', severity: 'warning' },
  'server-name-taken': { code: 'IA144', severity: 'warning' },
  'last-certificate-kept': { code: 'IA145', severity: 'error' },
  'config-map-missing': { code: 'IA146', severity: 'error' },
  'config-map-invalid': { code: 'IA147', severity: 'error' },
  'invalid-annotation': { code: 'IA150', severity: 'error' },
  'unsupported-annotation': { code: 'IA151', severity: 'warning' },
  'refused-annotation': { code: 'IA152', severity: 'error' },
  'protection-not-supported': { code: 'IA153', severity: 'error' },
  'unknown-annotation': { code: 'IA154', severity: 'warning' },
  'protection-under-other-prefix': { code: 'IA155', severity: 'error' },
  'route-taken-by-class': { code: 'IA160', severity: 'error' },
  'planning-failed': { code: 'IA161', severity: 'error' },
  'refused-by-engine': { code: 'IA170', severity: 'error' },
  'hand-over-unreadable': { code: 'IA180', severity: 'error' },
  'hand-over-waits': { code: 'IA181', severity: 'warning' },
  'hand-over-not-allowed': { code: 'IA182', severity: 'error' },
  'class-claimed-elsewhere': { code: 'IA201', severity: 'error' },
  'annotation-value-claimed-elsewhere': { code: 'IA202', severity: 'error' },
  'controller-accepted-elsewhere': { code: 'IA203', severity: 'warning' },
  'class-shared-differently': { code: 'IA204', severity: 'error' },
  'class-deleted': { code: 'IA230', severity: 'warning' },
  'settings-deleted': { code: 'IA231', severity: 'warning' },
  'settings-missing': { code: 'IA232', severity: 'error' },
  'setting-unknown': { code: 'IA233', severity: 'warning' },
  'setting-invalid': { code: 'IA234', severity: 'error' },
  'setting-not-carried-out': { code: 'IA235', severity: 'warning' },
  'default-backend-missing': { code: 'IA236', severity: 'error' },
  'default-certificate-missing': { code: 'IA237', severity: 'error' },
  'over-budget': { code: 'IA238', severity: 'error' },
  'publish-service-missing': { code: 'IA240', severity: 'warning' },
  'foreign-status-writer': { code: 'IA241', severity: 'warning' },
} as const satisfies Record<string, { code: `IA${number}`; severity: Severity }>;

export type FindingKind = keyof typeof findingCatalogue;

export interface Finding {
  kind: FindingKind;
  code: string;
  severity: Severity;
  /** Kind and key of the object it is about: `Ingress shop/web`. */
  object: string;
  /** What happened and what to do about it; the object is not repeated. */
  message: string;
}

/** A finding of the catalogue about one object. */
export function finding(kind: FindingKind, object: string, message: string): Finding {
  const { code, severity } = findingCatalogue[kind];
  return { kind, code, severity, object, message };
}

/** A value of a user as it may stand in a message: short, and never more than one line. `longest`: characters of it. */
export function quote(text: string, longest = 80): string {
  return withoutControls(JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text));
}

/** Orders findings by object, then code, then text. */
export function compareFindings(a: Finding, b: Finding): number {
  return compareText(a.object, b.object) || compareText(a.code, b.code) || compareText(a.message, b.message);
}

/** One line for people: object first, then what happened and what to do. Control bytes of user input are escaped. */
export function renderFinding({ code, object, message }: Finding): string {
  return withoutControls(`${code} ${object}: ${message}`);
}

/** Control characters and line ends of any kind as escapes: JSON leaves those beyond ASCII as they are. */
export function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
