// Who holds each class and who else claims it: the records that Leases carry, and the conflicts that they show on both sides.
import { expect } from 'chai';
import fc from 'fast-check';
import { type Claim, claimOf } from '../../../src/core/claim.js';
import { type ConflictKind, type ObservedClaims, conflictFindings, describeClaims } from '../../../src/core/class-claims.js';
import { type ClaimRecord, type Installation, claimMarks, leaseOf, readClaimRecord, termsOf } from '../../../src/core/claim-record.js';
import { renderFinding } from '../../../src/core/finding.js';
import { parseShard, type Shard } from '../../../src/core/shard.js';
import { readStandbys, standbyAnnotation } from '../../../src/core/standby-record.js';
import { claim as randomClaim } from '../../fixtures/random-cluster.js';

const here: Installation = { name: 'default', namespace: 'arbiter' };
const there: Installation = { name: 'default', namespace: 'elsewhere' };
const shared = (text: string): { shard: Shard } => ({ shard: parseShard(text) as Shard });

const recordOf = (claim: Claim, installation: Installation, holder = `of-${installation.namespace}`): ClaimRecord =>
  ({ ...termsOf(claim), lease: leaseOf(claim, installation), installation, holder });
const observed = (records: readonly ClaimRecord[], rest: Partial<ObservedClaims> = {}): ObservedClaims => ({ records, holders: new Map(), standbys: new Map(), ...rest });
const conflictsOf = (own: Installation, claim: Claim, records: readonly ClaimRecord[]): [ConflictKind, string, string][] =>
  describeClaims(own, [claim], observed(records))[0]!.conflicts.map(({ kind, value, rival }) => [kind, value, rival.lease]);

describe('core: claims of a class', () => {
  const cases: [string, Claim, Claim, ConflictKind[]][] = [
    ['the same class', claimOf('blue'), claimOf('blue'), ['class']],
    ['other classes', claimOf('blue'), claimOf('red'), []],
    ['other classes, which both accept our own controller value', claimOf('blue'), claimOf('red', { annotationValues: ['r'] }), []],
    ['the same annotation value', claimOf('blue', { annotationValues: ['nginx'] }), claimOf('red', { annotationValues: ['nginx'] }), ['annotation-value']],
    ['the class of one as annotation value of the other', claimOf('blue', { annotationValues: ['red'] }), claimOf('red'), ['annotation-value']],
    ['the same accepted controller', claimOf('blue', { acceptedControllers: ['x/y'] }), claimOf('red', { acceptedControllers: ['x/y'] }), ['controller']],
    ['everything the same', claimOf('blue', { annotationValues: ['n'], acceptedControllers: ['x/y'] }), claimOf('blue', { annotationValues: ['n'], acceptedControllers: ['x/y'] }), ['class', 'annotation-value', 'controller']],
    ['the same class, one of them in shares', claimOf('blue', shared('1/2')), claimOf('blue'), ['class']],
  ];
  for (const [what, ours, theirs, kinds] of cases) {
    it(`${what}: ${kinds.join(', ') || 'no conflict'}, on both sides alike`, () => {
      for (const other of [there, { name: 'second', namespace: 'arbiter' }]) {
        expect(conflictsOf(here, ours, [recordOf(theirs, other)]).map(([kind]) => kind)).to.deep.equal(kinds);
        expect(conflictsOf(other, theirs, [recordOf(ours, here)]).map(([kind]) => kind)).to.deep.equal(kinds);
      }
    });
  }

  it('sees no conflict between processes of one installation, for one class or for its shares', () => {
    fc.assert(fc.property(randomClaim, (claim) => {
      expect(conflictsOf(here, claim, [recordOf(claim, here, 'another process')])).to.deep.equal([]);
    }));
    expect(conflictsOf(here, claimOf('blue', shared('1/3')), [recordOf(claimOf('blue', shared('2/3')), here)])).to.deep.equal([]);
  });

  it('takes listeners of one name for no conflict: each installation has engines of its own', () => {
    const theirs = { ...termsOf(claimOf('red'), ['external']), lease: 'elsewhere/red', installation: there, holder: 'pod-7' };
    expect(theirs.listeners).to.deep.equal(['external']);
    expect(conflictsOf(here, claimOf('blue', { listener: { name: 'external', place: 0 } }), [theirs])).to.deep.equal([]);
  });

  it('sees that two processes share a class by different lists', () => {
    const old = claimOf('blue', shared('1/2'));
    const fresh = claimOf('blue', shared('3/3'));
    expect(conflictsOf(here, fresh, [recordOf(old, here)])).to.deep.equal([['shard', '1/1,2', 'arbiter/blue.shard-1']]);
    expect(conflictsOf(here, old, [recordOf(fresh, here)])).to.deep.equal([['shard', '3/1,2,3', 'arbiter/blue.shard-3']]);
    expect(conflictsOf(here, claimOf('blue'), [recordOf(fresh, here)]).map(([kind]) => kind)).to.deep.equal(['shard']);
  });

  it('is symmetrical and the same in any order, whatever is claimed', () => {
    fc.assert(fc.property(fc.array(randomClaim, { maxLength: 5 }), randomClaim, (others, mine) => {
      const records = others.map((one, at) => recordOf(one, { name: `i${at}`, namespace: 'elsewhere' }));
      expect(conflictsOf(here, mine, [...records].reverse())).to.deep.equal(conflictsOf(here, mine, records));
      for (const [at, other] of others.entries()) {
        const kinds = (list: [ConflictKind, string, string][]): string[] => [...new Set(list.map(([kind]) => kind))];
        expect(kinds(conflictsOf(records[at]!.installation, other, [recordOf(mine, here)]))).to.deep.equal(kinds(conflictsOf(here, mine, [records[at]!])));
      }
    }), { numRuns: 500 });
  });

  it('names holder and standbys, and a standby of another installation at the same Lease on the holder\'s side', () => {
    const holders = new Map([['arbiter/blue', 'a']]);
    const standbys = new Map([['arbiter/blue', [{ identity: 'b', installation: 'default' }, { identity: 'a', installation: 'default' }, { identity: 'z', installation: 'second' }]]]);
    const [seen] = describeClaims(here, [claimOf('blue')], observed([], { holders, standbys }));
    expect(seen).to.deep.include({ class: 'blue', lease: 'arbiter/blue', holder: 'a', standbys: ['b', 'z'] });
    expect(seen!.conflicts.map(({ kind, rival }) => [kind, rival.installation.name, rival.holder])).to.deep.equal([['class', 'second', 'z']]);
  });

  it('tells each conflict as a finding that names both and says what to do', () => {
    const ours = claimOf('blue', { annotationValues: ['nginx'], acceptedControllers: ['k8s.io/ingress-nginx'] });
    const lines = conflictFindings(describeClaims(here, [ours], observed([recordOf(ours, there, 'pod-7')]))).map(renderFinding);
    expect(lines.map((line) => line.split(' ')[0])).to.deep.equal(['IA201', 'IA202', 'IA203']);
    for (const line of lines) expect(line).to.match(/^IA20[123] Class blue: .*"default".*"elsewhere".*"elsewhere\/blue".*"pod-7".*; (let|take) /);
    const [shares] = conflictFindings(describeClaims(here, [claimOf('blue', shared('1/2'))], observed([recordOf(claimOf('blue'), here)])));
    expect(renderFinding(shares!)).to.match(/^IA204 Class blue: .*one whole; give all processes/);
  });

  it('tells of 20 rivals of a kind at most', () => {
    const flood = Array.from({ length: 500 }, (_, at) => recordOf(claimOf('blue', { annotationValues: ['n'] }), { name: `i${at}`, namespace: 'x' }));
    const kinds = conflictsOf(here, claimOf('blue', { annotationValues: ['n'] }), flood).map(([kind]) => kind);
    expect(kinds.filter((kind) => kind === 'class')).to.have.length(20);
    expect(kinds.filter((kind) => kind === 'annotation-value')).to.have.length(20);
  });
});

