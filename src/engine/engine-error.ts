// What the world around the engine can do to it, as errors with a closed code and a sentence on what to do.
// A user's mistake in an Ingress is never one of these: that is a refusal, returned as data.

export type EngineErrorCode =
  /** engine.yaml, or the object in its place, is not valid. */
  | 'settings'
  | 'nginx-missing'
  | 'module-missing'
  | 'port-in-use'
  | 'port-forbidden'
  | 'configuration-refused'
  /** The prefix of nginx cannot be used: not writable, not readable by the workers, or another engine lives in it. */
  | 'work-directory'
  /** nginx runs, but its control socket does not answer. */
  | 'nginx-silent'
  /** The control socket gave an answer outside the protocol. */
  | 'control-answer'
  | 'stopped'
  /** One thing at a time. */
  | 'busy';

export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export function messageFrom(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a fault of the system (`ECONNREFUSED`), as node: tells it. */
export function codeFrom(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? 'UNKNOWN';
}
