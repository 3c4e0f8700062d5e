// When the certificates of engines and controllers end, as a scrape tells it: of the files as they are now.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { issueEngine, makeAuthority } from '../../../src/cli/certs/issue-certificates.js';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { controllerMetrics } from '../../../src/cli/installation/admin-metrics.js';
import { ownCertificateReadings } from '../../../src/cli/installation/own-certificates.js';

const DAY = 24 * 3600;

describe('own certificates', () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, name);
  const endOf = (name: string): number => Date.parse(new X509Certificate(readFileSync(file(name))).validTo) / 1000;
  const daysLeft = (end: number): number => Math.round((end - Date.now() / 1000) / DAY);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-own-'));
    await makeCertificates({ folder, classes: ['red'], days: 30 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = async (certificate = 'class-red.crt', authority = 'ca.crt'): Promise<Record<string, number>> => {
    const readings = await ownCertificateReadings({ files: { certificate: file(certificate), authority: file(authority) }, program: 'controller', claims: ['red', 'blue'] })();
    return Object.fromEntries(readings.map(({ labels, values }) => [labels.join(' '), values[0]!]));
  };

  it('are told by program, claims and file', async () => {
    expect(await read()).to.deep.equal({ 'controller blue,red own': endOf('class-red.crt'), 'controller blue,red authority': endOf('ca.crt') });
    expect((await read())['controller blue,red own']).to.satisfy((end: number) => daysLeft(end) === 30);
  });

  it('are told anew when a file is replaced, and the earliest of several counts', async () => {
    const authority = await makeAuthority();
    const [late, soon] = [await issueEngine(authority, 90), await issueEngine(authority, 5)];
    writeFileSync(file('changing.crt'), late.cert);
    expect(daysLeft((await read('changing.crt'))['controller blue,red own']!)).to.equal(90);
    writeFileSync(file('changing.crt'), `${late.cert}${soon.cert}`);
    expect(daysLeft((await read('changing.crt'))['controller blue,red own']!)).to.equal(5);
  });

  it('leave a gap, and the others where they are, when a file is gone or is none', async () => {
    writeFileSync(file('broken.crt'), '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    for (const name of ['gone.crt', 'broken.crt', 'class-red.key']) expect(Object.keys(await read(name)), name).to.deep.equal(['controller blue,red authority']);
  });

  it('are in the scrape of a controller, and in that of no single class', async () => {
    const metrics = controllerMetrics(ownCertificateReadings({ files: { certificate: file('class-red.crt'), authority: file('ca.crt') }, program: 'controller', claims: ['red'] }));
    const text = async (className?: string): Promise<string> => (await metrics.render({ format: 'text', className })).pieces.join('');
    expect(await text()).to.include(`ingress_arbiter_own_certificate_expiry_timestamp_seconds{program="controller",claims="red",certificate="own"} ${endOf('class-red.crt')}\n`);
    expect(await text('red')).to.not.include('own_certificate_expiry_timestamp_seconds{');
  });
});
