// Events: counted instead of repeated, bounded per object and in all, and never in anybody's way.
import { expect } from 'chai';
import type { ApiConnection } from '../../../src/kubernetes/api-connection.js';
import type { EventResult, EventWriter } from '../../../src/kubernetes/event-writer.js';
import { startEventWriter } from '../../../src/kubernetes/event-writer.js';
import { createKubeApi } from '../../../src/kubernetes/kube-api.js';
import type { KubeObject } from '../../../src/kubernetes/kube-object.js';
import { events, ingressClasses, ingresses } from '../../../src/kubernetes/resources.js';
import { FakeClock, until } from '../../fixtures/fake-clock.js';
import { FaultApiServer } from '../../fixtures/fault-api-server.js';
import { anIngress, plainConnection } from './list-watch-rig.js';

describe('event writer', () => {
  let server: FaultApiServer;
  let connection: ApiConnection;
  let clock: FakeClock;
  let writer: EventWriter;
  let results: EventResult[];
  let ingress: KubeObject;

  beforeEach(async () => {
    server = new FaultApiServer([ingresses, ingressClasses, events]);
    connection = plainConnection(await server.start());
    clock = new FakeClock();
    results = [];
    ingress = server.put(ingresses, anIngress('a'));
    writer = startEventWriter({
      api: createKubeApi({ connection, clock }), component: 'ingress-arbiter', instance: 'pod-1', clock,
      wallClock: () => new Date('2026-11-25T10:00:00.123Z'), onResult: (result) => results.push(result),
    });
  });
  afterEach(async () => {
    await writer.stop();
    await connection.close();
    await server.stop();
  });

  const report = (message: string, object = ingress): void => writer.report({ object, type: 'Warning', reason: 'ClassConflict', message });
  const written = (): Record<string, unknown>[] => server.log.filter(({ verb }) => verb === 'create').map(({ body }) => body!);
  const countOf = (result: EventResult): number => results.filter((one) => one === result).length;

  it('G18: writes an Event that a person finds at the object, with times of whole seconds', async () => {
    report('two claims');
    await until(() => results.length === 1);
    const [event] = written();
    expect(event!['involvedObject']).to.deep.include({ kind: 'Ingress', apiVersion: 'networking.k8s.io/v1', namespace: 'shop', name: 'a', uid: ingress.metadata.uid });
    expect(event).to.deep.include({ type: 'Warning', reason: 'ClassConflict', message: 'two claims', count: 1, firstTimestamp: '2026-11-25T10:00:00Z' });
    expect((event!['metadata'] as { name: string }).name).to.match(/^a\.[0-9a-f]{16}$/);
  });

  it('lets go of what may not be written any more when its turn comes, as after a freeze', async () => {
    let mine = true;
    writer.report({ object: ingress, type: 'Normal', reason: 'Taken', message: 'first', mayWrite: () => mine });
    writer.report({ object: ingress, type: 'Normal', reason: 'Taken', message: 'second', mayWrite: () => mine });
    mine = false;
    await until(() => results.length === 2);
    expect(written().map(({ message }) => message)).to.not.include('second');
    expect(results).to.include('dropped');
  });

  it('counts the same news for 5 minutes and then tells how often', async () => {
    report('two claims');
    await until(() => results.length === 1);
    for (let index = 0; index < 9; index += 1) report('two claims');
    await clock.advance(300_000);
    report('two claims');
    await until(() => countOf('written') === 2);
    expect(written()).to.have.length(1);
    expect(server.log.at(-1)).to.deep.include({ verb: 'patch' });
    expect(server.log.at(-1)!.body!['count']).to.equal(11);
  });

  it('writes a new Event when the old one is gone', async () => {
    report('two claims');
    await until(() => results.length === 1);
    server.remove(events, `shop/${(written()[0]!['metadata'] as { name: string }).name}`);
    await clock.advance(300_000);
    report('two claims');
    await until(() => countOf('written') === 2);
    expect(written()).to.have.length(2);
    expect(written()[1]!['count']).to.equal(2);
  });

  it('finds what another instance has said already, and does not say it again', async () => {
    report('two claims');
    await until(() => results.length === 1);
    const other = startEventWriter({ api: createKubeApi({ connection, clock }), component: 'ingress-arbiter', instance: 'pod-2', clock, onResult: (result) => results.push(result) });
    other.report({ object: ingress, type: 'Warning', reason: 'ClassConflict', message: 'two claims' });
    await until(() => results.length === 2);
    await other.stop();
    expect(results).to.deep.equal(['written', 'written']);
    expect(server.log.filter(({ verb, status }) => verb === 'create' && status === 201)).to.have.length(1);
  });

  it('lets 25 through per object and then one in 5 minutes', async () => {
    for (let second = 0; second < 100; second += 1) {
      report(`news ${second}`);
      await clock.advance(1000);
    }
    await until(() => countOf('written') + countOf('dropped') === 100);
    expect(countOf('written')).to.equal(25);
    await clock.advance(300_000);
    report('later 1');
    report('later 2');
    await until(() => results.length === 102);
    expect(countOf('written')).to.equal(26);
  });

  it('lets 25 through in all and then one per second', async () => {
    for (let index = 0; index < 60; index += 1) report('news', server.put(ingresses, anIngress(`i${index}`)));
    await until(() => results.length === 60);
    expect(countOf('written')).to.equal(25);
    await clock.advance(3000);
    for (let index = 0; index < 5; index += 1) report('more', server.put(ingresses, anIngress(`j${index}`)));
    await until(() => results.length === 65);
    expect(countOf('written')).to.equal(28);
  });

  it('bounds what users wrote and takes the control characters out', async () => {
    report(`a\n\u0000\u2028b ${'ü'.repeat(2000)}`);
    await until(() => results.length === 1);
    const message = written()[0]!['message'] as string;
    expect(message).to.match(/^a b ü+…$/);
    expect(Buffer.byteLength(message)).to.be.at.most(1024);
  });

  it('speaks of cluster-scoped objects in the namespace default', async () => {
    report('no parameters', server.put(ingressClasses, { metadata: { name: 'blue' } }));
    await until(() => results.length === 1);
    expect(written()[0]!['metadata']).to.have.property('namespace', 'default');
  });

  it('a refusal is a result and nothing more', async () => {
    server.fault({ verb: 'create' }, { kind: 'respond', status: 403 });
    report('two claims');
    await until(() => results.length === 1);
    expect(results).to.deep.equal(['failed']);
  });
});
