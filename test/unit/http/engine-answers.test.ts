// What an engine says of its stream, over plain HTTP: what is taken, what is answered to what can't be, and that nothing of it ends the process.
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Streams, answerEngine } from '../../../src/http/engine-answers.js';
import type { RemoteEngine } from '../../../src/http/remote-engine.js';

describe('http/engine-answers', () => {
  let server: Server;
  let heard: [string, unknown][];
  const engine: RemoteEngine = {
    apply: async () => ({ applied: true }), close: () => undefined,
    answer(ack) {
      if (ack.sequence === 666) throw new Error('a bug');
      heard.push(['answer', ack]);
      return ack.sequence === 2;
    },
    traffic: (report) => { heard.push(['traffic', report]); return true; },
    alive: () => { heard.push(['alive', undefined]); },
  };
  const ack = { engine: 'one', epoch: 1, sequence: 2, applied: true };

  before(async () => {
    const streams: Streams = new Map([['red', new Map([['one', engine]])]]);
    server = createServer((request, response) => { if (!answerEngine(streams, request, response)) response.writeHead(418).end(); });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  });
  beforeEach(() => { heard = []; });
  after(() => { server.close(); });

  async function say(what: string, body: unknown, { method = 'POST', className = 'red' } = {}): Promise<[number, string]> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/classes/${className}/${what}`, { method, ...(method === 'POST' && { body: text }) });
    return [answer.status, await answer.text()];
  }

  it('takes answers, signs of life and counts of an engine that follows the class', async () => {
    expect(await say('acks', ack)).to.deep.equal([204, '']);
    expect(await say('alive', { engine: 'one' })).to.deep.equal([204, '']);
    const report = { engine: 'one', number: 1, instance: 'a', counts: [1, 2] };
    expect(await say('traffic', report)).to.deep.equal([204, '']);
    expect(heard).to.deep.equal([['answer', ack], ['alive', undefined], ['traffic', report]]);
  });

  it('takes nothing from an engine or of a class that it does not know, nor an answer that nobody waits for', async () => {
    for (const what of ['acks', 'alive', 'traffic']) {
      const said = { ...ack, number: 1, instance: 'a', counts: [] };
      expect(await say(what, { ...said, engine: 'other' }), what).to.deep.equal([409, '']);
      expect(await say(what, said, { className: 'blue' }), what).to.deep.equal([409, '']);
    }
    expect(heard).to.deep.equal([]);
    expect(await say('acks', { ...ack, sequence: 3 })).to.deep.equal([409, '']);
  });

  it('refuses what is no answer, and reads no more of it than one may be', async () => {
    for (const body of ['', '{', 'null', '[]', '"one"', { ...ack, epoch: '1' }, { ...ack, refused: [{ key: 1 }] }]) expect(await say('acks', body), JSON.stringify(body)).to.deep.equal([400, '{"error":"unknown or invalid answer"}']);
    for (const body of ['', 'null', {}, { engine: 1 }]) expect((await say('alive', body))[0], JSON.stringify(body)).to.equal(400);
    for (const body of ['null', { engine: 'one', number: 1, instance: 'a', counts: [-1] }, { engine: 'one', number: 1, instance: 'a'.repeat(101), counts: [] }]) expect((await say('traffic', body))[0], JSON.stringify(body)).to.equal(400);
    expect(await say('alive', { engine: 'one', more: 'x'.repeat(2000) })).to.deep.equal([413, '{"error":"more than 1024 bytes"}']);
    expect((await say('acks', { ...ack, reason: 'x'.repeat(2 * 1024 * 1024) }))[0]).to.equal(413);
    expect(heard).to.deep.equal([]);
  });

  it('ends nothing when a bug of ours is met', async () => {
    expect(await say('acks', { ...ack, sequence: 666 })).to.deep.equal([500, '{"error":"a bug"}']);
    expect(await say('acks', ack)).to.deep.equal([204, '']);
  });

  it('leaves all other requests alone', async () => {
    expect((await say('table', ''))[0]).to.equal(418);
    expect((await say('acks', '', { method: 'GET' }))[0]).to.equal(418);
    expect((await say('acks/more', ack))[0]).to.equal(418);
  });
});
