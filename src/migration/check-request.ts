// One request that is put to two listeners, and the answer of one of them, as far as answers are compared.

export interface CheckRequest {
  method: string;
  scheme: 'http' | 'https';
  host: string;
  /** As it is sent, query included. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** `namespace/name` of the Ingress that it was made for; '' when a log names none. */
  ingress: string;
  /** 'path': one that a rule takes; 'edge': beside a rule, where implementations differ; 'log': somebody has asked it. */
  why: 'path' | 'edge' | 'log';
}

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, readonly string[]>>;
  /** SHA-256 of the body as it came, in hexadecimal. */
  bodyHash: string;
  bodyBytes: number;
  /** SHA-256 fingerprint of the certificate that was shown. */
  certificate?: string;
}

/** The answer, or why there was none. */
export type Outcome = Answer | { failed: string };

/** As text: what makes two requests the same. */
export function requestKey({ method, scheme, host, path, headers }: CheckRequest): string {
  return `${method} ${scheme}://${host}${path} ${JSON.stringify(headers)}`;
}

/** Methods that change nothing (RFC 9110, section 9.2.1), as far as they are asked. */
export const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
