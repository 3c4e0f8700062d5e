// Takes the TLS connections of listeners that pass some through (annotation ssl-passthrough): one whose server name a class table
// says so of is joined with an endpoint, every other one with nginx's own TLS listener, which is told whose it is. It reads what
// a connection begins with and nothing else, and ends no TLS.

import { BlockList, type Server, type Socket, createServer, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EndpointTurns } from './endpoint-turns.js';
import { codeFrom } from './engine-error.js';
import { connectWithin, joinable, joinSockets } from './join-sockets.js';
import { type Found, type PassedChanges, type PassedClass, findPassed, newPassedClass, takeChanges } from './passed-hosts.js';
import { PassthroughCounts } from './passthrough-counts.js';
import { type Ends, renderProxyHeader } from './proxy-header.js';
import { type Opening, readOpening } from './read-opening.js';
import type { Reading } from './traffic-counters.js';

/** A listener as far as its TLS port goes. Plain data: it crosses threads. */
export interface FrontListener {
  name: string;
  address: string;
  port: number;
  classes: readonly string[];
  /** As in the settings: then every connection has to begin with the PROXY protocol. */
  proxyProtocolFrom?: readonly string[];
  /** Unix socket of nginx's TLS listener. */
  engine: string;
}

export interface FrontLimits {
  /** Open connections of all listeners together. */
  connections: number;
  helloMs: number;
  connectMs: number;
}

/** A listener that could not be opened. */
export interface FrontProblem {
  listener: string;
  code: string;
}

const BACKLOG = 4096;
/** How often nginx is asked again while it is not there: it may be starting anew. */
const ASK_AGAIN_MS = 50;
/** As many times the wait for one connection, further endpoints are tried. */
const WAITS = 3;

interface Open {
  listener: FrontListener;
  trusted: BlockList;
  server: Server;
}

export interface FrontOptions {
  /** An endpoint that has taken no connection, and why, as a code. */
  failed: (endpoint: string, code: string) => void;
}

export class TlsFront {
  private readonly open = new Map<string, Open>();
  private readonly classes = new Map<string, PassedClass>();
  private readonly turns = new EndpointTurns(() => performance.now());
  private readonly counts = new PassthroughCounts();
  private readonly clients = new Set<Socket>();
  private limits: FrontLimits = { connections: 0, helloMs: 0, connectMs: 0 };

  constructor(private readonly options: FrontOptions) {}

  /** Opens and closes until these are open; what is under way on one that closes goes on. Returns those that can't be opened. */
  async listen(listeners: readonly FrontListener[], limits: FrontLimits): Promise<FrontProblem[]> {
    this.limits = limits;
    for (const [name, { listener, server }] of this.open) {
      const next = listeners.find((one) => one.name === name && one.address === listener.address && one.port === listener.port);
      if (next !== undefined) this.open.set(name, { listener: next, trusted: networksOf(next), server });
      else {
        server.close();
        this.open.delete(name);
      }
    }
    const fresh = listeners.filter(({ name }) => !this.open.has(name));
    return (await Promise.all(fresh.map((listener) => this.openOne(listener)))).flat();
  }

  takeChanges(changes: PassedChanges): void {
    const known = this.classes.get(changes.class) ?? newPassedClass();
    this.classes.set(changes.class, known);
    takeChanges(known, changes);
  }

  /** The class is served no more. */
  forget(className: string): void {
    this.classes.delete(className);
  }

  readings(): Reading[] {
    return this.counts.readings(this.classes, this.open.keys());
  }

  /** Takes no connection any more, lets those that are open end, and breaks off what is left after `milliseconds`. */
  async stop(milliseconds: number): Promise<void> {
    for (const { server } of this.open.values()) server.close();
    this.open.clear();
    const deadline = performance.now() + milliseconds;
    while (this.clients.size > 0 && performance.now() < deadline) await sleep(20);
    for (const client of this.clients) client.destroy();
  }

