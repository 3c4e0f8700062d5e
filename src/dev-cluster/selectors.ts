// Label and field selectors of lists and watches: text in, a predicate out. A selector that cannot be read is a 400.
import type { KubeObject, ResourceType } from './resources.js';
import { badRequest } from './status-error.js';

export type Predicate = (object: KubeObject) => boolean;

interface Requirement { key: string; operator: string; values: string[] }

/** Undefined when the text selects everything. */
export function parseLabelSelector(text: string): Predicate | undefined {
  const requirements = splitTopLevel(text).map(parseLabelRequirement);
  if (requirements.length === 0) return undefined;
  return (object) => requirements.every((requirement) => matchesLabel(object.metadata.labels ?? {}, requirement));
}

/** Commas between requirements, not those inside `in (a,b)`. */
function splitTopLevel(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== '');
}

function parseLabelRequirement(text: string): Requirement {
  const set = /^([^\s=!(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) return { key: set[1]!, operator: set[2]!, values: set[3]!.split(',').map((value) => value.trim()) };
  const comparison = /^([^\s=!(),]+)\s*(==|=|!=)\s*([^\s=!(),]*)$/.exec(text);
  if (comparison) return { key: comparison[1]!, operator: comparison[2] === '!=' ? 'notin' : 'in', values: [comparison[3]!] };
  const existence = /^(!?)\s*([^\s=!(),]+)$/.exec(text);
  if (existence) return { key: existence[2]!, operator: existence[1] === '!' ? '!' : 'exists', values: [] };
  throw badRequest(`unable to parse requirement: found '${text}', expected: a label selector such as key=value, key!=value, key in (a,b), key, !key`);
}

function matchesLabel(labels: Record<string, string>, { key, operator, values }: Requirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in': return value !== undefined && values.includes(value);
    case 'notin': return value === undefined || !values.includes(value);
    case '!': return value === undefined;
    default: return value !== undefined;
  }
}

export interface FieldSelector {
  matches: Predicate;
  /** The one name that can match: authorisation by resourceNames looks at it. */
  name: string | undefined;
}

/** Undefined when the text selects everything. */
export function parseFieldSelector(type: ResourceType, text: string): FieldSelector | undefined {
  const terms = text.split(/(?<!\\),/).filter((part) => part.trim() !== '').map((term) => parseFieldTerm(type, term));
  if (terms.length === 0) return undefined;
  return {
    matches: (object) => terms.every(({ path, equal, value }) => (String(valueAt(object, path) ?? '') === value) === equal),
    name: terms.find(({ path, equal }) => equal && path.join('.') === 'metadata.name')?.value,
  };
}

interface FieldTerm { path: string[]; equal: boolean; value: string }

function parseFieldTerm(type: ResourceType, term: string): FieldTerm {
  const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(term.trim());
  if (!parsed) throw badRequest(`invalid field selector "${term}"; can't understand "${term}"`);
  const field = parsed[1]!.trim();
  if (!fieldsOf(type).includes(field)) throw badRequest(`field label not supported: ${field}`);
  return { path: (eventFields.get(field) ?? field).split('.'), equal: parsed[2] !== '!=', value: parsed[3]!.replaceAll(/\\(.)/g, '$1') };
}

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
/** Field names of an Event, also those of events.k8s.io, to where the stored core form has them. */
const eventFields = new Map([
  ...involved.map((part): [string, string] => [`regarding.${part}`, `involvedObject.${part}`]),
  ['source', 'source.component'],
  ['reportingController', 'reportingComponent'],
]);
const eventFieldNames = [...involved.map((part) => `involvedObject.${part}`), ...eventFields.keys(), 'reason', 'reportingComponent', 'type'];

function fieldsOf(type: ResourceType): string[] {
  const common = type.namespaced ? ['metadata.name', 'metadata.namespace'] : ['metadata.name'];
  if (type.kind === 'Event') return [...common, ...eventFieldNames];
  if (type.kind === 'Secret') return [...common, 'type'];
  if (type.kind === 'Namespace') return [...common, 'status.phase'];
  if (type.kind === 'Service') return [...common, 'spec.clusterIP', 'spec.type'];
  return common;
}

function valueAt(object: KubeObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], object);
}
