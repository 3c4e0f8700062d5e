// How a standby says that it waits, how often, and how the holder takes out what is no longer true.
import { expect } from 'chai';
import { type StandbyAnnouncer, announceStandby } from '../../../src/controller/announce-standby.js';
import type { HeldClaim } from '../../../src/controller/hold-claim.js';
import { readStandbys } from '../../../src/core/standby-record.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { OperationalError } from '../../../src/kubernetes/operational-error.js';
import { FakeClock, settle } from '../../fixtures/fake-clock.js';

type Annotations = Record<string, string | null>;

describe('controller: announce-standby', () => {
  let clock: FakeClock;
  let lease: KubeObject;
  let patches: Annotations[];
  let fault: OperationalError | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    lease = { metadata: { name: 'blue', namespace: 'arbiter', annotations: {} }, spec: { holderIdentity: 'holder' } };
    patches = [];
    fault = undefined;
  });

  const announcer = (identity: string, log: string[] = []): StandbyAnnouncer => announceStandby({
    api: {
      patch: async (_ref, patch) => {
        const { annotations } = (patch as { metadata: { annotations: Annotations } }).metadata;
        patches.push(annotations);
        if (fault !== undefined) throw fault;
        const merged = Object.entries({ ...lease.metadata.annotations, ...annotations }).filter(([, value]) => value !== null);
        lease = { ...lease, metadata: { ...lease.metadata, annotations: Object.fromEntries(merged) as Record<string, string> } };
        return lease;
      },
    },
    identity, installation: 'default', log: (_level, message) => log.push(message), clock,
  });
  const claim = (isHolder: boolean): HeldClaim => ({ elector: { name: 'blue', isHolder: () => isHolder } } as unknown as HeldClaim);
  /** The Lease as it is seen at each renewal of the holder, every 2 s. */
  const renewals = async (seconds: number, ...takers: [StandbyAnnouncer, HeldClaim][]): Promise<void> => {
    for (let second = 0; second < seconds; second += 2) {
      for (const [announce, held] of takers) announce.take(held, lease, readStandbys(lease.metadata));
      await settle();
      await clock.advance(2000);
    }
  };
  const shown = (): string[] => readStandbys(lease.metadata).map(({ identity }) => identity);

  it('says it once and again each minute, another text each time', async () => {
    await renewals(180, [announcer('b'), claim(false)]);
    expect(shown()).to.deep.equal(['b']);
    expect(patches).to.have.length(3);
    expect(new Set(patches.map((one) => JSON.stringify(one))).size).to.equal(3);
  });

  it('says nothing while nobody holds the claim: it is about to take it', async () => {
    lease = { ...lease, spec: { holderIdentity: '' } };
    await renewals(10, [announcer('b'), claim(false)]);
    expect(patches).to.deep.equal([]);
  });

  it('the holder leaves a living standby and takes out a silent one after two and a half minutes', async () => {
    const [a, b, c] = [announcer('a'), announcer('b'), announcer('c')];
    await renewals(10, [a, claim(true)], [b, claim(false)], [c, claim(false)]);
    expect(shown().sort()).to.deep.equal(['b', 'c']);
    await renewals(130, [a, claim(true)], [b, claim(false)]);
    expect(shown().sort()).to.deep.equal(['b', 'c']);
    await renewals(300, [a, claim(true)], [b, claim(false)]);
    expect(shown()).to.deep.equal(['b']);
  });

  it('takes its own word out when it has become the holder, and when it ends', async () => {
    const [a, b] = [announcer('a'), announcer('b')];
    await renewals(4, [a, claim(false)], [b, claim(false)]);
    expect(shown()).to.have.length(2);
    await renewals(4, [a, claim(true)]);
    expect(shown()).to.deep.equal(['b']);
    await b.stop();
    expect(shown()).to.deep.equal([]);
    await renewals(4, [b, claim(false)]);
    expect(shown()).to.deep.equal([]);
  });

  it('asks once where it is forbidden, and goes on after any other fault', async () => {
    const log: string[] = [];
    fault = new OperationalError('forbidden', 'no');
    await renewals(20, [announcer('b', log), claim(false)]);
    expect([patches.length, log.length]).to.deep.equal([1, 1]);
    fault = new OperationalError('unreachable', 'away');
    const other = announcer('c', log);
    await renewals(4, [other, claim(false)]);
    fault = undefined;
    await renewals(4, [other, claim(false)]);
    expect(shown()).to.deep.equal(['c']);
  });
});
