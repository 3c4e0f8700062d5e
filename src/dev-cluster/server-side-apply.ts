// Server-side apply and the bookkeeping of who set which field (metadata.managedFields).
// Pure: it returns the object to store or the conflicts; defaults, validation and storing belong to the server.
import isEqual from 'lodash/isEqual.js';
import isMatch from 'lodash/isMatch.js';
import type { KubeObject, ResourceType } from './resources.js';
import { without as withoutField } from './field-access.js';
import type { FieldPath, FieldSet } from './field-set.js';
import { compareFields, fieldsOf, isUnder, printPath } from './field-set.js';
import type { Manager } from './managed-fields.js';
import { managersOf, printManager, sameFields, withManagers } from './managed-fields.js';
import { mergeApplied, removeFields } from './merge-applied.js';

/** `manager` is ready for the message `conflict with ${manager}`: it is quoted and says what the manager wrote with. */
export interface ApplyConflict { manager: string; field: string }

export interface ApplyRequest {
  type: ResourceType;
  live: KubeObject | undefined;
  applied: KubeObject;
  manager: string;
  force: boolean;
  /** The time to write into managedFields, RFC 3339 with whole seconds. */
  now: string;
  /** 'status' when the status alone is applied; otherwise status is ignored. */
  subresource?: string;
}

export interface UpdateRecord {
  live: KubeObject | undefined;
  updated: KubeObject;
  manager: string;
  now: string;
  /** 'status', or '' for the object itself. */
  subresource: string;
}

export function serverSideApply(request: ApplyRequest): { object: KubeObject } | { conflicts: ApplyConflict[] } {
  const { type, live, manager, now, subresource = '' } = request;
  const applied = sectionOf(request.applied, subresource);
  const wanted: FieldSet = new Set(fieldsOf(applied, { kind: type.kind, containers: false }).keys());
  const managers = managersOf(live) ?? firstManagers(live);
  const own = managers.find((entry) => entry.operation === 'Apply' && entry.manager === manager && entry.subresource === subresource);
  const others = managers.filter((entry) => entry !== own);
  const merged = live === undefined ? mergeApplied(type.kind, emptyLike(applied), applied) : mergeApplied(type.kind, live, applied);

  const taken = takenFields(live, merged, wanted);
  const conflicts = conflictsWith(others, taken);
  if (conflicts.length > 0 && !request.force) return { conflicts };
  const left = others.map((entry) => ({ ...entry, fields: without(entry.fields, taken) }));

  const given = [...(own?.fields ?? [])].filter((path) => !wanted.has(path) && !isOwned(left, path) && ![...wanted].some((kept) => isUnder(kept, path)));
  const object = removeFields(type.kind, merged, given);
  const unchanged = own !== undefined && sameFields(own.fields, wanted) && isEqual({ ...live, metadata: bare(live) }, { ...object, metadata: bare(object) });
  const entry: Manager = {
    manager, operation: 'Apply', apiVersion: applied.apiVersion, subresource, fields: wanted, time: unchanged ? own.time : now,
  };
  return { object: withManagers(object, [...left, entry]) };
}

