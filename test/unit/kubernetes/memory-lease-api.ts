// One Lease with the API's write rules, answered after delays on a fake clock, with the judge's log of every write.
import type { CallOptions, KubeApi } from '../../../src/kubernetes/kube-api.js';
import { sleep } from '../../../src/kubernetes/clock.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import type { FakeClock } from '../../fixtures/fake-clock.js';

export type LeaseApi = Pick<KubeApi, 'get' | 'create' | 'replace'>;

export interface LeaseWrite {
  at: number;
  spec: Record<string, unknown>;
}

export interface Link {
  /** How long a request and its answer take, each. */
  delay?: () => number;
  /** Called for each request as it reaches the server. */
  fail?: (verb: 'get' | 'create' | 'replace') => 'error' | 'lose-answer' | 'hang' | undefined;
}

export class MemoryLease {
  lease: KubeObject | undefined;
  readonly writes: LeaseWrite[] = [];
  private version = 0;

  constructor(private readonly clock: FakeClock) {}

  put(spec: unknown, metadata: object = {}): void {
    this.store({ metadata: { name: 'blue', namespace: 'arbiter', ...metadata }, spec });
  }

  spec(): Record<string, unknown> { return this.lease!['spec'] as Record<string, unknown>; }

  /** The API as one candidate reaches it. */
  api(link: Link = {}): LeaseApi {
    const through = async (verb: 'get' | 'create' | 'replace', options: CallOptions | undefined, run: () => KubeObject): Promise<KubeObject> => {
      const call = async (): Promise<KubeObject> => {
        await sleep(this.clock, link.delay?.() ?? 0);
        const fault = link.fail?.(verb);
        if (fault === 'hang') await new Promise(() => undefined);
        if (fault === 'error') throw new OperationalError('server-error', 'injected');
        const answer = structuredClone(run());
        if (fault === 'lose-answer') await new Promise(() => undefined);
        await sleep(this.clock, link.delay?.() ?? 0);
        return answer;
      };
      return this.deadline(call(), options?.timeoutMs ?? 10_000);
    };
    return {
      get: (_ref, options) => through('get', options, () => this.lease ?? this.refuse('not-found')),
      create: (_resource, object, options) => through('create', options, () => (this.lease ? this.refuse('conflict') : this.store(object))),
      replace: (_resource, object, options) => through('replace', options, () => {
        if (!this.lease) return this.refuse('not-found');
        return object.metadata.resourceVersion === this.lease.metadata.resourceVersion ? this.store(object) : this.refuse('conflict');
      }),
    };
  }

  private store(object: KubeObject): KubeObject {
    this.lease = structuredClone({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.version += 1) } });
    this.writes.push({ at: this.clock.now(), spec: { ...this.spec() } });
    return this.lease;
  }

  private refuse(code: 'not-found' | 'conflict'): never { throw new OperationalError(code, code); }

  private deadline(call: Promise<KubeObject>, ms: number): Promise<KubeObject> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(() => reject(new OperationalError('timeout', 'no answer')), ms);
      call.then(resolve, reject).finally(() => this.clock.clearTimeout(timer));
    });
  }
}
