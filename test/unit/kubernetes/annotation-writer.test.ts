// Writing one annotation: under the version that it was decided from, only by whoever may, each wish once, past failures.
import { expect } from 'chai';
import { type AnnotationWish, type AnnotationWriter, startAnnotationWriter } from '../../../src/kubernetes/annotation-writer.js';
import type { KubeApi } from '../../../src/kubernetes/kube-api.js';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { FakeClock, breathe, until } from '../../fixtures/fake-clock.js';

type Patch = Parameters<KubeApi['patch']>;

describe('annotation writer', () => {
  let clock: FakeClock;
  let patches: { name: string; body: unknown; options: Patch[2] }[];
  /** What the API says next, by Ingress; it takes everything else. */
  let answers: Map<string, (OperationalError | 'never')[]>;
  let results: string[];
  let writer: AnnotationWriter;
  beforeEach(() => {
    clock = new FakeClock();
    patches = [];
    answers = new Map();
    results = [];
    wanted = new Set();
    const patch = async ({ name }: Patch[0], body: Patch[1], options: Patch[2]): Promise<never> => {
      patches.push({ name, body, options });
      const answer = answers.get(name)?.shift();
      if (answer === 'never') await new Promise((_, reject) => { options!.signal!.addEventListener('abort', () => reject(new OperationalError('aborted', 'stopped'))); });
      else if (answer !== undefined) throw answer;
      return {} as never;
    };
    writer = startAnnotationWriter({
      api: { patch } as unknown as Pick<KubeApi, 'patch'>, annotation: 'x.test/note', clock, random: () => 0.5, perSecond: 10, burst: 4,
      onResult: (key, result) => { results.push(`${key} ${result}`); },
    });
  });
  afterEach(() => writer.stop());

  const wish = (name: string, more: Partial<AnnotationWish> = {}): [string, AnnotationWish] =>
    [`shop/${name}`, { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '7', text: 'one', mayWrite: () => true, remainingMs: () => 3000, ...more }];
  /** These and no others. */
  let wanted = new Set<string>();
  const want = (...wishes: [string, AnnotationWish][]): void => {
    const now = new Map(wishes);
    for (const key of new Set([...wanted, ...now.keys()])) writer.want(key, now.get(key));
    wanted = new Set(now.keys());
  };

  it('patches the one annotation of the object and version that it was decided from, and takes it away', async () => {
    want(wish('a'), wish('b', { text: undefined }));
    await until(() => results.length === 2);
    expect(patches.map(({ body }) => body)).to.deep.equal([
      { metadata: { uid: 'uid-a', resourceVersion: '7', annotations: { 'x.test/note': 'one' } } },
      { metadata: { uid: 'uid-b', resourceVersion: '7', annotations: { 'x.test/note': null } } },
    ]);
    expect(patches[0]!.options!.timeoutMs, 'no longer than the right lasts').to.equal(3000);
    expect(results).to.deep.equal(['shop/a written', 'shop/b written']);
  });

  it('writes the same wish once, and another one of the same object again', async () => {
    want(wish('a'));
    await until(() => results.length === 1);
    want(wish('a'));
    await breathe();
    expect(patches.length).to.equal(1);
    want(wish('a', { resourceVersion: '8' }));
    await until(() => results.length === 2);
    want();
    want(wish('a', { resourceVersion: '8' }));
    await until(() => results.length === 3);
  });

  it('leaves a conflict to the next decision: whoever was faster may have written the same', async () => {
    answers.set('a', [new OperationalError('conflict', 'somebody was faster')]);
    want(wish('a'));
    await until(() => results.length === 1);
    want(wish('a'));
    await clock.advance(120_000);
    expect([results, patches.length]).to.deep.equal([['shop/a conflict'], 1]);
    want(wish('a', { resourceVersion: '8' }));
    await until(() => results.length === 2);
    expect(results[1]).to.equal('shop/a written');
  });

  it('tries again what failed, ever more slowly, and forgets what is gone', async () => {
    answers.set('a', [new OperationalError('server-error', 'later'), new OperationalError('server-error', 'later')]);
    answers.set('b', [new OperationalError('not-found', 'gone')]);
    want(wish('a'), wish('b'));
    await until(() => results.length === 2);
    expect(results.sort()).to.deep.equal(['shop/a failed', 'shop/b gone']);
    for (let second = 0; second < 10 && results.length < 4; second += 1) {
      await clock.advance(1000);
      await breathe();
    }
    expect(results.slice(2)).to.deep.equal(['shop/a failed', 'shop/a written']);
    expect(patches.filter(({ name }) => name === 'b').length).to.equal(1);
  });

  it('is fenced: it asks for the right before, and the request asks again', async () => {
    let may = false;
    want(wish('a', { mayWrite: () => may }));
    await breathe();
    expect(patches).to.deep.equal([]);
    may = true;
    want(wish('a', { mayWrite: () => may }));
    await until(() => results.length === 1);
    const { permit } = patches[0]!.options!;
    may = false;
    expect(permit!()).to.equal(false);
    answers.set('b', [new OperationalError('aborted', 'no permit')]);
    want(wish('b'));
    await until(() => results.length >= 2);
    expect(results[1], 'another holder may write it').to.equal('shop/b not-holder');
  });

  it('keeps to its rate, and leaves out what is wanted no more when its turn comes', async () => {
    want(...Array.from({ length: 8 }, (_, at) => wish(`i${at}`)));
    await until(() => results.length === 4);
    await breathe();
    expect(patches.length, 'the burst').to.equal(4);
    want(wish('i7'));
    await clock.advance(2000);
    await until(() => results.length === 5);
    await clock.advance(2000);
    expect(results.slice(4)).to.deep.equal(['shop/i7 written']);
  });

  it('ends what is under way when it is stopped, and tells nothing of it', async () => {
    answers.set('a', ['never']);
    want(wish('a'));
    await until(() => patches.length === 1);
    await writer.stop();
    expect(results).to.deep.equal([]);
  });
});
