// Hand-overs that cannot complete, in real processes: the old class goes on serving and the Ingress says why, going back is
// possible at each phase, and what was missing is all that it takes to go on.
import { expect } from 'chai';
import { A, B, HandOverRig, addressOf, annotation, type EngineSettings } from './hand-over-rig.js';
import { type Migrate, migrateOn } from './migrate/migrate-process.js';
import { createClassSubscriptions } from '../../src/cli/engine/class-subscriptions.js';
import { readEngineProgramSettings } from '../../src/cli/engine/engine-program-settings.js';
import { ingress } from '../fixtures/dev-rig.js';
import { eventually } from '../fixtures/eventually.js';

const classAnnotation = 'kubernetes.io/ingress.class';

describe('e2e: hand-overs that do not get on', function () {
  this.timeout(120_000);
  const rig = new HandOverRig();
  let engine: EngineSettings;
  let both: EngineSettings;
  let migrate: Migrate;

  before(async () => {
    await rig.start();
    const annotated = ingress('annotated', 'annotated.test', 'web', { annotations: { [classAnnotation]: A } }) as { spec: { ingressClassName?: string } };
    delete annotated.spec.ingressClassName;
    rig.create(ingress('older', 'web-4.test', 'web', { class: B }), annotated);
    rig.createIngresses(5, A);
    for (const name of [A, B]) rig.startController(name);
    engine = await rig.startEngine('one', { classes: [A] });
    await eventually(() => { for (const one of rig.ingresses()) expect(rig.shown(one), rig.tail()).to.equal(addressOf(one.spec.ingressClassName ?? A)); }, 60_000);
    for (let at = 0; at < 5; at += 1) await rig.answers(engine.ports[A]!, `web-${at}.test`, 200);
    migrate = migrateOn(rig);
  });
  after(() => rig.stop());

  /** The warnings at an Ingress, newest last. */
  const warnings = (name: string): string => (rig.api.store.list({ apiVersion: 'v1', kind: 'Event' }) as unknown as { type: string; message: string; involvedObject: { name: string } }[])
    .filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.name === name).map(({ message }) => message).join('\n');
  const waits = async (name: string, why: RegExp): Promise<void> => {
    await rig.eventually(() => expect(warnings(name)).to.match(why), 40_000);
    expect(rig.shown(rig.find(name))).to.equal(addressOf(A));
    await rig.answers(engine.ports[A]!, `${name}.test`, 200);
  };
  const home = (name: string, className: string, withinMs = 60_000): Promise<void> => rig.eventually(() => {
    expect([rig.shown(rig.find(name)), rig.record(rig.find(name))]).to.deep.equal([addressOf(className), undefined]);
  }, withinMs);

  it('no engine has a listener of the class: it waits, says so in three places, and goes back', async () => {
    rig.move('web-0', B);
    await waits('web-0', /its hand-over to class "class-b" is starting and waits: no engine takes the tables of class-b; class "class-a" goes on serving it/);
    const { code, out } = await migrate(['status']);
    expect([code, out]).to.satisfy(([status, text]: [number, string]) => status === 1 && /default\/web-0 +starting +class-a +class-b .*no engine takes the tables of class-b/.test(text), out);
    rig.move('web-0', A);
    await home('web-0', A);
    await rig.answers(engine.ports[A]!, 'web-0.test', 200);
  });

  it('a shadow waits for the same, and says so', async () => {
    const { code, out } = await migrate(['shadow', '--from', A, '--to', B, '--ingress', 'default/web-1', '--wait', '12']);
    expect(code).to.equal(1);
    expect(out).to.match(/default\/web-1: class class-b does not serve it after 12 s: .*is shadow and waits: class "class-b" does not serve it yet; the log of its controller says why/);
    expect(rig.tail()).to.match(/IA181 Ingress default\/web-1: its hand-over to class "class-b" is shadow and waits: no engine takes the tables of class-b/);
    expect((await migrate(['rollback', '--to', B])).code).to.equal(0);
    expect(rig.record(rig.find('web-1'))).to.equal(undefined);
  });

  it('goes on by itself when an engine comes that has a listener of it, also from an annotation', async () => {
    rig.move('web-2', B);
    rig.change('annotated', (one) => { one.metadata.annotations![classAnnotation] = B; });
    await waits('web-2', /no engine takes the tables/);
    both = await rig.startEngine('two');
    for (const name of ['web-2', 'annotated']) {
      await home(name, B);
      await rig.answers(both.ports[B]!, `${name}.test`, 200);
      for (const { ports } of [engine, both]) await rig.answers(ports[A]!, `${name}.test`, 404);
    }
  });

  it('an engine is alive and does not answer: nothing moves until it does', async () => {
    both.child.kill('SIGSTOP');
    rig.move('web-3', B);
    await waits('web-3', /engine two (?:has not taken it yet|went away a moment ago)/);
    expect(JSON.parse(rig.record(rig.find('web-3'))!)).to.not.have.any.keys('servedAt', 'movedAt');
    both.child.kill('SIGCONT');
    await eventually(() => expect(rig.shown(rig.find('web-3'))).to.equal(addressOf(B)), 60_000);
    await rig.answers(both.ports[B]!, 'web-3.test', 200);
  });

  it('the class has the path already: its older Ingress keeps it, and the old class serves', async () => {
    rig.move('web-4', B);
    await waits('web-4', /in class "class-b", .*Ingress default\/older/);
    rig.api.store.delete({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'older' });
    await home('web-4', B);
  });

  it('an engine of a version that can not tell of requests: it moves, and the old class drains until somebody ends it', async () => {
    const { controllers, ...settings } = readEngineProgramSettings(rig.file('two.yaml'));
    const old = createClassSubscriptions({ apply: async () => ({ applied: true }), observe: undefined, taken: () => 0, log: () => undefined } as unknown as Parameters<typeof createClassSubscriptions>[0]);
    try {
      await old.follow({ ...settings, name: 'old', controllers: { [A]: controllers[A]! } });
      rig.move('web-1', B);
      await eventually(() => expect(rig.shown(rig.find('web-1'))).to.equal(addressOf(B)), 60_000);
      await eventually(() => expect(warnings('web-1')).to.match(/is draining and waits: whether class "class-a" still gets requests for it is not known: engine old is of a version that does not tell/), 40_000);
      await rig.answers(engine.ports[A]!, 'web-1.test', 200);
      const { code, out } = await migrate(['finish', '--to', B, '--ingress', 'default/web-1', '--force']);
      expect(code, out).to.equal(0);
      await rig.answers(engine.ports[A]!, 'web-1.test', 404);
      expect(rig.find('web-1').metadata.annotations ?? {}).to.not.have.property(annotation);
    } finally {
      await old.stop();
    }
  });
});
