// Shares of a class: who has which host, how little moves, and that all shares together are the whole class.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Claim } from '../../../src/core/claim.js';
import { claimName, claimOf } from '../../../src/core/claim.js';
import { type Decision, decide } from '../../../src/core/decide.js';
import { type Shard, hasHost, hostOfEntry, memberOf, parseShard, renderShard, speakingHost } from '../../../src/core/shard.js';
import { type Manifest, snapshotOf } from '../../fixtures/manifests.js';
import { claim, cluster } from '../../fixtures/random-cluster.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at + 1));
const hosts = Array.from({ length: 10_000 }, (_, at) => `shop-${at}.example.com`);
/** Budgets are counted by each share on its own (docs/running.md), so here they are left out. */
const isBudget = ({ kind, data = {} }: Manifest & { data?: Record<string, string> }): boolean => kind === 'ConfigMap' && Object.keys(data).some((key) => key.startsWith('max-'));
const decideOf = (objects: readonly Manifest[], by: Claim): Decision => decide(snapshotOf(objects.filter((one) => !isBudget(one))), [by], inspectStub);
const inShares = (whole: Claim, members: readonly string[]): Claim[] => members.map((member) => ({ ...whole, shard: { member, members } }));
const members = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { minLength: 1, maxLength: 6 });
/** A claim that takes nearly every Ingress of the random clusters, so that there is something to share. */
const greedy: fc.Arbitrary<Claim> = claim.map(({ class: name, classPrecedence, addresses }) =>
  claimOf(name, { classPrecedence, addresses, annotationValues: ['red', 'blue', 'green', 'constructor', 'nginx'], acceptedControllers: ['x/y'], claimClassless: true }));
const text = (values: Iterable<unknown>): string[] => [...new Set([...values].map((one) => JSON.stringify(one)))].sort();

