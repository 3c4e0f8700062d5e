// What the engines are asked about hand-overs, and when again: as soon as an answer may be another one, and not before.
import { expect } from 'chai';
import { type AskedClaim, answerQuestions } from '../../../src/controller/answer-questions.js';
import type { HandOverQuestion } from '../../../src/core/arbiter.js';
import { mostObserved } from '../../../src/core/stream-protocol.js';

describe('answerQuestions', () => {
  const questions = new Map<string, readonly HandOverQuestion[]>();
  /** What was looked up, and told, since the last look. */
  let asked: string[];
  let facts: Map<string, unknown>;
  let engine: { holder: boolean; lacking: Set<string>; served: number; told: number; gap: { because?: string } | undefined; watched: readonly string[] };
  let now: number;
  let answer: (changed?: Iterable<string>) => boolean;

  const serve = (...keys: string[]): void => { for (const key of keys) questions.set(key, [{ of: 'served', class: 'blue', ingress: key, entries: [`host/${key}`] }]); };
  const drain = (...keys: string[]): void => { for (const key of keys) questions.set(key, [{ of: 'traffic', class: 'blue', ingress: key, quietMs: 1000 }]); };
  const look = (...changed: string[]): string[] => {
    asked = [];
    answer(changed);
    return asked;
  };

  beforeEach(() => {
    questions.clear();
    [asked, facts, now] = [[], new Map(), 0];
    engine = { holder: true, lacking: new Set(), served: 0, told: 0, gap: undefined, watched: [] };
    const take = (_: string, key: string, fact: unknown): boolean => {
      const isNew = JSON.stringify(facts.get(key)) !== JSON.stringify(fact);
      facts.set(key, fact);
      return isNew;
    };
    const claim: AskedClaim = {
      claim: { class: 'blue' }, elector: { isHolder: () => engine.holder }, presence: { gap: () => engine.gap },
      fanOut: {
        lacks: ([entry]: Iterable<string> & string[]) => {
          asked.push(entry!);
          return engine.lacking.has(entry!) ? 'not yet' : undefined;
        },
        sign: () => String(engine.served),
      },
      traffic: {
        watch: (list) => { engine.watched = list; }, sign: () => String(engine.told),
        factOf: (key) => {
          asked.push(key);
          return { quiet: true };
        },
      },
    };
    answer = answerQuestions({ questions, takeServed: take, takeTraffic: take }, [claim], () => now);
  });

  it('asks what is new, and all when an engine has said something that it depends on', () => {
    serve('a', 'b');
    drain('c');
    expect(look('a', 'b', 'c')).to.deep.equal(['host/a', 'host/b', 'c']);
    expect([look(), look('b'), look('c'), engine.watched]).to.deep.equal([[], ['host/b'], ['c'], ['c']]);
    engine.served += 1;
    expect([look(), look()]).to.deep.equal([['host/a', 'host/b'], []]);
    engine.told += 1;
    expect([look(), look()]).to.deep.equal([['c'], []]);
  });

  it('asks no more about what is over, and drops it from what engines watch', () => {
    drain('a', 'b');
    look('a', 'b');
    questions.delete('a');
    expect([look('a'), engine.watched]).to.deep.equal([[], ['b']]);
    serve('b');
    expect([look('b'), engine.watched]).to.deep.equal([['host/b'], []]);
  });

  it('tells since when something is served without a break', () => {
    serve('a');
    look('a');
    now = 5;
    look('a');
    expect(facts.get('a')).to.deep.equal({ since: 0 });
    engine.lacking.add('host/a');
    engine.served += 1;
    look();
    expect(facts.get('a')).to.deep.equal({ waiting: 'not yet' });
    engine.lacking.clear();
    engine.served += 1;
    look();
    expect(facts.get('a')).to.deep.equal({ since: 5 });
  });

  it('knows an engine that may be missing from one that is still to come', () => {
    serve('a');
    engine.gap = {};
    look('a');
    expect(facts.get('a')).to.equal(undefined);
    engine.gap = undefined;
    look();
    expect(facts.get('a')).to.deep.equal({ since: 0 });
    engine.gap = { because: 'engine x went away' };
    look();
    expect(facts.get('a')).to.deep.equal({ waiting: 'engine x went away' });
  });

  it('asks nothing for a class that is not held, and all once it is', () => {
    serve('a');
    drain('b');
    engine.holder = false;
    expect([look('a', 'b'), engine.watched]).to.deep.equal([[], []]);
    engine.holder = true;
    expect([look(), engine.watched]).to.deep.equal([['host/a', 'b'], ['b']]);
    engine.holder = false;
    look();
    engine.holder = true;
    expect([look(), engine.watched]).to.deep.equal([['host/a', 'b'], ['b']]);
  });

  it('gives the next one its turn when one of too many is through', () => {
    const keys = Array.from({ length: mostObserved + 1 }, (_, at) => `i${at}`);
    drain(...keys);
    look(...keys);
    expect(facts.get(keys.at(-1)!)).to.have.property('unknown');
    questions.delete('i0');
    look('i0');
    expect(facts.get(keys.at(-1)!)).to.deep.equal({ quiet: true });
  });
});
