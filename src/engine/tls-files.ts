// The engine's side of mutual TLS: its own certificate and the authority it trusts, from files that may be replaced at any
// time. A file that can't be read leaves what was read before in use.

import { readFileSync, statSync } from 'node:fs';
import { Agent } from 'undici';
import { hasUri, publisherUri } from '../core/stream-protocol.js';
import { EngineError, messageFrom } from './engine-error.js';

export interface TlsFiles {
  certificate: string;
  key: string;
  /** Certificates of the authority that signs controllers and engines. */
  authority: string;
}

export interface PeerConnections {
  /** Connections to whoever may publish the class, with today's certificate. Open ones are not touched by a new one. */
  dispatcher(): Agent;
  /** Those of the last call of `dispatcher`, without a look at the files. */
  latest(): Agent;
  close(): Promise<void>;
}

/** Throws an EngineError when the files can't be read at first. `onProblem` is told when they can't be read again. */
export function connectToPublishers(className: string, files: TlsFiles, onProblem: (message: string) => void): PeerConnections {
  let stamp = stampOf(files);
  let agent = createAgent(className, files);
  const old = new Set<Agent>();
  return {
    dispatcher() {
      const now = stampOf(files);
      if (now === stamp || now === undefined) return agent;
      try {
        const next = createAgent(className, files);
        retire(agent, old);
        agent = next;
      } catch (error) {
        onProblem(messageFrom(error));
      }
      stamp = now;
      return agent;
    },
    latest: () => agent,
    async close() { await Promise.all([agent, ...old].map((one) => one.destroy())); },
  };
}

/** It takes no new requests and is forgotten when its streams have ended. */
function retire(agent: Agent, old: Set<Agent>): void {
  old.add(agent);
  void agent.close().catch(() => undefined).then(() => old.delete(agent));
}

function createAgent(className: string, { certificate, key, authority }: TlsFiles): Agent {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new EngineError('settings', `TLS file ${file}: ${messageFrom(error)}; ingress-arbiter certs makes the three files`, error);
    }
  };
  return new Agent({
    connections: 8, headersTimeout: 10_000, bodyTimeout: 0,
    connect: {
      cert: read(certificate), key: read(key), ca: read(authority), minVersion: 'TLSv1.2',
      // Addresses of controllers come and go; what counts is that the certificate may publish this very class.
      checkServerIdentity: (_host, peer) => hasUri(peer.subjectaltname, publisherUri(className)) ? undefined
        : new Error(`the certificate of the other side may not publish class ${className} (it needs the URI ${publisherUri(className)})`),
    },
  });
}

function stampOf({ certificate, key, authority }: TlsFiles): string | undefined {
  try {
    return [certificate, key, authority].map((file) => statSync(file)).map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join();
  } catch {
    return undefined;
  }
}
