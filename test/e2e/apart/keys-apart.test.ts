// A private key on its way from a Secret through the controller, the stream and the engine into nginx shows in nothing that either
// program says, whether it is served, broken, refused, or read from the disk again. The engine's tables have it, for itself only.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ingress, tlsSecret } from '../../fixtures/dev-rig.js';
import { type EngineProgram, putTable } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { httpGet } from '../../fixtures/http-get.js';
import { piecesOf } from '../../fixtures/key-pieces.js';
import { selfSigned } from '../../fixtures/self-signed.js';
import { ApartRig } from './apart-rig.js';

describe('e2e: a private key shows nowhere, controllers and engines apart', function () {
  this.timeout(60_000);
  const rig = new ApartRig({ hosts: 1 });
  const keys: string[] = [];
  let engine: EngineProgram;
  const outputs: (() => string)[] = [];

  const showsNowhere = async (): Promise<void> => {
    const shown = new Map(outputs.map((output, at) => [`log ${at}`, output()]));
    for (const [at, { address, port }] of [{ address: engine.address, port: engine.admin }, ...rig.controllers.map(({ admin }) => admin)].entries()) {
      for (const page of ['/metrics', '/metrics/red', '/readyz', '/healthz', '/nothing']) shown.set(`${page} ${at}`, (await httpGet({ address, port, host: 'localhost', path: page })).text);
    }
    for (const [apiVersion, kind] of [['v1', 'Event'], ['networking.k8s.io/v1', 'Ingress'], ['coordination.k8s.io/v1', 'Lease']] as const) shown.set(kind, JSON.stringify(rig.api.store.list({ apiVersion, kind })));
    for (const name of readdirSync(engine.workDirectory, { recursive: true, encoding: 'utf8' })) {
      const file = path.join(engine.workDirectory, name);
      if (!statSync(file).isFile()) continue;
      if (name.startsWith('tables/')) expect(statSync(file).mode & 0o077, name).to.equal(0);
      else shown.set(`file ${name}`, readFileSync(file, 'latin1'));
    }
    const pieces = keys.flatMap(piecesOf);
    expect(pieces).to.not.be.empty;
    for (const piece of pieces) for (const [where, text] of shown) expect(text.includes(piece), where).to.equal(false);
  };
  const served = async (): Promise<void> => { expect((await httpGet({ port: engine.ports['red']!.https, host: 'h0.red.test', https: true })).commonName).to.equal('h0.red.test'); };

  before(async () => {
    await rig.start();
    for (const name of ['red', 'blue']) outputs.push((await rig.startController(name, 0)).output);
    engine = await rig.startEngine('one');
    outputs.push(() => engine.output());
    await rig.allReady();
  });
  after(() => rig.stop());

  it('while it is served, and when the Secret breaks', async () => {
    const good = await selfSigned('h0.red.test');
    const other = await selfSigned('h0.red.test');
    keys.push(good.key, other.key);
    rig.create(tlsSecret('web', good), ingress('secure', 'h0.red.test', 'red-h0', { class: 'red', secret: 'web', path: '/secure' }));
    await eventually(served, 20_000);
    await showsNowhere();
    for (const [at, broken] of [{ certificate: good.certificate, key: other.key }, { certificate: good.key, key: good.certificate }, { certificate: good.certificate, key: good.key.slice(0, -60) }].entries()) {
      const stored = rig.api.store.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'web' })!;
      rig.api.store.update({ ...stored, data: (tlsSecret('web', broken) as { data: object }).data });
      await rig.expectChange(`after-${at}`, { classes: ['red'] });
      await showsNowhere();
    }
  });

  it('when the engine starts from its disk, and takes some of it for wrong', async () => {
    const { certificate: chain, key } = await selfSigned('h0.red.test');
    const wrong = await selfSigned('h0.red.test');
    keys.push(key, wrong.key);
    await eventually(() => expect(readdirSync(path.join(engine.workDirectory, 'tables/red'))).to.not.be.empty);
    await engine.kill();
    putTable(engine.workDirectory, 'red', {
      epoch: 1, sequence: 999_999, entries: new Map([
        ['certificate/certificate-1', JSON.stringify({ chain, key })], ['sni/h0.red.test', '{"certificate":"certificate-1"}'],
        ['certificate/certificate-2', JSON.stringify({ chain: wrong.key, key: wrong.key })], ['sni/x.red.test', JSON.stringify({ certificate: wrong.key })],
        ['service/a/b/80', JSON.stringify({ endpoints: [{ address: wrong.key, port: 1 }] })],
      ]),
    });
    for (const controller of rig.controllers) await controller.kill();
    engine = rig.restart(engine);
    await eventually(() => engine.expectReady(), 20_000);
    expect(engine.output()).to.match(/entries that this engine does not take/);
    await eventually(served);
    for (const controller of [...rig.controllers]) outputs.push(controller.again().output);
    await eventually(async () => { for (const { metrics } of rig.controllers) await metrics(); }, 20_000);
    await showsNowhere();
  });
});
