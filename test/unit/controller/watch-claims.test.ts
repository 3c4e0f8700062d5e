// What the Leases of others tell: whose claims count, and when the own elector is told to look. The clock moves when told.
import { expect } from 'chai';
import { type ClaimWatch, watchClaims } from '../../../src/controller/watch-claims.js';
import type { HeldClaim } from '../../../src/controller/hold-claim.js';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import type { ClassClaim } from '../../../src/core/class-claims.js';
import { claimMarks, termsOf } from '../../../src/core/claim-record.js';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { buildLease } from '../../../src/kubernetes/lease-record.js';
import { leases } from '../../../src/kubernetes/resources.js';
import { eventually } from '../../fixtures/eventually.js';
import { FakeClock, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { plainConnection } from '../kubernetes/list-watch-rig.js';

describe('controller: watch-claims', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let watch: ClaimWatch;
  let pokes: number;
  let told: ClassClaim[][];

  const installation = { name: 'default', namespace: 'arbiter' };
  const blue = claimOf('blue');
  const putLease = (claim: Claim, namespace: string, holder: string, beat: number): void => {
    const now = new Date(1_700_000_000_000 + beat);
    server.put(leases, buildLease({
      namespace, name: claim.class, holder, durationSeconds: 15, transitions: 1, now, acquired: now, marks: claimMarks({ name: 'default', namespace }, termsOf(claim)),
    }));
  };
  const rivals = (): string[] => watch.claims.flatMap(({ conflicts }) => conflicts.map(({ rival }) => rival.lease));

  beforeEach(async () => {
    server = new FaultApiServer([leases]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    pokes = 0;
    told = [];
  });
  afterEach(async () => {
    await watch.stop();
    await connection.close();
    await server.stop();
  });

  const begin = async (): Promise<void> => {
    const elector = { name: 'blue', holder: 'me', isHolder: () => true, poke: () => { pokes += 1; } };
    watch = watchClaims({
      api: createKubeApi({ connection, clock, random: () => 0.5 }), installation, identity: 'me', held: [{ claim: blue, elector } as unknown as HeldClaim],
      log: () => undefined, onChange: (claims) => told.push([...claims]), clock,
    });
    await until(() => server.openWatches('leases').length === 1);
  };

  it('asks for Leases of claims only, not for those of nodes', async () => {
    await begin();
    for (const { query } of server.log) expect(query.get('labelSelector')).to.equal('ingress-arbiter.io/claim');
  });

  it('counts a claim when its holder has been seen to renew it, and no longer when it has been silent for twice its duration', async () => {
    putLease(blue, 'elsewhere', 'dead since Monday', 0);
    await begin();
    putLease(blue, 'third', 'alive', 0);
    putLease(blue, 'third', 'alive', 1);
    await eventually(() => expect(rivals()).to.deep.equal(['third/blue']));
    server.remove(leases, 'third/blue');
    putLease(blue, 'elsewhere', 'alive', 1);
    await eventually(() => expect(rivals()).to.deep.equal(['elsewhere/blue']));
    await clock.advance(29_000);
    expect(rivals()).to.deep.equal(['elsewhere/blue']);
    await clock.advance(6000);
    await eventually(() => expect(rivals()).to.deep.equal([]));
    putLease(blue, 'elsewhere', 'alive', 2);
    await eventually(() => expect(rivals()).to.deep.equal(['elsewhere/blue']));
  });

  it('counts no claim that was handed back or whose Lease is gone', async () => {
    putLease(blue, 'elsewhere', 'alive', 0);
    putLease(blue, 'third', 'alive', 0);
    await begin();
    for (const namespace of ['elsewhere', 'third']) putLease(blue, namespace, 'alive', 1);
    await eventually(() => expect(rivals()).to.deep.equal(['elsewhere/blue', 'third/blue']));
    putLease(blue, 'elsewhere', '', 2);
    server.remove(leases, 'third/blue');
    await eventually(() => expect(rivals()).to.deep.equal([]));
  });

  it('tells of a change once, not of every renewal', async () => {
    putLease(blue, 'elsewhere', 'alive', 0);
    await begin();
    putLease(blue, 'elsewhere', 'alive', 1);
    await eventually(() => expect(rivals()).to.have.length(1));
    const before = told.length;
    for (let beat = 2; beat < 12; beat += 1) putLease(blue, 'elsewhere', 'alive', beat);
    putLease(blue, 'elsewhere', '', 12);
    await eventually(() => expect(rivals()).to.have.length(0));
    expect(told.length).to.equal(before + 1);
  });

  it('has the elector look when somebody else has written its Lease or deleted it, and never for its own writes', async () => {
    await begin();
    putLease(blue, 'arbiter', 'me', 1);
    putLease(blue, 'arbiter', 'me', 2);
    putLease(blue, 'elsewhere', 'other', 3);
    putLease(claimOf('red'), 'arbiter', 'other', 3);
    await until(() => server.log.length > 0);
    putLease(blue, 'arbiter', 'other', 3);
    await eventually(() => expect(pokes).to.equal(1));
    putLease(blue, 'arbiter', '', 4);
    await eventually(() => expect(pokes).to.equal(2));
    server.remove(leases, 'arbiter/blue');
    await eventually(() => expect(pokes).to.equal(3));
  });
});
