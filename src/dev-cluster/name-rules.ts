// The rules for names, label keys and values, DNS names: each check returns the complaints of a real API server, none when fine.
// Pure text; which field has to obey which rule is decided by the validate-… files.

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const labelPattern = whole(LABEL);
const subdomainPattern = whole(SUBDOMAIN);
const wildcardPattern = whole(`\\*\\.${SUBDOMAIN}`);
const label1035Pattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedPattern = whole(QUALIFIED);
const labelValuePattern = whole(`(${QUALIFIED})?`);

const maxLength = (max: number): string => `must be no more than ${max} characters`;
/** `$` of JavaScript without the m flag ends at the end only, so a trailing newline never passes. */
const regexText = (text: string, pattern: string, ...examples: string[]): string =>
  `${text} (${examples.length === 0 ? '' : `e.g. ${examples.map((each) => `'${each}'`).join(', or ')}, `}regex used for validation is '${pattern}')`;

export function dns1123Label(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(labelPattern.test(value) ? [] : [regexText(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      LABEL, 'my-name', '123-abc')]),
  ];
}

export function dns1035Label(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(label1035Pattern.test(value) ? [] : [regexText(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      '[a-z]([-a-z0-9]*[a-z0-9])?', 'my-name', 'abc-123')]),
  ];
}

export function dns1123Subdomain(value: string): string[] {
  return [
    ...(value.length > 253 ? [maxLength(253)] : []),
    ...(subdomainPattern.test(value) ? [] : [regexText(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      SUBDOMAIN, 'example.com')]),
  ];
}

export function wildcardSubdomain(value: string): string[] {
  return [
    ...(value.length > 253 ? [maxLength(253)] : []),
    ...(wildcardPattern.test(value) ? [] : [regexText(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      `\\*\\.${SUBDOMAIN}`, '*.example.com')]),
  ];
}

export function fullyQualifiedDomainName(value: string): string[] {
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const errors = dns1123Subdomain(name);
  if (errors.length > 0) return errors;
  return name.split('.').length < 2 ? ['should be a domain with at least two segments separated by dots'] : [];
}

/** `name` or `prefix/name`: keys of labels and annotations, application protocols. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [`a qualified name ${regexText(
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1)!;
  return [
    ...(parts.length === 2 ? prefixErrors(parts[0]!) : []),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(name.length > 63 ? [`name part ${maxLength(63)}`] : []),
    ...(qualifiedPattern.test(name) ? [] : [`name part ${regexText(
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      QUALIFIED, 'MyName', 'my.name', '123-abc')}`]),
  ];
}

const prefixErrors = (prefix: string): string[] =>
  (prefix === '' ? ['prefix part must be non-empty'] : dns1123Subdomain(prefix).map((message) => `prefix part ${message}`));

export function labelValue(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(labelValuePattern.test(value) ? [] : [regexText(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      `(${QUALIFIED})?`, 'MyValue', 'my_value', '12345')]),
  ];
}

/** `example.com/some/path`: the controller of an IngressClass. */
export function domainPrefixedPath(value: string): string[] {
  const slash = value.indexOf('/');
  if (slash < 1 || slash === value.length - 1) return ['must be a domain-prefixed path (such as "acme.io/foo")'];
  const path = value.slice(slash + 1);
  return [
    ...dns1123Subdomain(value.slice(0, slash)),
    ...(/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path) ? [] : [`Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`]),
  ];
}

/** IANA service name, as a backend or a Service refers to a port by it. */
export function portName(value: string): string[] {
  return [
    ...(value.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]+$/.test(value) ? [] : ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
    ...(/[a-z]/.test(value) ? [] : ['must contain at least one letter (a-z)']),
    ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(value.startsWith('-') || value.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ];
}

export const portNumber = (value: unknown): string[] =>
  (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535 ? [] : ['must be between 1 and 65535, inclusive']);

export function pathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((character) => value.includes(character)).map((character) => `may not contain '${character}'`);
}

/** Keys of a Secret or ConfigMap. */
export function dataKey(value: string): string[] {
  return [
    ...(value.length > 253 ? [maxLength(253)] : []),
    ...(/^[-._a-zA-Z0-9]+$/.test(value) ? [] : [regexText(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name')]),
    ...(value === '.' ? ["must not be '.'"] : []),
    ...(value.startsWith('..') ? [value === '..' ? "must not be '..'" : "must not start with '..'"] : []),
  ];
}