describe('core: records in a Lease', () => {
  it('reads what it writes', () => {
    fc.assert(fc.property(randomClaim, fc.boolean(), (claim, isShared) => {
      const mine = isShared ? { ...claim, ...shared('b/a,b') } : claim;
      const marks = claimMarks(here, termsOf(mine, ['external']));
      const [namespace, name] = leaseOf(mine, here).split('/') as [string, string];
      expect(readClaimRecord({ namespace, name, ...marks }, 'holder')).to.deep.equal({ ...recordOf(mine, here, 'holder'), listeners: ['external'] });
    }));
  });

  it('takes no Lease for a claim that says nothing of one, or nonsense', () => {
    const read = (terms: string): unknown => readClaimRecord({ name: 'x', annotations: { 'ingress-arbiter.io/installation': 'i', 'ingress-arbiter.io/terms': terms } }, 'h');
    for (const nonsense of ['', 'null', '7', '[]', '{', '{"class":7}', '{"class":""}', '"x"']) expect(read(nonsense), nonsense).to.equal(undefined);
    expect(readClaimRecord({ name: 'x' }, 'h')).to.equal(undefined);
    expect(read('{"class":"a","annotationValues":[1,"b",null],"listeners":"x","shard":[]}')).to.deep.include({ class: 'a', shard: '', annotationValues: ['b'], acceptedControllers: [], listeners: [] });
  });

  it('is hurt by nothing that anybody writes into a Lease', () => {
    fc.assert(fc.property(fc.string(), fc.json(), fc.string(), (installation, json, holder) => {
      const metadata = { name: 'x', namespace: 'n', annotations: { 'ingress-arbiter.io/installation': installation, 'ingress-arbiter.io/terms': json, 'standby.ingress-arbiter.io/x': json } };
      const record = readClaimRecord(metadata, holder);
      const claims = describeClaims(here, [claimOf('blue')], observed(record === undefined ? [] : [record], { standbys: new Map([['arbiter/blue', readStandbys(metadata)]]) }));
      for (const line of conflictFindings(claims).map(renderFinding)) expect(line).to.not.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }), { numRuns: 1000 });
    const long = 'x'.repeat(1000);
    const record = readClaimRecord({ name: 'x', annotations: { 'ingress-arbiter.io/installation': long, 'ingress-arbiter.io/terms': JSON.stringify({ class: long, annotationValues: Array(200).fill(long) }) } }, long)!;
    expect(JSON.stringify(record).length).to.be.lessThan(20_000);
  });

  it('reads the standbys that a Lease names', () => {
    const one = standbyAnnotation('abc', { identity: 'pod-1', installation: 'default' }, 4);
    const read = readStandbys({ name: 'x', annotations: { [one.key]: one.text, 'standby.ingress-arbiter.io/zzz': 'nonsense', other: '{}' } });
    expect(read.map(({ identity, installation }) => [identity, installation])).to.deep.equal([['pod-1', 'default']]);
    expect(standbyAnnotation('abc', { identity: 'pod-1', installation: 'default' }, 5).text).to.not.equal(one.text);
  });
});
