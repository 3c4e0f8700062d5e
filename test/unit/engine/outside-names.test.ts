// Names outside of the cluster: kept as long as their servers say, and never an address that may not be asked. A real name server.
import { expect } from 'chai';
import { OutsideNames } from '../../../src/engine/outside-names.js';
import { type NameServer, startNameServer } from '../../fixtures/name-server.js';

describe('engine: names outside of the cluster', () => {
  let server: NameServer;
  let now = 0;
  before(async () => { server = await startNameServer(); });
  after(() => server.close());

  const names = (allowLoopback = false): OutsideNames => new OutsideNames({ allowLoopback, servers: [server.address], now: () => now });
  const know = (name: string, addresses: string[], seconds = 60): unknown => server.names.set(name, { addresses, seconds });
  const addressesOf = async (name: string, by = names()): Promise<string[]> => (await by.addressesOf(name)).map(({ address }) => address);
  const codeOf = (name: string, by = names()): Promise<string | undefined> => by.addressesOf(name).then(() => undefined, (error: NodeJS.ErrnoException) => error.code);

  it('are asked for once while their time lasts, however many want to know, and anew afterwards', async () => {
    know('a.test', ['192.0.2.1', '2001:db8::1'], 30);
    const by = names();
    expect(await Promise.all([addressesOf('a.test', by), addressesOf('a.test', by)])).to.deep.equal([['192.0.2.1', '2001:db8::1'], ['192.0.2.1', '2001:db8::1']]);
    expect(server.asked.get('a.test'), 'one question for each family').to.equal(2);
    know('a.test', ['192.0.2.2'], 0);
    now += 29_999;
    expect(await addressesOf('a.test', by)).to.deep.equal(['192.0.2.1', '2001:db8::1']);
    now += 1;
    expect(await addressesOf('a.test', by)).to.deep.equal(['192.0.2.2']);
    now += 1000;
    know('a.test', ['192.0.2.3'], 2 ** 31 - 1);
    expect(await addressesOf('a.test', by)).to.deep.equal(['192.0.2.3']);
    know('a.test', ['192.0.2.4']);
    now += 300_000;
    expect(await addressesOf('a.test', by)).to.deep.equal(['192.0.2.4']);
  });

  it('lose the addresses that are never asked, in any spelling, and fail when there is no other', async () => {
    const never = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '100.100.100.200', '192.0.0.192', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'ff02::1', '::ffff:7f00:1', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254'];
    for (const address of never) {
      know('bad.test', [address]);
      expect(await codeOf('bad.test'), address).to.equal('ADDRESS_NOT_ALLOWED');
    }
    know('mixed.test', [...never, '192.0.2.9']);
    expect(await addressesOf('mixed.test')).to.deep.equal(['192.0.2.9']);
    know('own.test', ['127.0.0.1']);
    expect(await addressesOf('own.test', names(true))).to.deep.equal(['127.0.0.1']);
  });

  it('that are not there are asked for again', async () => {
    const by = names();
    expect(await codeOf('new.test', by)).to.equal('ENOTFOUND');
    know('new.test', ['192.0.2.5']);
    expect(await addressesOf('new.test', by)).to.deep.equal(['192.0.2.5']);
  });
});