describe('core: shards', function () {
  this.timeout(60_000);

  it('reads both forms and says what is wrong with others', () => {
    expect(parseShard('2/3')).to.deep.equal({ member: '2', members: ['1', '2', '3'] });
    expect(parseShard('b/a,b')).to.deep.equal({ member: 'b', members: ['a', 'b'] });
    for (const [wrong, why] of [['', 'write it as'], ['2', 'write it as'], ['0/3', 'none of its members'], ['4/3', 'none of'], ['c/a,b', 'none of'],
      ['1/2/3', 'write it as'], ['1/999', '256'], ['a/a,a', 'twice'], ['A/A,b', 'lower-case'], ['a/a,b c', 'lower-case'], ['a/a,', 'lower-case']] as const) {
      expect(parseShard(wrong), wrong).to.have.property('problem').that.includes(why);
    }
  });

  it('renders what it reads', () => {
    fc.assert(fc.property(members, fc.nat(), (names, pick) => {
      const shard = { member: names[pick % names.length]!, members: [...names].sort() };
      expect(parseShard(renderShard(shard))).to.deep.equal(shard);
    }));
  });

  it('names Lease and table after class and member, not after how many there are', () => {
    expect(claimName({ class: 'blue' })).to.equal('blue');
    expect(claimName({ class: 'blue', shard: parseShard('2/8') as Shard })).to.equal('blue.shard-2');
    expect(claimName({ class: 'blue', shard: parseShard('2/9') as Shard })).to.equal('blue.shard-2');
  });

  it('gives every host to exactly one member, whatever the order of the members', () => {
    fc.assert(fc.property(fc.string(), members, (host, names) => {
      expect(names.filter((member) => hasHost({ member, members: names }, host))).to.have.length(1);
      expect(memberOf(host, [...names].reverse())).to.equal(memberOf(host, names));
    }), { numRuns: 2000 });
  });

  it('gives each of 8 members its eighth of 10,000 similar hosts, a tenth more or less', () => {
    const counts = new Map<string, number>();
    for (const host of hosts) counts.set(memberOf(host, numbers(8)), (counts.get(memberOf(host, numbers(8))) ?? 0) + 1);
    for (const member of numbers(8)) expect(counts.get(member), member).to.be.within(1125, 1375);
  });

  it('moves only hosts of the member that comes or goes, and no more than its share and a tenth', () => {
    for (const count of [1, 2, 3, 8, 20]) {
      const before = numbers(count);
      const after = numbers(count + 1);
      const moved = hosts.filter((host) => memberOf(host, before) !== memberOf(host, after));
      for (const host of moved) expect(memberOf(host, after)).to.equal(String(count + 1));
      expect(moved.length / hosts.length, `${count} to ${count + 1}`).to.be.at.most(1.1 / (count + 1));
      expect(moved.length / hosts.length).to.be.at.least(0.9 / (count + 1));
    }
  });

  it('moves nothing between two members that stay, whatever comes and goes beside them', () => {
    fc.assert(fc.property(fc.domain(), members, members, (host, before, after) => {
      const was = memberOf(host, before);
      const is = memberOf(host, after);
      if (after.includes(was) && before.includes(is)) expect(is).to.equal(was);
    }), { numRuns: 2000 });
  });

  it('lets the shares part the class\'s table: together they have all of it, and each host is in one only', () => {
    let parted = 0;
    fc.assert(fc.property(cluster, greedy, members, (objects, whole, names) => {
      const one = decideOf(objects, whole).tables.get(whole.class)!;
      const shares = inShares(whole, names).map((share) => decideOf(objects, share).tables.get(whole.class)!);
      const together = shares.flatMap((table) => [...table]);
      expect(text(together)).to.deep.equal(text(one));
      const keys = together.map(([key]) => key).filter((key) => hostOfEntry(key) !== undefined);
      expect(new Set(keys).size).to.equal(keys.length);
      for (const table of shares) for (const [, value] of table) if ('routes' in value) for (const { backend } of value.routes) expect(table.has(backend)).to.equal(one.has(backend));
      if (shares.filter((table) => table.size > 0).length > 1) parted += 1;

    }), { numRuns: 1000 });
    expect(parted).to.be.greaterThan(10);
  });

  it('lets one share alone speak for an Ingress: its status and its findings', () => {
    let written = 0;
    fc.assert(fc.property(cluster, greedy, members, (objects, whole, names) => {
      const one = decideOf(objects, whole);
      const shares = inShares(whole, names).map((share) => decideOf(objects, share));
      const writes = shares.flatMap(({ statusWrites }) => statusWrites);
      expect(writes.map((write) => JSON.stringify(write)).sort()).to.deep.equal(one.statusWrites.map((write) => JSON.stringify(write)).sort());
      expect(text(shares.flatMap(({ findings }) => findings))).to.deep.equal(text(one.findings));
      const owned = ({ findings }: Decision): string[] => findings.filter(({ object }) => one.ownership.get(object.replace('Ingress ', ''))?.owner !== undefined)
        .map((finding) => JSON.stringify(finding));
      expect(shares.flatMap(owned).sort()).to.deep.equal(owned(one).sort());
      if (names.length > 1) written += writes.length;
    }), { numRuns: 1000 });
    expect(written).to.be.greaterThan(10);
  });

  it('chooses the speaking host whatever the order and spelling of the rules', () => {
    expect(speakingHost({ spec: { rules: [{ host: 'b.test' }, { host: 'A.Test.' }] } })).to.equal('a.test');
    expect(speakingHost({ spec: { rules: [{ host: 'bad_host' }, {}] } })).to.equal('');
    expect(speakingHost({})).to.equal('');
  });

  it('keeps a wildcard apart from the hosts that it covers: an exact host may be with another member', () => {
    const spread = hosts.filter((host) => memberOf(host, ['a', 'b']) !== memberOf('*.example.com', ['a', 'b']));
    expect(spread.length).to.be.within(4000, 6000);
  });
});
