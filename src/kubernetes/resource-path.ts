// Paths and query strings of the Kubernetes API. Every part that comes from an object is percent-encoded: a name can be
// hostile when it comes from anywhere but the API server.
import type { ObjectRef, Resource } from './kube-object.js';
import { OperationalError } from './operational-error.js';

export interface Selection {
  resource: Resource;
  /** All namespaces when absent. */
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
}

/** Only what selects; what is empty selects nothing and is left out. */
export function selectionOf({ resource, namespace, fieldSelector, labelSelector }: Selection): Selection {
  return { resource, ...(namespace ? { namespace } : {}), ...(fieldSelector ? { fieldSelector } : {}), ...(labelSelector ? { labelSelector } : {}) };
}

export interface ListQuery extends Selection {
  limit?: number;
  continue?: string;
  /** A state at least as new as this version. Absent: the newest, agreed on by the servers (a quorum read). */
  notOlderThan?: string;
}

export interface WatchQuery extends Selection {
  /** Where it starts. With `initialEvents`: how new what exists has to be at least; '' is the newest, agreed on by the servers. */
  resourceVersion: string;
  /** Everything that exists comes first, as events, and a marked bookmark says when that is complete. */
  initialEvents?: boolean;
  timeoutSeconds: number;
}

export function objectPath({ resource, namespace, name }: ObjectRef): string {
  return `${collectionPath(resource, namespace)}/${segment(name)}`;
}

export function listPath(query: ListQuery): string {
  const parameters = selectors(query);
  if (query.limit !== undefined) parameters.set('limit', String(query.limit));
  if (query.continue !== undefined) parameters.set('continue', query.continue);
  // A continue token carries its own version, and the server refuses a second one. Without the match rule a version
  // together with a limit would mean exactly that version, however old.
  if (query.notOlderThan !== undefined && query.continue === undefined) {
    parameters.set('resourceVersion', query.notOlderThan);
    parameters.set('resourceVersionMatch', 'NotOlderThan');
  }
  return withQuery(query, parameters);
}

export function watchPath(query: WatchQuery): string {
  const parameters = selectors(query);
  parameters.set('watch', 'true');
  parameters.set('allowWatchBookmarks', 'true');
  if (query.resourceVersion !== '') parameters.set('resourceVersion', query.resourceVersion);
  if (query.initialEvents === true) {
    parameters.set('sendInitialEvents', 'true');
    parameters.set('resourceVersionMatch', 'NotOlderThan');
  }
  parameters.set('timeoutSeconds', String(query.timeoutSeconds));
  return withQuery(query, parameters);
}

function selectors({ fieldSelector, labelSelector }: Selection): URLSearchParams {
  const parameters = new URLSearchParams();
  if (fieldSelector) parameters.set('fieldSelector', fieldSelector);
  if (labelSelector) parameters.set('labelSelector', labelSelector);
  return parameters;
}

function withQuery({ resource, namespace }: Selection, parameters: URLSearchParams): string {
  const query = parameters.toString();
  return collectionPath(resource, namespace) + (query === '' ? '' : `?${query}`);
}

function collectionPath({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace ? `${root}/namespaces/${segment(namespace)}/${plural}` : `${root}/${plural}`;
}

function segment(name: string): string {
  // The only names that percent-encoding leaves able to climb.
  if (name === '' || name === '.' || name === '..') throw new OperationalError('invalid', `"${name}" is not a name of an object`);
  return encodeURIComponent(name);
}
