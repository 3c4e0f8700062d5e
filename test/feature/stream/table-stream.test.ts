// The table stream over real mutual TLS: a controller's fan-out at one end, engines' subscriptions at the other.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { makeCertificates } from '../../../src/cli/certs/make-certificates.js';
import { subscribeTables } from '../../../src/engine/subscribe-tables.js';
import { type PeerConnections, connectToPublishers } from '../../../src/engine/tls-files.js';
import type { ClassTable } from '../../../src/route-table/types.js';
import { eventually } from '../../fixtures/eventually.js';
import { HoldingEngine } from '../../fixtures/holding-engine.js';
import { endpoints, key, tableStreamRig } from '../../fixtures/table-stream-rig.js';

/** The fingerprint of the certificate that a listener shows to whoever connects now. */
function shownBy(port: number, folder: string): Promise<string> {
  const [cert, privateKey] = ['engine.crt', 'engine.key'].map((name) => readFileSync(path.join(folder, name)));
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, cert: cert!, key: privateKey!, ca: readFileSync(path.join(folder, 'ca.crt')), checkServerIdentity: () => undefined }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('feature: table stream', function () {
  this.timeout(30_000);
  const { controller, engine, file, ends } = tableStreamRig();

  it('brings the whole table, then what changes, to every engine, and knows who serves it', async () => {
    const { fanOut, address } = await controller();
    const table: ClassTable = new Map([[key(1), endpoints(81)], [key(2), endpoints(82)]]);
    fanOut.publish(table, table.keys());
    const [one, two] = [engine([address]), engine([address], { name: 'engine-2' })];
    await eventually(() => { for (const { holding } of [one, two]) expect(holding.ports).to.deep.equal({ [key(1)]: 81, [key(2)]: 82 }); });
    table.set(key(1), endpoints(91));
    table.delete(key(2));
    fanOut.publish(table, [key(1), key(2)]);
    await eventually(() => { for (const { holding } of [one, two]) expect(holding.ports).to.deep.equal({ [key(1)]: 91 }); });
    expect(one.holding.updates.map(({ full, set, remove }) => [full, set.length, remove.length])).to.deep.equal([[true, 2, 0], [false, 1, 1]]);
    await eventually(() => expect(fanOut.engines().sort((a, b) => (a.engine < b.engine ? -1 : 1))).to.deep.equal([{ engine: 'engine-1', served: true }, { engine: 'engine-2', served: true }]));
  });

  it('is not held up by a slow engine, which gets all that it missed in one update', async () => {
    const { fanOut, address } = await controller();
    const slow = new HoldingEngine();
    let open: () => void = () => undefined;
    slow.gate = new Promise((resolve) => { open = resolve; });
    const table: ClassTable = new Map();
    fanOut.publish(table, []);
    const quick = engine([address], { name: 'quick' }).holding;
    engine([address], { name: 'slow', holding: slow });
    await eventually(() => expect(fanOut.engines().length).to.equal(2));
    for (let n = 1; n <= 100; n++) {
      table.set(key(n % 10), endpoints(n));
      fanOut.publish(table, [key(n % 10)]);
    }
    await eventually(() => expect(quick.ports[key(0)]).to.equal(100));
    expect(slow.updates).to.deep.equal([]);
    open();
    await eventually(() => expect(slow.ports).to.deep.equal(quick.ports));
    expect(slow.updates.length).to.be.at.most(2);
  });

  it('goes on without an entry that one engine refuses, and without a new stream; others have it', async () => {
    const { fanOut, address, refusals } = await controller();
    const two = { endpoints: [{ address: '10.0.0.1', port: 1 }, { address: '10.0.0.2', port: 1 }] };
    const table: ClassTable = new Map([[key(1), endpoints(1)], [key(2), endpoints(2)]]);
    fanOut.publish(table, table.keys());
    const lenient = engine([address], { name: 'lenient' }).holding;
    const strict = engine([address], { name: 'strict', holding: new HoldingEngine(1) }).holding;
    await eventually(() => { for (const one of [lenient, strict]) expect(one.ports).to.deep.equal({ [key(1)]: 1, [key(2)]: 2 }); });
    table.set(key(3), two);
    fanOut.publish(table, [key(3)]);
    for (let port = 11; port <= 40; port++) {
      table.set(key(1), endpoints(port));
      fanOut.publish(table, [key(1)]);
    }
    await eventually(() => expect(lenient.ports).to.deep.equal({ [key(1)]: 40, [key(2)]: 2, [key(3)]: 1 }));
    await eventually(() => expect(strict.ports).to.deep.equal({ [key(1)]: 40, [key(2)]: 2, [key(3)]: 0 }));
    expect(strict.updates.filter(({ full }) => full), 'one stream').to.have.length(1);
    expect(refusals.filter((reason) => !reason.startsWith('entry: '))).to.deep.equal([]);
    await eventually(() => expect(fanOut.states().map((one) => [one.engine, one.quarantined.map((entry) => entry.key), one.behind, one.lagMs]).sort())
      .to.deep.equal([['lenient', [], 0, 0], ['strict', [key(3)], 0, 0]]));
    expect(fanOut.states().find((one) => one.engine === 'strict')!.quarantined[0]!.reason).to.match(/has more than 1 endpoints/);
    expect(fanOut.engines().every(({ served }) => served)).to.equal(true);
    table.set(key(3), endpoints(3));
    fanOut.publish(table, [key(3)]);
    await eventually(() => { for (const one of [lenient, strict]) expect(one.ports).to.deep.equal({ [key(1)]: 40, [key(2)]: 2, [key(3)]: 3 }); });
  });

  it('leaves a controller that has lost its claim and lives, and follows the new holder', async () => {
    const [first, second] = [await controller({ epoch: 1 }), await controller({ epoch: 2 })];
    first.fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    second.fanOut.publish(new Map([[key(1), endpoints(2)]]), []);
    second.state.holder = undefined;
    const { holding } = engine([first.address]);
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
    second.state.holder = 'here';
    first.state.holder = { address: second.address };
    first.state.epoch = undefined;
    first.fanOut.release();
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 2 }));
  });

  it('follows a controller that is restarted, and refuses one of an older epoch', async () => {
    const first = await controller({ epoch: 5 });
    first.fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const { holding } = engine([first.address]);
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
    const { port } = first.server;
    await first.server.close();
    const stale = await controller({ port, epoch: 4 });
    stale.fanOut.publish(new Map([[key(1), endpoints(666)]]), []);
    await eventually(() => expect(stale.refusals.join()).to.match(/stale-epoch/), 10_000);
    expect(holding.ports).to.deep.equal({ [key(1)]: 1 });
    stale.state.epoch = 6;
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 666 }));
  });

  it('leaves a controller that is over and does not know it, and finds the one that holds the claim', async () => {
    const [holder, late] = [await controller({ epoch: 5 }), await controller({ epoch: 4 })];
    holder.fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    late.fanOut.publish(new Map([[key(1), endpoints(666)]]), []);
    const { holding, log } = engine([holder.address, late.address]);
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
    holder.state.holder = undefined;
    holder.fanOut.release();
    await eventually(() => expect(late.refusals.join()).to.match(/stale-epoch/));
    holder.state.holder = 'here';
    holder.state.epoch = 6;
    holder.fanOut.publish(new Map([[key(1), endpoints(2)]]), [key(1)]);
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 2 }), 15_000);
    expect(log.join('\n')).to.match(/is over: it is at epoch 4, the class is at 5/);
  });

  it('is sent on from a standby to the holder, and waits where nobody holds the claim', async () => {
    const [standby, holder] = [await controller(), await controller()];
    standby.state.holder = undefined;
    holder.fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const { holding, log } = engine([standby.address]);
    await eventually(() => expect(log.join()).to.match(/503/));
    standby.state.holder = { address: holder.address };
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
  });

  it('keeps an engine waiting that comes a moment before there is a holder', async () => {
    const { fanOut, server, state, address } = await controller();
    state.holder = undefined;
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const asked = new Promise<void>((resolve) => { server.onPeer(() => resolve()); });
    const { holding, log } = engine([address]);
    await asked;
    await nextTurn();
    state.holder = 'here';
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
    expect(log.join('\n')).to.not.match(/503/);
  });

  it('turns away the engines that are too many, says so once, and takes them when there is room; who comes again is none of them', async () => {
    const { fanOut, address, problems } = await controller({ most: 2 });
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const [first, second] = [engine([address], { name: 'first' }), engine([address], { name: 'second' })];
    for (const { holding } of [first, second]) await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
    const late = [engine([address], { name: 'third' }), engine([address], { name: 'fourth' })];
    for (const { log } of late) await eventually(() => expect(log.join('\n')).to.match(/503: .*2 engines follow this class already/));
    expect(fanOut.engines().map((one) => one.engine).sort()).to.deep.equal(['first', 'second']);
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(/class red: engine (third|fourth) and others are turned away/);
    // It takes the place of its old self.
    const again = engine([address], { name: 'second' });
    await eventually(() => expect(again.holding.ports).to.deep.equal({ [key(1)]: 1 }));
    await first.subscription.stop();
    await eventually(() => expect(late.filter(({ holding }) => holding.updates.length > 0)).to.have.length(1), 15_000);
    expect(fanOut.engines()).to.have.length(2);
  });

  const strangers: [string, { server?: string; authority?: string; engine?: string }, RegExp][] = [
    ['a controller of another class', { server: 'class-blue' }, /may not publish class red/],
    ['a controller of several other classes', { server: 'class-green+blue' }, /may not publish class red/],
    ['an engine in the place of a controller', { server: 'engine' }, /may not publish class red/],
    ['a controller of another authority', { server: 'other/class-red', authority: 'ca.crt' }, /self-signed|unable to verify|certificate/],
    ['an engine that shows a controller\'s certificate', { engine: 'class-red' }, /403/],
    ['an engine of another authority', { engine: 'other/engine' }, /alert|unknown ca|certificate|ECONNRESET|socket|closed/i],
  ];
  for (const [name, { server = 'class-red', authority = 'ca.crt', engine: certificate = 'engine' }, reason] of strangers) {
    it(`lets no table through between itself and ${name}`, async () => {
      const { fanOut, address } = await controller({ certificate: server, authority });
      fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
      const { holding, log } = engine([address], { certificate });
      await eventually(() => expect(log.join('\n')).to.match(reason));
      expect(holding.updates).to.deep.equal([]);
    });
  }

  it('takes the table of a class from a controller whose certificate names several', async () => {
    const { fanOut, address } = await controller({ certificate: 'class-green+red' });
    fanOut.publish(new Map([[key(1), endpoints(1)]]), []);
    const { holding } = engine([address]);
    await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 1 }));
  });

  it('renews certificates without dropping the stream, and both sides show the new ones to whoever comes next', async () => {
    const own = file('renewed');
    await makeCertificates({ folder: own, classes: ['red'], days: 1 });
    const { fanOut, server, address } = await controller({ certificate: 'renewed/class-red', authority: 'renewed/ca.crt' });
    const seen: string[] = [];
    server.onPeer((certificate) => seen.push(certificate));
    const table: ClassTable = new Map([[key(1), endpoints(1)]]);
    fanOut.publish(table, []);
    const follow = (name: string, connections: PeerConnections): HoldingEngine => {
      const holding = new HoldingEngine();
      const subscription = subscribeTables({ most: () => ({ bytes: 1e9, entries: 1e6 }), class: 'red', engine: name, addresses: [address], connections, apply: holding.apply, observe: () => undefined, taken: () => 0, log: () => undefined });
      ends.push(() => subscription.stop());
      return holding;
    };
    const connections = connectToPublishers('red', { certificate: path.join(own, 'engine.crt'), key: path.join(own, 'engine.key'), authority: path.join(own, 'ca.crt') }, () => undefined);
    ends.push(() => connections.close());
    const fingerprint = (name: string): string => new X509Certificate(readFileSync(path.join(own, `${name}.crt`))).fingerprint256;
    const first = follow('first', connections);
    await eventually(() => expect(first.ports).to.deep.equal({ [key(1)]: 1 }));
    const before = { engine: fingerprint('engine'), server: fingerprint('class-red') };
    expect(new Set(seen)).to.deep.equal(new Set([before.engine]));
    expect(await shownBy(server.port, own)).to.equal(before.server);
    await makeCertificates({ folder: own, classes: ['red'], days: 3 });
    await eventually(async () => expect(await shownBy(server.port, own)).to.equal(fingerprint('class-red')), 10_000);
    expect(fingerprint('class-red')).to.not.equal(before.server);
    const second = follow('second', connections);
    await eventually(() => expect(second.ports).to.deep.equal({ [key(1)]: 1 }));
    expect(seen.at(-1)).to.equal(fingerprint('engine')).and.not.equal(before.engine);
    table.set(key(1), endpoints(2));
    fanOut.publish(table, [key(1)]);
    for (const holding of [first, second]) await eventually(() => expect(holding.ports).to.deep.equal({ [key(1)]: 2 }));
    expect(first.updates.map(({ full }) => full), 'one stream').to.deep.equal([true, false]);
  });
});