  private async openOne(listener: FrontListener): Promise<FrontProblem[]> {
    const server = createServer({ ...joinable, pauseOnConnect: true }, (client) => {
      const now = this.open.get(listener.name);
      if (now === undefined) client.destroy();
      else void this.take(client, now);
    });
    const { address: host, port } = listener;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen({ host, port, backlog: BACKLOG, ipv6Only: isIPv6(host) }, resolve);
      });
    } catch (error) {
      return [{ listener: listener.name, code: codeFrom(error) }];
    }
    // What it can't take (no descriptor is free), nobody else may take down.
    server.removeAllListeners('error').on('error', () => undefined);
    this.open.set(listener.name, { listener, trusted: networksOf(listener), server });
    return [];
  }

  private async take(client: Socket, { listener, trusted }: Open): Promise<void> {
    client.on('error', () => undefined);
    const { remoteAddress: address, remotePort: port, localAddress: ownAddress } = client;
    if (address === undefined || port === undefined || ownAddress === undefined) return void client.destroy();
    if (this.clients.size >= this.limits.connections) return this.refuse(client, listener, 'too_many');
    this.clients.add(client);
    client.on('close', () => this.clients.delete(client));
    const opening = await readOpening(client, { proxied: listener.proxyProtocolFrom !== undefined, milliseconds: this.limits.helloMs });
    if (opening === 'gone') return void client.destroy();
    if (typeof opening === 'string') return this.refuse(client, listener, opening);
    const found = opening.name === undefined ? undefined : findPassed(listener.classes, opening.name, (name) => this.classes.get(name));
    if (found !== undefined) return this.pass(client, opening, found);
    const own = { address, port, ownAddress, ownPort: listener.port };
    const isTrusted = opening.ends !== undefined && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    await this.handOn(client, opening, { listener, ends: isTrusted ? opening.ends! : own });
  }

  private refuse(client: Socket, { name }: FrontListener, reason: Parameters<PassthroughCounts['refused']>[1]): void {
    this.counts.refused(name, reason);
    client.destroy();
  }

  private async pass(client: Socket, { bytes }: Opening, found: Found): Promise<void> {
    const { class: className, to: { backend } } = found;
    const endpoints = this.classes.get(className)?.services.get(backend) ?? [];
    const deadline = performance.now() + WAITS * this.limits.connectMs;
    for (const endpoint of this.turns.next(`${className} ${backend}`, endpoints)) {
      if (client.destroyed || performance.now() > deadline) break;
      try {
        const outbound = await connectWithin({ host: endpoint.address, port: endpoint.port }, this.limits.connectMs);
        this.turns.answered(endpoint);
        this.counts.began(found, 'joined');
        outbound.on('close', () => this.counts.ended(found));
        joinSockets(client, outbound, bytes);
        return;
      } catch (error) {
        this.turns.failed(endpoint);
        this.options.failed(`${endpoint.address} ${endpoint.port}`, codeFrom(error));
      }
    }
    this.counts.began(found, endpoints.length === 0 ? 'no_endpoint' : 'unreachable');
    client.destroy();
  }

  /** To nginx, as if it had come there itself. */
  private async handOn(client: Socket, { bytes }: Opening, { listener, ends }: { listener: FrontListener; ends: Ends }): Promise<void> {
    const deadline = performance.now() + this.limits.connectMs;
    do {
      try {
        const engine = await connectWithin({ path: listener.engine }, this.limits.connectMs);
        joinSockets(client, engine, Buffer.concat([Buffer.from(renderProxyHeader(ends), 'latin1'), bytes]));
        return;
      } catch {
        await sleep(ASK_AGAIN_MS);
      }
    } while (!client.destroyed && performance.now() < deadline);
    this.refuse(client, listener, 'engine_unreachable');
  }
}

function networksOf({ proxyProtocolFrom = [] }: FrontListener): BlockList {
  const list = new BlockList();
  for (const range of proxyProtocolFrom) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
