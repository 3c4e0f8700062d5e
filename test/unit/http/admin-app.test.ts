// The admin listener: which metrics are asked for, in which format; health.
import { expect } from 'chai';
import { type MetricsRequest, adminApp } from '../../../src/http/admin-app.js';
import { type Listening, listen } from '../../../src/http/listen.js';
import { httpGet } from '../../fixtures/http-get.js';

describe('admin app', () => {
  let listening: Listening;
  let asked: MetricsRequest[];
  let missing: string | undefined;
  let problem: Error | undefined;
  const get = (path: string, headers: Record<string, string> = {}) => httpGet({ port: listening.port, host: 'localhost', path, headers });

  before(async () => {
    const metrics = async (request: MetricsRequest) => {
      asked.push(request);
      if (problem !== undefined) throw problem;
      return { pieces: ['one\n', 'two\n'], contentType: 'text/plain; version=0.0.4; charset=utf-8' };
    };
    listening = await listen(adminApp({ metrics, classes: ['blue'], notReady: () => missing }), '127.0.0.1', 0);
  });
  after(() => listening.close());
  beforeEach(() => { [asked, missing, problem] = [[], undefined, undefined]; });

  it('gives all metrics, and those of a class that is there', async () => {
    const { status, text, headers } = await get('/metrics');
    expect([status, text, headers['content-type']]).to.deep.equal([200, 'one\ntwo\n', 'text/plain; version=0.0.4; charset=utf-8']);
    expect((await get('/metrics/blue')).status).to.equal(200);
    expect(asked).to.deep.equal([{ format: 'text' }, { format: 'text', className: 'blue' }]);
    expect((await get('/metrics/green')).status).to.equal(404);
    expect((await get('/metrics/__proto__')).status).to.equal(404);
  });

  it('gives OpenMetrics to whoever asks for it', async () => {
    for (const accept of ['application/openmetrics-text', 'application/openmetrics-text; version=1.0.0,text/plain;q=0.5', 'text/plain, application/openmetrics-text;version=0.0.1']) {
      await get('/metrics', { accept });
    }
    for (const accept of ['*/*', 'text/plain', 'application/openmetrics-textual']) await get('/metrics', { accept });
    expect(asked.map(({ format }) => format)).to.deep.equal(['openmetrics', 'openmetrics', 'openmetrics', 'text', 'text', 'text']);
  });

  it('fails a scrape that can not be answered, and tells health', async () => {
    problem = new Error('nginx does not answer');
    expect(await get('/metrics')).to.include({ status: 500, text: 'nginx does not answer\n' });
    expect((await get('/healthz')).status).to.equal(200);
    expect((await get('/readyz')).status).to.equal(200);
    missing = 'waiting for the engine';
    expect(await get('/readyz')).to.include({ status: 503, text: 'waiting for the engine\n' });
  });
});
