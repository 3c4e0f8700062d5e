// A claim in one word of the command line, and what is claimed when nothing is said.

import { type Claim, claimOf, ownController } from '../../core/claim.js';
import type { Snapshot } from '../../core/snapshot.js';
import { external, internal } from '../dev/dev-settings.js';

type Settings = Partial<Omit<Claim, 'class'>>;

const list = (value: string): string[] => value.split('+').filter((one) => one !== '');
const settings: Readonly<Record<string, (value: string) => Settings | undefined>> = {
  annotations: (value) => ({ annotationValues: list(value) }),
  controllers: (value) => ({ acceptedControllers: list(value) }),
  classPrecedence: (value) => (value === 'field' || value === 'annotation' ? { classPrecedence: value } : undefined),
  claimClassless: (value) => (value === 'true' || value === 'false' ? { claimClassless: value === 'true' } : undefined),
  namespaces: (value) => ({ namespaces: { names: list(value) } }),
  sslPassthrough: (value) => (value === 'true' || value === 'false' ? { sslPassthrough: value === 'true' } : undefined),
  prefixes: (value) => (list(value).length > 0 ? { annotationPrefixes: list(value) } : undefined),
};

export const claimSyntax = 'class[:setting=value,…]';

/**
 * Reads `class` or `class:annotations=a+b,controllers=c,classPrecedence=field,claimClassless,namespaces=x+y,sslPassthrough,prefixes=p`. Returns what is
 * wrong as a text.
 */
export function parseClaim(text: string): Claim | string {
  const [name = '', rest] = text.split(':', 2);
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) return `"${name}" is no name of a class; write ${claimSyntax}`;
  const read: Settings = {};
  for (const part of rest === undefined ? [] : rest.split(',')) {
    const [key = '', value = 'true'] = part.split('=', 2);
    const setting = Object.hasOwn(settings, key) ? settings[key]!(value) : undefined;
    if (setting === undefined) return `claim ${name}: "${part}" is no setting; these are: ${Object.keys(settings).join(', ')} (several values joined by +)`;
    Object.assign(read, setting);
  }
  return claimOf(name, read);
}

/**
 * Every IngressClass of our own controller value; the two classes of `dev` when there is none. In both, `nginx-external` takes
 * the old annotation value nginx too, as `dev` has it.
 */
export function defaultClaims({ ingressClasses }: Pick<Snapshot, 'ingressClasses'>): Claim[] {
  const own = [...ingressClasses.values()].filter(({ spec }) => spec?.controller === ownController).map(({ metadata }) => metadata.name);
  return (own.length > 0 ? own : [internal, external])
    .map((name) => claimOf(name, name === external ? { annotationValues: ['nginx'] } : {}));
}
