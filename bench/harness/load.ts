// The load on its own processor: wrk, one thread and address for each class, hosts in an order that visits all of them; or what a
// scenario's protocol needs in its place, then for the first class only.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { compile } from './pods.js';
import { loadProcessor, onLoadProcessor } from './processor-time.js';
import { SERVICE, type Scenario, hostName, hostsOf, stickyCookie } from './scenario.js';

const run = promisify(execFile);

export interface Load {
  /** Requests answered with 2xx in about `seconds`, messages of WebSockets likewise; `hosts`: how many are asked for, all when left out. Throws when any was answered otherwise or not at all. */
  put(ports: readonly number[], seconds: number, hosts?: number): Promise<{ requests: number; wallMs: number }>;
}

/** The load of a scenario; its script goes into `folder`. */
export function createLoad(scenario: Scenario, folder: string): Load {
  if (scenario.scheme === 'https-new' || scenario.scheme === 'https-resumed') return createHandshakes(scenario, folder);
  if (scenario.scheme === 'h2') return createStreams(scenario, folder);
  if (scenario.traffic === 'websocket') return createMessages(scenario, folder);
  const scheme = scenario.scheme === 'http' ? 'http' : 'https';
  return {
    async put(ports, seconds, hosts = scenario.hosts) {
      const script = path.join(folder, `load-${ports.join('-')}.lua`);
      writeFileSync(script, renderScript({ ...scenario, hosts }, ports));
      const begun = performance.now();
      const { stdout } = await run('taskset', ['-c', String(loadProcessor), 'wrk', `-t${ports.length}`, `-c${scenario.connections}`,
        `-d${seconds}s`, '-s', script, `${scheme}://127.0.0.1:${ports[0]}/`]);
      const wallMs = performance.now() - begun;
      const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
      if (/Non-2xx/.test(stdout) || !(requests > 0) || /Socket errors: connect [1-9]|timeout [1-9]/.test(stdout)) throw new Error(stdout);
      return { requests, wallMs };
    },
  };
}

/** Handshakes under way at once. */
const WAYS = 8;

/** A program of our own (handshakes.c): no usual one resumes sessions of TLS 1.3 with names, or has another name for each connection. */
function createHandshakes({ hosts, scheme }: Scenario, folder: string): Load {
  return counted(async ([port], seconds) => {
    const stdout = await onItsProcessor(await compile('handshakes', folder, '-lssl', '-lcrypto'), [scheme === 'https-new' ? 'full' : 'resumed', port!, seconds, WAYS, hosts]);
    return Number(/^(\d+) made/.exec(stdout)?.[1]);
  });
}

/** Of one h2load: both nginx end a connection after a thousand. */
const STREAMS = 4000;

/** h2load: streams of eight connections, a host of its own for each call; for gRPC each is a call with a small message. */
function createStreams({ hosts, traffic }: Scenario, folder: string): Load {
  let at = 0;
  const message = path.join(folder, 'message.grpc');
  // A frame of gRPC: not compressed, eleven bytes.
  writeFileSync(message, '\0\0\0\0\x0bhello world');
  const [call, file] = traffic === 'grpc' ? [['-H', 'content-type: application/grpc', '-H', 'te: trailers', '-d', message], 'shop.Cart/Add'] : [[], ''];
  return counted(async ([port], seconds) => {
    const end = performance.now() + seconds * 1000;
    let requests = 0;
    for (; performance.now() < end; requests += STREAMS) {
      at = (at + 7919) % hosts;
      const stdout = await onItsProcessor('h2load', ['-c', '8', '-m', '16', '-n', STREAMS, ...call, `--connect-to=127.0.0.1:${port}`, `https://${hostName(at)}/${file}`]);
      if (!stdout.includes(`${STREAMS} succeeded, 0 failed, 0 errored`) || !stdout.includes(`${STREAMS} 2xx`)) throw new Error(stdout);
    }
    return requests;
  });
}

function createMessages({ hosts, connections }: Scenario, folder: string): Load {
  let at = 0;
  return counted(async ([port], seconds) => {
    at = (at + 7919) % hosts;
    return Number(await onItsProcessor(await compile('echo-load', folder), [port!, seconds, connections, hostName(at)]));
  });
}

function counted(put: (ports: readonly number[], seconds: number) => Promise<number>): Load {
  return {
    async put(ports, seconds) {
      const begun = performance.now();
      const requests = await put(ports, seconds);
      if (!(requests > 0)) throw new Error('nothing was answered');
      return { requests, wallMs: performance.now() - begun };
    },
  };
}

/** What a program prints; throws when it ends with a failure. */
async function onItsProcessor(program: string, options: readonly (string | number)[]): Promise<string> {
  return (await run(onLoadProcessor[0]!, [...onLoadProcessor.slice(1), program, ...options.map(String)])).stdout;
}

function renderScript(scenario: Scenario, ports: readonly number[]): string {
  const ranges = ports.map((port, at) => {
    const { from, to } = hostsOf(scenario, at);
    return `{ ${port}, ${from}, ${to - from} }`;
  });
  const target = scenario.routing === 'rewrite' ? '"/api/v" .. (n % 9 + 1) .. "/page"' : scenario.paths > 0 ? `"/p" .. (n % ${scenario.paths}) .. "/page"` : '"/"';
  // Of clients that have been here before: a cookie is set for those alone who have none.
  const cookie = scenario.routing === 'cookie' ? `, Cookie = "${stickyCookie('client" .. (n % 1009) .. "', SERVICE)}"` : '';
  return `local classes = { ${ranges.join(', ')} }
local next = 1
function setup(thread)
  thread.addr = wrk.lookup("127.0.0.1", tostring(classes[next][1]))[1]
  thread:set("from", classes[next][2])
  thread:set("count", classes[next][3])
  next = next + 1
end
local n = 0
local body = string.rep("x", ${scenario.bytes})
function request()
  n = (n + 7919) % 1000000007
  return wrk.format("${scenario.traffic === 'upload' ? 'POST' : 'GET'}", ${target}, { Host = "h" .. (from + n % count) .. ".example.com"${cookie} }${scenario.traffic === 'upload' ? ', body' : ''})
end
`;
}
