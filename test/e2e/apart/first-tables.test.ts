// An engine that starts gets the tables of its classes one by one. What it has not been told it must not deny: whoever sends it
// requests waits for all classes, and a class without a table answers 503, which clients and balancers try again, and not 404.

import { expect } from 'chai';
import type { EngineProgram } from '../../fixtures/engine-program.js';
import { eventually } from '../../fixtures/eventually.js';
import { ApartRig } from './apart-rig.js';

describe('e2e: the first tables of an engine', function () {
  this.timeout(60_000);
  const rig = new ApartRig({ hosts: 1 });
  let patient: EngineProgram;
  let hasty: EngineProgram;

  const status = async (engine: EngineProgram, className: string, host: string): Promise<number> => (await engine.get(className, host)).status;

  before(async () => {
    await rig.start();
    patient = await rig.startEngine('patient', { settings: { awaitTablesSeconds: 3600 } });
    hasty = await rig.startEngine('hasty', { settings: { awaitTablesSeconds: 0 } });
    await rig.startController('red', 0);
    for (const engine of [patient, hasty]) await eventually(async () => expect(await status(engine, 'red', 'h0.red.test')).to.equal(200), 40_000);
  });
  after(() => rig.stop());

  it('is not ready while a class has none, unless it has waited long enough', async () => {
    await patient.expectReady(503, /class blue: waits for its first table/);
    await hasty.expectReady();
  });

  it('answers 503 for a class without a table, and 404 for what a class with one does not know', async () => {
    for (const engine of [patient, hasty]) {
      expect(await status(engine, 'blue', 'h0.blue.test')).to.equal(503);
      expect(await status(engine, 'red', 'nobody.test')).to.equal(404);
      expect(await engine.metrics()).to.match(/^ingress_arbiter_unknown_host_requests_total\{ingress_class="blue"\} 0$/m);
    }
  });

  it('serves the class when it has one, also where it has not a single Ingress', async () => {
    rig.api.store.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'blue-h0' });
    await rig.startController('blue', 0);
    await eventually(() => patient.expectReady(), 40_000);
    expect(await status(patient, 'blue', 'h0.blue.test')).to.equal(404);
    await eventually(async () => expect(await status(hasty, 'blue', 'h0.blue.test')).to.equal(404), 40_000);
    await rig.expectChange('both');
  });
});
