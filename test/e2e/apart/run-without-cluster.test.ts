// `run` has controller and engine in one process. When the cluster can't be reached its claim comes to an end, and no controller can
// renew it; what it serves it serves on, and it must say so: whoever sends requests only where readiness is would send them nowhere.
// A Lease takes its time: only with APART_LONG=1.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { type ApiServer, startApiServer } from '../../../src/dev-cluster/api-server.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { ingress, service } from '../../fixtures/dev-rig.js';
import { type EchoBackend, startEchoBackend } from '../../fixtures/echo-backend.js';
import { eventually } from '../../fixtures/eventually.js';
import { type TcpRelay, startTcpRelay } from '../../fixtures/tcp-relay.js';
import { type RunProcess, startRun } from '../run-process.js';

describe('e2e: run without its cluster', function () {
  this.timeout(120_000);
  let folder: string;
  let api: ApiServer;
  let relay: TcpRelay;
  let backend: EchoBackend;
  const runs: RunProcess[] = [];

  const start = async (user: string): Promise<RunProcess> => {
    const kubeconfig: ApiServer['kubeconfig'] = (as) => api.kubeconfig(as).replace(/:[0-9]+(?=\s*$)/m, `:${relay.port}`);
    const run = await startRun({ api: { ...api, kubeconfig }, folder, user, class: 'red' });
    runs.push(run);
    return run;
  };
  const ready = async (run: RunProcess, text: RegExp): Promise<void> => { expect(await run.readiness(), run.messages().slice(-10).join('\n')).to.match(text); };
  const serves = async (run: RunProcess, host: string): Promise<void> => { expect((await run.get(host)).status).to.equal(200); };

  before(async function () {
    if (process.env.APART_LONG !== '1') this.skip();
    folder = mkdtempSync(path.join(tmpdir(), 'ia-alone-'));
    chmodSync(folder, 0o755);
    api = await startApiServer({ allowLoopbackEndpoints: true });
    relay = await startTcpRelay(api.port);
    backend = await startEchoBackend('web');
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'arbiter' } },
      { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'red' }, spec: { controller: 'ingress-arbiter.io/controller' } },
      ...service('web', [backend.port]), ingress('web', 'a.test', 'web', { class: 'red' }),
    ];
    for (const object of objects) api.store.create(object as KubeObject);
  });
  after(async () => {
    for (const run of runs) await run.end();
    backend?.close();
    await relay?.stop();
    await api?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('the one that served stays ready, the standby does not become so, and both are as before when it is back', async () => {
    const first = await start('first');
    await eventually(() => ready(first, /^ok$/), 40_000);
    const second = await start('second');
    await eventually(() => ready(second, /^standby: /), 40_000);
    await relay.stop();
    await eventually(() => expect(first.messages().join('\n')).to.match(/gives the claim up/), 40_000);
    await ready(first, /^ok$/);
    await ready(second, /^standby: /);
    await serves(first, 'a.test');
    await relay.start();
    api.store.create(ingress('more', 'b.test', 'web', { class: 'red' }) as KubeObject);
    // Either may win the claim now; the one that has it is ready and serves what is new, the other is not.
    const [holder, other] = await eventually(async () => {
      const states = await Promise.all([first, second].map((run) => run.readiness()));
      expect(states.map((state) => state === 'ok').sort(), states.join()).to.deep.equal([false, true]);
      const at = states.indexOf('ok');
      await serves(runs[at]!, 'b.test');
      return [runs[at]!, runs[1 - at]!];
    }, 60_000);
    await ready(holder, /^ok$/);
    await ready(other, /^standby: /);
  });
});
