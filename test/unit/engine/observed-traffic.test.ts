// An engine tells of the requests for a few Ingresses, again and again, to whoever asked last, and to nobody any more afterwards.
import { expect } from 'chai';
import { type ObservedTraffic, createObservedTraffic } from '../../../src/engine/observed-traffic.js';
import { eventually } from '../../fixtures/eventually.js';

describe('observed traffic', function () {
  this.timeout(20_000);
  let asked: string[];
  let log: string[];
  let broken: boolean;
  let observed: ObservedTraffic;
  beforeEach(() => {
    asked = [];
    log = [];
    broken = false;
    observed = createObservedTraffic(async (className, ingresses) => {
      asked.push(className);
      if (broken) throw new Error('nginx does not answer');
      return { instance: 'one', counts: ingresses.map(() => asked.length) };
    }, (level, message) => { log.push(`${level} ${message}`); });
  });
  afterEach(() => observed.stop());
  const looks = (className: string): number => asked.filter((one) => one === className).length;

  it('tells again and again, one look of a class for all of its Ingresses', async () => {
    const told: number[][] = [];
    observed.observe('a', ['n/x', 'n/y'], ({ counts }) => told.push(counts));
    await eventually(() => expect(told.length).to.be.at.least(2), 10_000);
    for (const counts of told) expect(counts).to.have.length(2);
    expect(looks('a')).to.equal(told.length);
  });

  it('tells whoever asked last, also when the look was under way', async () => {
    const told: string[] = [];
    observed.observe('a', ['n/x'], () => told.push('first'));
    observed.observe('a', ['n/y'], () => told.push('second'));
    await eventually(() => expect(told.length).to.be.at.least(2), 10_000);
    expect([...new Set(told)]).to.deep.equal(['second']);
  });

  it('looks no more once nothing is wanted, and again when it is', async () => {
    const told: string[] = [];
    observed.observe('a', ['n/x'], () => told.push('a'));
    await eventually(() => expect(told).to.deep.equal(['a']), 10_000);
    observed.observe('a', [], () => told.push('never'));
    observed.observe('b', ['n/x'], () => told.push('b'));
    await eventually(() => expect(told.length).to.be.at.least(3), 10_000);
    expect([...new Set(told)]).to.deep.equal(['a', 'b']);
    expect(looks('a')).to.equal(1);
  });

  it('says that it can not look, tells nothing then, and goes on', async () => {
    const told: number[][] = [];
    broken = true;
    observed.observe('a', ['n/x'], ({ counts }) => told.push(counts));
    await eventually(() => expect(log).to.include("warn class a: its requests can't be read: nginx does not answer"), 10_000);
    expect(told).to.deep.equal([]);
    broken = false;
    await eventually(() => expect(told.length).to.be.at.least(1), 10_000);
  });
});
