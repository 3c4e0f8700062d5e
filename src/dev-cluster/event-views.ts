// Core v1 Event and events.k8s.io/v1 Event are two views of the same stored objects. Stored is the core form.
import mapKeys from 'lodash/mapKeys.js';
import type { KubeObject, ResourceType } from './resources.js';

/** Field of the core form, field of the events.k8s.io form. */
const renamed = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
] as const;

const toView = new Map<string, string>(renamed.map(([core, view]) => [core, view]));
const toCore = new Map<string, string>(renamed.map(([core, view]) => [view, core]));

const isView = (type: ResourceType): boolean => type.kind === 'Event' && type.group !== '';

/** The object as this served kind shows it. */
export function viewOf(type: ResourceType, stored: KubeObject): KubeObject {
  if (!isView(type)) return stored;
  return { ...mapKeys(stored, (_, field) => toView.get(field) ?? field), apiVersion: 'events.k8s.io/v1', kind: 'Event' } as KubeObject;
}

/** The object as it is stored. */
export function storedFrom(type: ResourceType, view: KubeObject): KubeObject {
  if (!isView(type)) return view;
  return { ...mapKeys(view, (_, field) => toCore.get(field) ?? field), apiVersion: 'v1', kind: 'Event' } as KubeObject;
}
