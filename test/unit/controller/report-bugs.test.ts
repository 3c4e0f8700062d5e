import { expect } from 'chai';
import { reportBugs } from '../../../src/controller/report-bugs.js';
import { claimOf } from '../../../src/core/claim.js';
import { createMetrics } from '../../../src/metrics/metrics.js';

describe('controller: reportBugs', () => {
  const told = async (error: unknown): Promise<{ log: string[]; text: string }> => {
    const log: string[] = [];
    const metrics = createMetrics({ readings: async () => [], version: '0', nodeVersion: '0' });
    reportBugs({ log: (level, message) => log.push(`${level} ${message}`), metrics, claims: [claimOf('red'), claimOf('blue')] }, [{ object: 'Ingress shop/web', error }]);
    return { log, text: (await metrics.render({ format: 'text' })).pieces.join('') };
  };

  it('says where it happened, on one line, and counts', async () => {
    const { log, text } = await told(new TypeError('x is not a function'));
    expect(log).to.have.length(1);
    expect(log[0]).to.match(/^error Ingress shop\/web: a bug of ingress-arbiter .* TypeError: x is not a function at .*report-bugs\.test/);
    expect(text).to.include('ingress_arbiter_planning_failures_total{claims="blue,red"} 1');
  });

  it('repeats no message that may quote a user, and takes anything that can be thrown', async () => {
    for (const error of [new SyntaxError('"-----BEGIN PRIVATE KEY" is not valid JSON'), new Error('secret\nvalue'), 'secret', undefined, null]) {
      const { log: [line] } = await told(error);
      expect(line).to.not.match(/PRIVATE|secret|\n/);
      expect(line).to.include('please report');
    }
  });
});
