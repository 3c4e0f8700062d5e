// In whatever order things happen, and whoever ends in the middle: an Ingress that is handed over is served wherever a client may
// ask for it, its status is written by the rightful class only and never empty, and in the end it has arrived.
import { expect } from 'chai';
import fc from 'fast-check';
import { type ClassName, classes } from './hand-over-ingress.js';
import { HandOverModel } from './hand-over-model.js';
import { handOverAnnotation } from '../../../src/core/hand-over/record.js';

type Event = { [Name in keyof typeof kinds]: { do: Name } & Parameters<(typeof kinds)[Name]>[1] }[keyof typeof kinds];

const kinds = {
  advance: (model: HandOverModel, { ms }: { ms: number }) => model.advance(ms),
  watch: (model: HandOverModel, { at }: { at: number }) => model.watch(at),
  record: (model: HandOverModel, { at }: { at: number }) => model.writeRecord(at),
  status: (model: HandOverModel, { at }: { at: number }) => model.writeStatus(at),
  crash: (model: HandOverModel, { at }: { at: number }) => model.crash(at),
  start: (model: HandOverModel, { at }: { at: number }) => model.start(at),
  hold: (model: HandOverModel, { at }: { at: number }) => model.hold(at),
  deliver: (model: HandOverModel, { at, name }: { at: number; name: ClassName }) => model.deliver(at, name),
  tell: (model: HandOverModel, { at, name }: { at: number; name: ClassName }) => model.tell(at, name),
  connect: (model: HandOverModel, { at, name }: { at: number; name: ClassName }) => model.connect(at, name),
  cut: (model: HandOverModel, { at, name }: { at: number; name: ClassName }) => model.cut(at, name),
  stopEngine: (model: HandOverModel, { at }: { at: number }) => model.stopEngine(at),
  startEngine: (model: HandOverModel, { at }: { at: number }) => model.startEngine(at),
  edit: (model: HandOverModel, { name }: { name: ClassName }) => model.ingress.setClass(name),
  shadow: (model: HandOverModel, { name }: { name: ClassName }) => {
    const own = model.ingress.current.spec!.ingressClassName as ClassName;
    if (own !== name && model.ingress.record === undefined) model.ingress.annotate(JSON.stringify({ from: [own], to: name }));
  },
  /** Takes away what nobody was sent to yet, as `migrate rollback` does. */
  unshadow: (model: HandOverModel, {}: object) => {
    // As `migrate rollback` does: what a controller began is left to the controllers.
    if (model.ingress.record !== undefined && model.ingress.record.by === undefined && model.ingress.record.movedAt === undefined && model.ingress.record.to !== model.ingress.current.spec!.ingressClassName) model.ingress.annotate(undefined);
  },
  come: (model: HandOverModel, { name }: { name: ClassName }) => { if (model.isKnownToClients(name)) model.clients.add(name); },
  go: (model: HandOverModel, { name }: { name: ClassName }) => { model.clients.delete(name); },
};

function events(processes: number, engines: number): fc.Arbitrary<Event[]> {
  const process = fc.nat(processes - 1);
  const engine = fc.nat(engines - 1);
  const name = fc.constantFrom(...classes);
  const of = (weight: number, kind: keyof typeof kinds, shape: Record<string, fc.Arbitrary<unknown>>): { weight: number; arbitrary: fc.Arbitrary<Event> } =>
    ({ weight, arbitrary: fc.record({ do: fc.constant(kind), ...shape }) as fc.Arbitrary<Event> });
  return fc.array(fc.oneof(
    of(6, 'advance', { ms: fc.constantFrom(10, 1000, 1000, 3000, 6000, 15_000, 40_000) }),
    of(8, 'watch', { at: process }), of(8, 'record', { at: process }), of(6, 'status', { at: process }),
    of(1, 'crash', { at: process }), of(3, 'start', { at: process }), of(3, 'hold', { at: process }),
    of(8, 'deliver', { at: engine, name }), of(6, 'tell', { at: engine, name }), of(4, 'connect', { at: engine, name }),
    of(1, 'cut', { at: engine, name }), of(1, 'stopEngine', { at: engine }), of(2, 'startEngine', { at: engine }),
    of(3, 'edit', { name }), of(1, 'shadow', { name }), of(1, 'unshadow', {}), of(2, 'come', { name }), of(2, 'go', { name }),
  ), { minLength: 1, maxLength: 120, size: 'max' });
}

function play(model: HandOverModel, list: readonly Event[]): void {
  for (const event of list) {
    (kinds[event.do] as (on: HandOverModel, with_: Event) => void)(model, event);
    model.ask();
  }
}

/** Nobody asks any more, everything runs, and a shadow that somebody wanted is taken away. */
function settleDown(model: HandOverModel): void {
  model.quiesce(31);
  if (model.ingress.record?.by === undefined && model.ingress.record?.movedAt === undefined && model.ingress.record?.to !== model.ingress.current.spec!.ingressClassName) model.ingress.annotate(undefined);
  model.clients.clear();
  model.quiesce(150);
}

