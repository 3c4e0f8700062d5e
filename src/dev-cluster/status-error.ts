// The errors of the API as a client sees them: a `Status` object with HTTP code, reason and details.
// Messages follow a real API server's wording, because kubectl prints them and clients match on them.
import type { ResourceType } from './resources.js';
import type { FieldError } from './field-error.js';

export interface StatusCause { reason?: string; message?: string; field?: string }

export interface StatusDetails {
  name?: string; group?: string; kind?: string; uid?: string; causes?: StatusCause[]; retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status'; apiVersion: 'v1'; metadata: object; status: 'Success' | 'Failure';
  message?: string; reason?: string; details?: StatusDetails; code: number;
}

/** Thrown anywhere while a request is handled; answered as its `status`. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details: StatusDetails = {}) {
    super(message);
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
  }
}

/** `ingresses.networking.k8s.io`, or `services` for the core group. */
const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

const detailsOf = (type: ResourceType, name: string, kind: string): StatusDetails =>
  ({ name, ...(type.group === '' ? {} : { group: type.group }), kind });

const about = (type: ResourceType, name: string): string => `${qualified(type.plural, type.group)} ${JSON.stringify(name)}`;

export const notFound = (type: ResourceType, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${about(type, name)} not found`, detailsOf(type, name, type.plural));

export const unknownPath = (): StatusError => new StatusError(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (type: ResourceType, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${about(type, name)} already exists`, detailsOf(type, name, type.plural));

export const conflict = (type: ResourceType, name: string, detail: string): StatusError =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${about(type, name)}: ${detail}`, detailsOf(type, name, type.plural));

export const staleWrite = (type: ResourceType, name: string): StatusError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again');

export function invalid(type: ResourceType, name: string, errors: readonly FieldError[]): StatusError {
  const causes = errors.map(({ reason, body, field }) => ({ reason, message: body, field }));
  const texts = errors.map(({ field, body }) => `${field}: ${body}`);
  const text = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  return new StatusError(422, 'Invalid', `${qualified(type.kind, type.group)} ${JSON.stringify(name)} is invalid: ${text}`,
    { ...detailsOf(type, name, type.kind), causes });
}

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);

/** What a real API server answers when a body cannot be decoded into its kind. */
export const undecodable = (type: ResourceType, detail: string): StatusError =>
  badRequest(`${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${detail}`);

export const forbidden = (type: ResourceType, name: string, detail: string): StatusError =>
  new StatusError(403, 'Forbidden', `${about(type, name)} is forbidden: ${detail}`, detailsOf(type, name, type.plural));

export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized');

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const unsupportedMediaType = (message: string): StatusError => new StatusError(415, 'UnsupportedMediaType', message);

export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message);

/** A client may know a resourceVersion that this server has not reached: it is told to come back. */
export const tooLargeResourceVersion = (asked: number, current: number): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`,
    { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 });