/** The `Status` (409) that a real server answers for these conflicts. */
export function conflictStatus(conflicts: ApplyConflict[]): object {
  const byManager = [...new Set(conflicts.map((conflict) => conflict.manager))].map((manager) => {
    const fields = conflicts.filter((conflict) => conflict.manager === manager).map((conflict) => conflict.field);
    return fields.length === 1 ? `conflict with ${manager}: ${fields[0]}` : `conflicts with ${manager}:\n${fields.map((field) => `- ${field}`).join('\n')}`;
  });
  const plural = conflicts.length === 1 ? 'conflict' : 'conflicts';
  return {
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Conflict', code: 409,
    message: `Apply failed with ${conflicts.length} ${plural}: ${byManager.join('\n')}`,
    details: {
      causes: conflicts.map(({ manager, field }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
    },
  };
}

/** The updated object with managedFields that show what an ordinary write (POST, PUT, other PATCHes) changed. */
export function recordUpdate(request: UpdateRecord): KubeObject {
  const { live, updated, manager, now, subresource } = request;
  if (live !== undefined && isReset(updated.metadata.managedFields)) return withManagers(updated, []);
  const managers = live === undefined ? [] : managersOf(updated) ?? managersOf(live) ?? [];
  const how = { kind: updated.kind, containers: true };
  const before = live === undefined ? new Map<FieldPath, unknown>() : fieldsOf(sectionOf(live, subresource), how);
  const { changed, removed } = compareFields(before, fieldsOf(sectionOf(updated, subresource), how));
  if (changed.size === 0 && removed.size === 0) return withManagers(updated, managers);

  const self = { manager, operation: 'Update' as const, apiVersion: updated.apiVersion, subresource };
  const own = managers.find((entry) => isMatch(entry, self));
  const touched: FieldSet = new Set([...changed, ...removed]);
  const left = managers.filter((entry) => entry !== own).map((entry) => ({ ...entry, fields: without(entry.fields, touched) }));
  const entry: Manager = { ...self, ...ownAfterUpdate(own, { changed, removed, now }) };
  return withManagers(updated, [...left, entry]);
}

function ownAfterUpdate(own: Manager | undefined, update: { changed: FieldSet; removed: FieldSet; now: string }): Pick<Manager, 'fields' | 'time'> {
  const fields = without(new Set([...(own?.fields ?? []), ...update.changed]), update.removed);
  return { fields, time: own !== undefined && update.changed.size === 0 ? own.time : update.now };
}

/** A client may drop all bookkeeping by sending an empty list, or a list of one empty entry. */
const isReset = (sent: unknown[] | undefined): boolean => Array.isArray(sent) && (sent.length === 0 || isEqual(sent, [{}]));

/** What a write through this subresource can reach: the status, or all but the status. */
function sectionOf(object: KubeObject, subresource: string): KubeObject {
  if (subresource === '') return 'status' in object ? withoutField(object, 'status') : object;
  const { apiVersion, kind, metadata: { name, namespace }, status } = object;
  return { apiVersion, kind, metadata: { name, namespace }, ...(status === undefined ? {} : { status }) };
}

/** Objects written before anybody kept count: all their fields belong to one placeholder, as on a real server. */
function firstManagers(live: KubeObject | undefined): Manager[] {
  if (live === undefined) return [];
  const fields: FieldSet = new Set(fieldsOf(live, { kind: live.kind, containers: true }).keys());
  return [{ manager: 'before-first-apply', operation: 'Update', apiVersion: live.apiVersion, subresource: '', time: '', fields }];
}

const emptyLike = (object: KubeObject): KubeObject => ({ apiVersion: object.apiVersion, kind: object.kind, metadata: { name: object.metadata.name } });

const bare = (object: KubeObject | undefined): object => ({ ...object?.metadata, managedFields: undefined });

/** What this apply gives another value. Agreeing on a value is no conflict: both then own it. */
function takenFields(live: KubeObject | undefined, merged: KubeObject, wanted: FieldSet): FieldSet {
  if (live === undefined) return new Set();
  const how = { kind: merged.kind, containers: false };
  const { changed } = compareFields(fieldsOf(live, how), fieldsOf(merged, how));
  return new Set([...changed].filter((path) => wanted.has(path)));
}

function conflictsWith(others: readonly Manager[], taken: FieldSet): ApplyConflict[] {
  return others.flatMap((entry) => [...taken].filter((path) => entry.fields.has(path)).sort()
    .map((path) => ({ manager: printManager(entry), field: printPath(path) })));
}

const without = (fields: FieldSet, gone: FieldSet): FieldSet => new Set([...fields].filter((path) => !gone.has(path)));

/** A field stays as long as anybody owns it or something inside it. */
function isOwned(managers: readonly Manager[], path: FieldPath): boolean {
  return managers.some(({ fields }) => fields.has(path) || [...fields].some((other) => isUnder(other, path)));
}
