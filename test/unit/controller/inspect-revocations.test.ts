// Lists of revoked certificates, made by openssl: what they say, whom they are of, and every way in which one is none.
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { certificateInspector } from '../../../src/controller/inspect-certificate.js';
import { inspectRevocations } from '../../../src/controller/inspect-revocations.js';
import type { RevokedBy } from '../../../src/route-table/types.js';
import { certificateParts } from '../../../src/route-table/certificate-parts.js';
import { mostRevoked } from '../../../src/core/limits.js';
import { type CertificateShop, openCertificateShop } from '../../fixtures/certificate-authority.js';

describe('controller: inspect-revocations', function () {
  this.timeout(60_000);
  let shop: CertificateShop;
  const pem: Record<string, string> = {};
  before(() => {
    shop = openCertificateShop();
    for (const name of ['root', 'other']) pem[name] = shop.authority(name).cert;
    pem.middle = shop.signed('middle', 'root', { authority: true }).cert;
    for (const name of ['alice', 'mallory']) pem[name] = shop.signed(name, 'root').cert;
    pem.deep = shop.signed('deep', 'middle').cert;
  });
  after(() => shop.close());

  const parts = (name: string) => certificateParts(new X509Certificate(pem[name]!).raw.toString('latin1'))!;
  const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');
  const inspected = (lists: string, ...authorities: string[]): RevokedBy[] | string => {
    const answer = inspectRevocations(lists, authorities.map((name) => new X509Certificate(pem[name]!)));
    return 'problem' in answer ? answer.problem : answer.lists;
  };
  /** Whether the lists let the certificate in. */
  const letsIn = (lists: RevokedBy[] | string, name: string): boolean => {
    if (typeof lists === 'string') throw new Error(lists);
    const { issuer, serial } = parts(name);
    const list = lists.find((one) => one.issuer === base64(issuer));
    return list !== undefined && !list.serials.includes(base64(serial));
  };

  /** The same as the data plane does it, on that day. */
  const letsInAt = (lists: RevokedBy[] | string, name: string, day: string): boolean => {
    if (typeof lists === 'string') throw new Error(lists);
    const now = Date.parse(`${day}T00:00:00Z`) / 1000;
    return letsIn(lists.filter(({ from, until }) => from <= now && now < until), name);
  };

  it('tells issuer, number and subject of certificates, as openssl does', () => {
    expect([parts('alice').issuer, parts('middle').subject]).to.deep.equal([parts('root').subject, parts('deep').issuer]);
    expect(Buffer.from(parts('alice').serial, 'latin1').toString('hex').toUpperCase()).to.equal(new X509Certificate(pem.alice!).serialNumber);
    const bytes = new X509Certificate(pem.alice!).raw.toString('latin1');
    for (let end = 0; end < bytes.length; end += 1) expect(certificateParts(bytes.slice(0, end)), `the first ${end} bytes`).to.equal(undefined);
  });

  it('names what is revoked, and from when until when', () => {
    const lists = inspected(shop.revoked('root', ['mallory'], { from: '20260101000000Z', until: '20491231235959Z' }), 'root');
    expect([letsIn(lists, 'alice'), letsIn(lists, 'mallory'), letsIn(lists, 'deep')]).to.deep.equal([true, false, false]);
    expect((lists as RevokedBy[]).map(({ from, until }) => [from, until].map((time) => new Date(time * 1000).toISOString()))).to.deep.equal([['2026-01-01T00:00:00.000Z', '2049-12-31T23:59:59.000Z']]);
    expect(letsIn(inspected(shop.revoked('root', [], { until: '20500101000000Z' }), 'root'), 'mallory')).to.equal(true);
  });

  it('the newest list of an authority counts, of those that have begun and not ended', () => {
    const [old, young] = [shop.revoked('root', [], { from: '20260101000000Z', until: '20260301000000Z' }), shop.revoked('root', ['mallory'], { from: '20260201000000Z', until: '20260215000000Z' })];
    for (const lists of [old + young, young + old]) {
      const found = inspected(lists, 'root');
      expect(['2025-12-31', '2026-01-01', '2026-01-31', '2026-02-01', '2026-02-14', '2026-02-15', '2026-02-28', '2026-03-01'].map((day) => letsInAt(found, 'mallory', day)))
        .to.deep.equal([false, true, true, false, false, true, true, false]);
    }
  });

  it('so for those above it', () => {
    const lists = shop.revoked('root', [], { from: '20260101000000Z', until: '20260301000000Z' }) + shop.revoked('root', ['middle'], { from: '20260201000000Z', until: '20260401000000Z' });
    const found = inspected(lists + shop.revoked('middle', [], { from: '20260110000000Z', until: '20260501000000Z' }), 'root', 'middle');
    expect(['2026-01-05', '2026-01-15', '2026-02-15', '2026-04-15'].map((day) => [letsInAt(found, 'alice', day), letsInAt(found, 'deep', day)])).to.deep.equal([[true, false], [true, true], [true, false], [false, false]]);
  });

  it('of too many numbers together the oldest lists are left', () => {
    const many = Array.from({ length: mostRevoked - 10 }, (_, at) => (at + 0x100000).toString(16).toUpperCase());
    const found = inspected(shop.revoked('root', many, { from: '20260101000000Z', until: '20260301000000Z' }) + shop.revoked('root', [...many, 'mallory'], { from: '20260201000000Z', until: '20260401000000Z' }), 'root');
    expect(['2026-01-15', '2026-02-15'].map((day) => letsInAt(found, 'alice', day))).to.deep.equal([false, true]);
  });

  it('and how many of them is told', () => {
    const many = Array.from({ length: mostRevoked - 10 }, (_, at) => (at + 0x100000).toString(16).toUpperCase());
    const lists = (from: number): string => shop.revoked('root', many, { from: `2026010${from}000000Z`, until: `2026020${from}000000Z` });
    const leftOut = (pemOfLists: string): number | undefined => {
      const answer = inspectRevocations(pemOfLists, [new X509Certificate(pem.root!)]);
      return 'problem' in answer ? -1 : answer.leftOut;
    };
    expect([leftOut(lists(1)), leftOut(lists(1) + lists(2))]).to.deep.equal([undefined, 1]);
  });

  it('each authority on the way needs a list, and a revoked one counts no more, with all below it', () => {
    const [ofRoot, ofMiddle] = [shop.revoked('root', []), shop.revoked('middle', [], { until: '20270101000000Z' })];
    const both = inspected(ofRoot + ofMiddle, 'root', 'middle');
    expect([letsIn(both, 'alice'), letsIn(both, 'deep')]).to.deep.equal([true, true]);
    expect(Math.max(...(both as RevokedBy[]).map(({ until }) => until)), 'not for longer than the root\'s list').to.be.lessThan(Date.parse('2027-01-01T00:00:00Z') / 1000);
    expect(letsIn(inspected(ofRoot, 'root', 'middle'), 'deep')).to.equal(false);
    expect(inspected(ofMiddle, 'root', 'middle')).to.match(/none of one above it/);
    expect(letsIn(inspected(shop.revoked('root', ['middle']) + ofMiddle, 'root', 'middle'), 'deep')).to.equal(false);
    expect(inspected(ofMiddle, 'middle'), 'leads to no root').to.match(/none of one above it/);
  });

  it('what is no list, or none of these authorities, is a problem', () => {
    const good = shop.revoked('root', ['mallory']);
    const bytes = Buffer.from(good.split('\n').slice(1, -2).join(''), 'base64');
    const written = (changed: Buffer): string => `-----BEGIN X509 CRL-----\n${changed.toString('base64')}\n-----END X509 CRL-----\n`;
    expect(typeof inspected(written(bytes), 'root')).to.equal('object');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x01;
      expect(inspected(written(changed), 'root'), `byte ${at}`).to.be.a('string');
      expect(inspected(written(bytes.subarray(0, at)), 'root'), `the first ${at} bytes`).to.be.a('string');
    }
    expect(inspected('x', 'root')).to.match(/holds no list/);
    expect(inspected(shop.revoked('other', []), 'root')).to.match(/no list of an authority/);
    expect(inspected(good.repeat(11), 'root')).to.match(/more than 10 lists/);
    expect(inspected(shop.revoked('root', [], { extensions: 'issuingDistributionPoint=critical,@idp\n[idp]\nonlyuser=TRUE' }), 'root')).to.match(/has parts that are not carried out/);
    expect(inspected(shop.revoked('root', Array.from({ length: mostRevoked + 1 }, (_, at) => (at + 0x100000).toString(16).toUpperCase())), 'root')).to.match(/names more than/);
  });

  it('are part of the look into authorities, which stay the same ones', () => {
    const inspect = certificateInspector(Date.now);
    const plain = inspect(pem.root!, undefined);
    const withList = inspect(pem.root!, undefined, shop.revoked('root', []));
    const withAnother = inspect(pem.root!, undefined, shop.revoked('root', ['alice']));
    for (const one of [plain, withList, withAnother]) if ('problem' in one) throw new Error(one.problem);
    const id = (one: ReturnType<typeof inspect>): string => ('problem' in one ? '' : one.id);
    expect([id(withList), id(withAnother)]).to.deep.equal([id(plain), id(plain)]);
    expect(new Set([plain, withList, withAnother].map((one) => ('problem' in one ? '' : one.revocations?.id))).size).to.equal(3);
    expect(inspect(pem.root!, undefined, '')).to.have.property('problem');
  });
});
