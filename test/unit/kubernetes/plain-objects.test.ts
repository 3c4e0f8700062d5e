// Guard G19: objects stay the plain JSON they came as, through a list, a watch and a write. A generated serializer would drop
// what it does not know and turn dates into Date objects, which are not what was written.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { startLeaseElector } from '../../../src/kubernetes/lease.js';
import { ingresses, leases } from '../../../src/kubernetes/resources.js';
import { startStatusWriter } from '../../../src/kubernetes/status-writer.js';
import { advanceUntil, until } from '../../fixtures/fake-clock.js';
import { inSync, useRig } from './list-watch-rig.js';

/** What a server of a later version may send: fields that nobody here knows, at every level, and times of every form. */
const strange = {
  metadata: {
    name: 'web', namespace: 'shop', creationTimestamp: '2026-01-02T03:04:05Z', deletionTimestamp: null, fromTheFuture: { at: '2026-01-02T03:04:05.678901Z' },
    annotations: { since: '2026-01-02T03:04:05Z' },
  },
  spec: { ingressClassName: 'blue', quota: 12345678901234, rules: [{ host: 'a.test', weight: 0.5, http: { paths: [], retries: { max: '3' } } }], empty: {}, none: null },
  status: { loadBalancer: {}, conditions: [{ type: 'New', lastTransitionTime: '2026-01-02T03:04:05Z' }] },
  topLevel: ['2026-01-02', 0, false, null],
};

describe('plain objects', () => {
  const rig = useRig();
  const plain = (object: KubeObject): unknown => {
    const { metadata: { uid, resourceVersion, ...metadata }, apiVersion, kind, ...rest } = object;
    expect([uid, resourceVersion, apiVersion, kind].every((text) => typeof text === 'string')).to.equal(true);
    return { metadata, ...rest };
  };

  for (const streamLists of [false, true]) {
    it(`G19: a ${streamLists ? 'streamed' : 'paged'} list and a watch keep unknown fields, and dates as the text they are`, async () => {
      rig.server.initialEvents = 'send';
      rig.server.put(ingresses, structuredClone(strange) as never);
      await inSync(rig, { streamLists });
      expect(plain(rig.watch.get('shop/web')!)).to.deep.equal(strange);
      const later = { ...structuredClone(strange), added: { on: '2026-01-03T00:00:00Z' } };
      rig.server.put(ingresses, later as never);
      await until(() => rig.watch.resourceVersion === '102');
      expect(plain(rig.watch.get('shop/web')!)).to.deep.equal(later);
    });
  }

  it('G19: writing a status sends the address and nothing else, and what is unknown stays', async () => {
    rig.server.put(ingresses, structuredClone(strange) as never);
    await inSync(rig);
    const results: string[] = [];
    const writer = startStatusWriter({ api: rig.api, clock: rig.clock, mayWrite: () => true, onResult: ({ result }) => results.push(result) });
    try {
      writer.want(rig.watch.get('shop/web')!, [{ ip: '192.0.2.1' }]);
      await advanceUntil(rig.clock, () => results.length > 0, 100);
    } finally {
      await writer.stop();
    }
    expect(results).to.deep.equal(['written']);
    const { body } = rig.server.log.find(({ verb }) => verb === 'patch-status')!;
    expect(body).to.deep.equal({ metadata: { uid: 'uid-1', resourceVersion: '101' }, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
    expect(plain(rig.server.read(ingresses, 'shop/web')!)).to.deep.equal({ ...strange, status: { ...strange.status, loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
  });

  it('G18, G19: a Lease is renewed with what others keep in it, its times as text', async () => {
    rig.server.put(leases, { metadata: { name: 'blue', namespace: 'edge', ours: '2026-01-02T03:04:05Z' }, spec: { holderIdentity: '', strategy: 'OldestEmulationVersion', renewTime: null }, more: 1 });
    const elector = startLeaseElector({ api: rig.api, namespace: 'edge', name: 'blue', identity: 'me', clock: rig.clock, onAcquired: () => undefined, onLost: () => undefined });
    await rig.begin();
    try {
      await advanceUntil(rig.clock, () => rig.server.count('update', 'leases') > 1, 500);
      const { metadata, spec, more } = rig.server.read(leases, 'edge/blue') as KubeObject & { spec: Record<string, unknown> };
      expect([metadata['ours'], spec['strategy'], more]).to.deep.equal(['2026-01-02T03:04:05Z', 'OldestEmulationVersion', 1]);
      for (const time of [spec['renewTime'], spec['acquireTime']]) expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/);
    } finally {
      await elector.release();
    }
  });

  it('G19: no file uses the client\'s serializer, and of its values nothing but the kubeconfig is used', () => {
    const used: string[] = [];
    for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts'))) {
      const text = readFileSync(path.join('src', file), 'utf8');
      expect(text, `src/${file}`).to.not.include('ObjectSerializer');
      if (!text.includes('@kubernetes/client-node')) continue;
      ts.createSourceFile(file, text, ts.ScriptTarget.Latest).forEachChild((node) => {
        if (!ts.isImportDeclaration(node) || !(node.moduleSpecifier as ts.StringLiteral).text.startsWith('@kubernetes/client-node')) return;
        const { isTypeOnly, namedBindings } = node.importClause ?? {};
        const names = namedBindings !== undefined && ts.isNamedImports(namedBindings) ? namedBindings.elements.map(({ name }) => name.text) : ['everything'];
        if (isTypeOnly !== true) used.push(...names.map((name) => `${file} ${name}`));
      });
    }
    expect(used).to.deep.equal(['kubernetes/kube-config.ts KubeConfig']);
  });
});
