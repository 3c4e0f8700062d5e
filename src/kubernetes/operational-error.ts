// What the world does to us: the API is away, slow, says no, or answers nonsense. A closed list of codes to branch on,
// the cause kept. A user's mistake is a finding and a bug throws plainly; neither is ever one of these.

export type OperationalCode =
  | 'unreachable' | 'timeout' | 'aborted' | 'unauthorized' | 'forbidden' | 'not-found' | 'conflict' | 'invalid' | 'gone'
  | 'too-many-requests' | 'server-error' | 'bad-answer' | 'bad-configuration';

export interface OperationalDetails {
  cause?: unknown;
  /** The HTTP status, where there was one. */
  status?: number;
  /** `reason` of the Status object, such as 'AlreadyExists'. */
  reason?: string;
  /** What the server asked to wait, already capped. */
  retryAfterMs?: number;
}

export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(readonly code: OperationalCode, message: string, details: OperationalDetails = {}) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Any failure of a request as one of ours; `what` names the request. */
  static from(error: unknown, what: string): OperationalError {
    if (error instanceof OperationalError) return error;
    const text = error instanceof Error ? error.message || error.name : String(error);
    return new OperationalError(codeOf(error), `${what}: ${text}`, { cause: error });
  }
}

export function hasCode(error: unknown, ...codes: OperationalCode[]): error is OperationalError {
  return error instanceof OperationalError && codes.includes(error.code);
}

const timeouts = new Set([
  'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT',
]);

function codeOf(error: unknown): OperationalCode {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (name === 'AbortError') return 'aborted';
  if (error instanceof SyntaxError || (typeof code === 'string' && code.startsWith('HPE_'))) return 'bad-answer';
  return typeof code === 'string' && timeouts.has(code) ? 'timeout' : 'unreachable';
}

/** The code for an HTTP status that is not 2xx. */
export function codeOfStatus(status: number): OperationalCode {
  const known = statusCodes[status];
  if (known !== undefined) return known;
  return status >= 500 ? 'server-error' : 'bad-answer';
}

const statusCodes: Record<number, OperationalCode> = {
  400: 'invalid', 401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 409: 'conflict', 410: 'gone', 413: 'invalid',
  415: 'invalid', 422: 'invalid', 429: 'too-many-requests',
};
