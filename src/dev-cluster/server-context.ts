// What the request handlers share: the parts of the server and the questions that its owner may answer.
import type { KubeObject } from './resources.js';
import type { ReachService } from './call-webhooks.js';
import type { KindRules } from './kind-rules.js';
import type { ObjectRemover } from './delete-objects.js';
import type { ObjectStore } from './object-store.js';
import type { ObjectWriter } from './object-writer.js';
import type { WatchLimits, WatchStream } from './watch-stream.js';

/** What somebody wants to do, in the words of RBAC. */
export interface AccessRequest {
  verb: string;
  group: string;
  /** Plural; with a subresource `ingresses/status`. */
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
  user: string;
}

/** One handled request. `at` is when it was decided, in milliseconds of the monotonic clock. */
export interface RequestRecord extends AccessRequest {
  code: number;
  at: number;
  userAgent: string;
  /** What a successful write left behind. */
  written?: KubeObject;
}

export interface ServerContext {
  store: ObjectStore;
  rules: KindRules;
  writer: ObjectWriter;
  remover: ObjectRemover;
  limits: WatchLimits;
  /** Bearer token to user. */
  tokens: Map<string, string>;
  watches: Set<WatchStream>;
  authorize: (request: AccessRequest) => boolean;
  onRequest: (record: RequestRecord) => void;
  reachService: ReachService | undefined;
}
