import { expect } from 'chai';
import { printAge, printDuration } from '../../../src/dev-cluster/age.js';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('dev-cluster: age as kubectl prints it', () => {
  const cases: [number, string][] = [
    [-5 * S, '<invalid>'], [-S, '0s'], [0, '0s'], [119 * S, '119s'], [2 * M, '2m'], [200 * S, '3m20s'], [10 * M + S, '10m'], [179 * M, '179m'],
    [3 * H, '3h'], [3 * H + 5 * M, '3h5m'], [8 * H + M, '8h'], [47 * H, '47h'], [2 * D, '2d'], [51 * H, '2d3h'], [8 * D + H, '8d'],
    [729 * D, '729d'], [730 * D, '2y'], [740 * D, '2y10d'], [9 * 365 * D + D, '9y'],
  ];
  for (const [span, text] of cases) it(`${span} ms is ${text}`, () => expect(printDuration(span)).to.equal(text));

  it('is unknown without a timestamp', () => {
    expect(printAge(undefined, 0)).to.equal('<unknown>');
    expect(printAge('1970-01-01T00:00:00Z', 5 * M)).to.equal('5m');
  });
});
