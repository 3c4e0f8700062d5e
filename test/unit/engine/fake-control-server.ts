// nginx's control server as the protocol describes it, on a unix socket, with faults that a test asks for.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { rmSync } from 'node:fs';

export type Fault =
  /** The connection breaks before the push is taken. */
  | 'lost-before'
  /** The push is taken, the answer is lost. */
  | 'lost-after'
  | 'server-error'
  | 'full'
  | 'malformed'
  /** nginx is replaced by a new one before the push is taken. */
  | 'restart';

export class FakeControlServer {
  readonly tables = new Map<string, { generation: number; entries: Map<string, string> }>();
  /** Every push that came: class, base, number of lines. */
  readonly pushes: [string, number, number][] = [];
  /** Used up one by one, by pushes. */
  faults: Fault[] = [];
  instance = 1;
  /** Pushes at the same time, and the most there ever were. */
  private active = 0;
  mostActive = 0;
  private server: Server | undefined;

  constructor(private readonly socket: string) {}

  async start(): Promise<void> {
    rmSync(this.socket, { force: true });
    this.server = createServer((request, response) => void this.answer(request, response)).listen(this.socket);
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    if (this.server?.listening) await once(this.server.close(), 'close');
  }

  /** As after a crash of nginx: everything is gone. */
  restart(): void {
    this.instance += 1;
    this.tables.clear();
  }

  entriesOf(className: string): Record<string, unknown> {
    return Object.fromEntries([...this.tables.get(className)?.entries ?? []].map(([key, json]) => [key, JSON.parse(json)]));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const send = (status: number, value: unknown) => response.writeHead(status).end(typeof value === 'string' ? value : JSON.stringify(value));
    const url = new URL(request.url!, 'http://engine');
    if (request.method === 'GET') {
      const classes = Object.fromEntries([...this.tables].map(([name, { generation, entries }]) => [name, { generation, entries: entries.size }]));
      return void send(200, { instance: `nginx-${this.instance}`, classes });
    }
    const name = url.pathname.split('/').at(-1)!;
    this.mostActive = Math.max(this.mostActive, ++this.active);
    // Long enough for a second one to come in between, if anybody sent it.
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.active -= 1;
    this.take(name, Number(url.searchParams.get('base')), body, { response, send });
  }

  private take(name: string, base: number, body: string, to: { response: ServerResponse; send: (status: number, value: unknown) => void }): void {
    const lines = body.split('\n').slice(0, -1);
    this.pushes.push([name, base, lines.length]);
    const fault = this.faults.shift();
    if (fault === 'restart') this.restart();
    if (fault === 'lost-before') return void to.response.destroy();
    if (fault === 'server-error') return to.send(500, '<html>');
    if (fault === 'full') return to.send(507, { error: 'full', zone: 'ia_records' });
    if (fault === 'malformed') return to.send(400, { error: 'malformed', line: 1 });
    const table = this.tables.get(name) ?? { generation: 0, entries: new Map<string, string>() };
    if (base !== table.generation) return to.send(409, { error: 'base', generation: table.generation });
    for (const line of lines) {
      if (line.startsWith('-')) table.entries.delete(line.slice(1));
      else table.entries.set(line.slice(1, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1));
    }
    table.generation += 1;
    this.tables.set(name, table);
    if (fault === 'lost-after') return void to.response.destroy();
    to.send(200, { generation: table.generation, entries: table.entries.size });
  }
}
