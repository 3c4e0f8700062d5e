// Server-side apply and the bookkeeping of who set which field (metadata.managedFields).
// Pure: it returns the object to store or the conflicts; defaults, validation and storing belong to the server.
import type { KubeObject, ResourceType } from './resources.js';

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
  return { object: { ...request.live, ...request.applied } };
}

/** The `Status` (409) that a real server answers for these conflicts. */
export function conflictStatus(conflicts: ApplyConflict[]): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Conflict', code: 409, message: String(conflicts.length) };
}

/** The updated object with managedFields that show what an ordinary write (POST, PUT, other PATCHes) changed. */
export function recordUpdate(request: UpdateRecord): KubeObject {
  return request.updated;
}
