// One class shared by several controllers: each has its hosts, one speaks for each Ingress, and a change of members moves
// hosts without leaving any unserved.

import { expect } from 'chai';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import { memberOf, parseShard, type Shard, speakingHost } from '../../../src/core/shard.js';
import { type CheckedSink, checkedSink } from '../../fixtures/checked-sink.js';
import { eventually } from '../../fixtures/eventually.js';
import { type Member, type Rig, classNamed, ingressFor, startRig } from './instances.js';

const INGRESSES = 60;
const share = (text: string): Claim => claimOf('big', { addresses: [{ hostname: 'big.test' }], shard: parseShard(text) as Shard });
/** Some with one host, some with several, one with a wildcard. */
const hostsOf = (at: number): string[] => (at === 0 ? ['*.big.test'] : at % 3 === 0 ? [`h-${at}.big.test`, `i-${at}.big.test`, `j-${at}.other.test`] : [`h-${at}.big.test`]);
const allHosts = Array.from({ length: INGRESSES }, (_, at) => hostsOf(at)).flat().sort();

describe('feature: a class in shares', function () {
  this.timeout(60_000);
  let rig: Rig;
  let sink: CheckedSink;

  beforeEach(async () => {
    rig = await startRig();
    sink = checkedSink();
    rig.api.store.create(classNamed('big'));
    rig.api.store.create(classNamed('foreign', 'example.com/other'));
    for (let at = 0; at < 500; at += 1) rig.api.store.create(ingressFor('foreign', `foreign-${at}`, [`h-${at}.big.test`], 'foreign'));
    for (let at = 0; at < INGRESSES; at += 1) rig.api.store.create(ingressFor('big', `big-${at}`, hostsOf(at)));
  });
  afterEach(async () => {
    const written = rig.records.filter((one) => ['create', 'update', 'patch', 'delete'].includes(one.verb) && one.namespace === 'foreign');
    await rig.stop();
    expect(written).to.deep.equal([]);
  });

  const start = (member: string, of: string): Promise<Member> => rig.start(`m${member}-${of}`, { claims: [share(`${member}/${of}`)], sink });
  const hostsIn = (table: string): string[] => [...sink.tables.get(table)?.entries.keys() ?? []].filter((key) => key.startsWith('host/')).map((key) => key.slice('host/'.length));
  const served = (members: number): string[] => Array.from({ length: members }, (_, at) => hostsIn(`big.shard-${at + 1}`)).flat().sort();

  it('each host is in one table, and one member writes the status of each Ingress, once', async () => {
    const members = [await start('1', '2'), await start('2', '2')];
    await eventually(() => expect(served(2)).to.deep.equal(allHosts), 10_000);
    const byUser = (member: string): string[] => rig.writesBy(`m${member}-2`).filter(({ resource }) => resource === 'ingresses/status').map(({ name }) => name!);
    await eventually(() => expect([...byUser('1'), ...byUser('2')].length).to.equal(INGRESSES), 30_000);
    for (let at = 0; at < INGRESSES; at += 1) {
      const hosts = hostsOf(at);
      const speaker = memberOf(speakingHost({ spec: { rules: hosts.map((host) => ({ host })) } }), ['1', '2']);
      expect(byUser(speaker), `big-${at}`).to.include(`big-${at}`);
      expect(byUser(speaker === '1' ? '2' : '1')).to.not.include(`big-${at}`);
    }
    for (const member of members) expect(member.controller.claims()[0]!.conflicts).to.deep.equal([]);
    const counted = await Promise.all(members.map((member) => member.metric('ingress_arbiter_ingresses', { ingress_class: 'big', rule: 'field' })));
    expect(counted[0]! + counted[1]!).to.equal(INGRESSES);
  });

  it('a third member, one process after the other: no host is unserved for a moment, and only its share moves', async () => {
    const old = [await start('1', '2'), await start('2', '2')];
    await eventually(() => expect(served(2)).to.deep.equal(allHosts), 10_000);
    const before = new Map(['1', '2'].flatMap((member) => hostsIn(`big.shard-${member}`).map((host) => [host, member] as const)));
    const missing: string[] = [];
    const { apply } = sink;
    sink.apply = async (update) => {
      const answer = await apply(update);
      const now = new Set(served(3));
      missing.push(...allHosts.filter((host) => !now.has(host)));
      return answer;
    };
    const third = await start('3', '3');
    await eventually(() => expect(hostsIn('big.shard-3').length).to.be.greaterThan(0));
    await eventually(() => expect(third.controller.claims()[0]!.conflicts.map(({ kind }) => kind)).to.include('shard'), 10_000);
    for (const [at, member] of ['1', '2'].entries()) {
      const next = await start(member, '3');
      await old[at]!.stop();
      await eventually(() => expect(next.controller.isStandby()).to.equal(false));
    }
    await eventually(() => expect(served(3)).to.deep.equal(allHosts), 10_000);
    expect(missing).to.deep.equal([]);
    const moved = allHosts.filter((host) => !hostsIn(`big.shard-${before.get(host)}`).includes(host));
    expect(moved).to.have.members(hostsIn('big.shard-3'));
    await eventually(() => expect(third.controller.claims()[0]!.conflicts).to.deep.equal([]), 10_000);
  });
});