function expectArrived(model: HandOverModel): void {
  const owner = model.ingress.current.spec!.ingressClassName!;
  expect([model.ingress.shown, model.ingress.current.metadata.annotations?.[handOverAnnotation]]).to.deep.equal([owner, undefined]);
  for (const { of } of model.engines) for (const name of classes) expect([name, of[name].table.size > 0]).to.deep.equal([name, name === owner]);
}

/** Runs of each world; make hand-overs has more. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 60);

/** What random orders have found, shortened. */
const at = (process: number, ...steps: ('watch' | 'record' | 'status' | 'crash' | 'start' | 'hold')[]): Event[] => steps.map((one) => ({ do: one, at: process }));
const edit = (name: ClassName): Event => ({ do: 'edit', name });
const engine = (number: number, name: ClassName, ...steps: ('connect' | 'deliver' | 'cut')[]): Event[] => steps.map((one) => ({ do: one, at: number, name }));
const once: Record<string, Event[]> = {
  'an engine that has not found the new process yet': [
    edit('b'), ...at(0, 'watch', 'record'), ...at(1, 'crash', 'start', 'hold'), ...engine(0, 'b', 'connect', 'deliver'), ...at(1, 'record', 'watch', 'status'),
  ],
  'an engine whose stream has just broken': [
    ...engine(1, 'b', 'cut'), edit('b'), ...at(0, 'watch', 'record'), ...at(1, 'watch'), ...engine(0, 'b', 'deliver'), ...at(1, 'record', 'watch', 'status'),
  ],
  'a status write that was on its way when the class changed again': [
    edit('b'), ...at(1, 'watch'), ...[0, 1].flatMap((one) => engine(one, 'b', 'deliver')), ...at(1, 'record', 'watch', 'record', 'watch', 'status', 'watch'), ...at(0, 'watch'),
    edit('a'), ...at(1, 'watch', 'record'), ...at(0, 'watch', 'record', 'watch'), edit('b'), ...at(1, 'watch', 'record', 'watch', 'record', 'watch'), ...at(0, 'status'),
  ],
  'a shadow back to the class that is just being left': [edit('b'), { do: 'shadow', name: 'a' }, ...at(0, 'watch'), ...at(1, 'watch', 'status')],
  'a shadow to a third class while the first is being left': [edit('c'), { do: 'shadow', name: 'b' }, ...at(2, 'watch', 'status')],
  'a shadow of nobody, and the class changes to its own': [edit('c'), { do: 'shadow', name: 'b' }, edit('b'), ...at(1, 'watch'), ...engine(0, 'b', 'deliver'), ...engine(1, 'b', 'deliver'), ...at(1, 'record', 'watch', 'status')],
  'there, back and there again within the grace': [
    edit('b'), ...at(1, 'watch'), ...[0, 1].flatMap((one) => engine(one, 'b', 'deliver')), ...at(1, 'record', 'watch', 'record', 'watch', 'status'),
    edit('a'), ...at(1, 'watch', 'record'), edit('b'), ...at(0, 'watch'), ...at(1, 'watch', 'record'), ...at(0, 'watch'), ...engine(0, 'a', 'deliver'),
  ],
  'a third class, and back before anybody was there': [edit('c'), ...at(2, 'watch', 'record'), edit('b'), ...at(1, 'watch', 'record'), edit('c'), ...at(2, 'watch', 'status', 'watch')],
};

describe('core: hand-overs, whatever happens', function () {
  this.timeout(60_000 + RUNS * 500);

  for (const [words, list] of Object.entries(once)) {
    it(`are served, written by one, and arrive: ${words}`, () => {
      const model = new HandOverModel({ processes: [['a'], ['b'], ['c']], engines: 2 });
      play(model, list);
      settleDown(model);
      expectArrived(model);
    });
  }

  const worlds: [words: string, processes: ClassName[][], engines: number][] = [
    ['a process for each class, one engine', [['a'], ['b'], ['c']], 1], ['two processes, two engines', [['a'], ['b', 'c']], 2], ['all classes in one process', [['a', 'b', 'c']], 1],
  ];
  for (const [words, processes, engines] of worlds) {
    it(`are served, written by one, and arrive: ${words}`, () => {
      const phases = new Set<string>();
      fc.assert(fc.property(events(processes.length, engines), (list) => {
        const model = new HandOverModel({ processes, engines });
        play(model, list);
        settleDown(model);
        expectArrived(model);
        for (const phase of model.seenPhases) phases.add(phase);
      }), { numRuns: RUNS });
      expect([...phases], 'something happens').to.include.members(['draining', 'shadow', 'starting']);
    });
  }
});
