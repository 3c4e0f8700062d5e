// What the controller says of a TLS Secret's content: usable, or what is wrong with it, never a byte of the key.
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { certificateInspector } from '../../../src/controller/inspect-certificate.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import { selfSigned } from '../../fixtures/self-signed.js';

describe('controller: inspect-certificate', () => {
  let pair: { certificate: string; key: string };
  let other: { certificate: string; key: string };
  const inspect = certificateInspector(() => Date.now());

  before(async () => {
    pair = await selfSigned('a.test', '*.b.test');
    other = await selfSigned('c.test');
  });

  it('gives the names, the chain and the key of a usable pair', () => {
    const answer = inspect(pair.certificate, pair.key);
    expect(answer).to.have.property('names').that.deep.equals(['a.test', '*.b.test']);
    expect(answer).to.have.property('chain').that.matches(/^-----BEGIN CERTIFICATE-----/);
    expect(answer).to.have.property('key').that.matches(/^-----BEGIN PRIVATE KEY-----/);
  });

  it('names a content by its hash', () => {
    expect(inspect(pair.certificate, pair.key)).to.have.property('id').that.equals((inspect(pair.certificate, pair.key) as { id: string }).id);
    expect(inspect(pair.certificate, pair.key)).to.have.property('id').that.does.not.equal((inspect(other.certificate, other.key) as { id: string }).id);
  });

  it('takes what stands around the certificates of a chain for what it is: nothing', () => {
    const { chain } = inspect(`subject=CN = a.test\n${pair.certificate}\nissuer\n${other.certificate}`, pair.key) as { chain: string };
    expect(chain.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
    expect(chain).to.not.match(/subject|issuer/);
  });

  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  }).privateKey;
  const bad: [string, () => [string, string], RegExp][] = [
    ['no certificate', () => ['', pair.key], /holds no PEM certificate/],
    ['a damaged certificate', () => [pair.certificate.replace(/\n[A-Za-z0-9]{4}/, '\n!!!!'), pair.key], /can not be parsed/],
    ['no key', () => [pair.certificate, ''], /can not be parsed/],
    ['the key of another certificate', () => [pair.certificate, other.key], /does not belong/],
    ['an encrypted key', () => [pair.certificate, encrypted], /not encrypted/],
    ['a certificate in the place of the key', () => [pair.certificate, pair.certificate], /can not be parsed/],
  ];
  for (const [name, texts, problem] of bad) {
    it(`says what is wrong with ${name}`, () => {
      expect(inspect(...texts())).to.have.property('problem').that.matches(problem);
    });
  }

  it('refuses a chain or key that the engine would refuse, for that would stop its whole class', () => {
    const rules = { checkEndpoint: () => undefined, routesPerHost: 1, endpointsPerService: 1 };
    const taken = (answer: ReturnType<typeof inspect>): boolean => !('problem' in answer) &&
      'json' in checkEntry(`certificate/${answer.id}`, { chain: answer.chain, key: answer.key }, rules);
    expect(taken(inspect(`${pair.certificate}\n`.repeat(10), pair.key))).to.equal(true);
    for (const [chain, key] of [
      [`${pair.certificate}\n`.repeat(11), pair.key], [`${pair.certificate}\n`.repeat(200), pair.key],
      [pair.certificate, pair.key + '\n'.repeat(20_000)],
    ] as const) expect(inspect(chain, key)).to.have.property('problem').that.matches(/leave out what no client needs/);
  });

  it('reads a megabyte of beginnings without an end at once', () => {
    const begun = performance.now();
    expect(inspect('-----BEGIN CERTIFICATE-----\n'.repeat(37_000), pair.key)).to.have.property('problem');
    expect(performance.now() - begun).to.be.below(500);
  });

  it('refuses a certificate once it has expired, also one that it has seen valid', () => {
    let now = Date.now();
    const aging = certificateInspector(() => now);
    expect(aging(pair.certificate, pair.key)).to.not.have.property('problem');
    now += 100 * 365 * 86_400_000;
    expect(aging(pair.certificate, pair.key)).to.have.property('problem').that.matches(/has expired/);
  });
});
