// The load: wrk on its own processor, one thread and address for each class, hosts in an order that visits all of them.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadProcessor } from './processor-time.js';
import { type Scenario, hostName, hostsOf } from './scenario.js';

const run = promisify(execFile);

export interface Load {
  /** Requests answered with 2xx in about `seconds`. Throws when any was answered otherwise or not at all. */
  put(ports: readonly number[], seconds: number): Promise<{ requests: number; wallMs: number }>;
}

/** The load of a scenario; its script goes into `folder`. */
export function createLoad(scenario: Scenario, folder: string): Load {
  if (scenario.scheme === 'https-new') return createHandshakes(scenario);
  const scheme = scenario.scheme === 'http' ? 'http' : 'https';
  return {
    async put(ports, seconds) {
      const script = path.join(folder, `load-${ports.join('-')}.lua`);
      writeFileSync(script, renderScript(scenario, ports));
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

/** Connections of one h2load, each with one request on it. */
const HANDSHAKES = 100;

/** h2load: each connection a full handshake with one request, a name of its own for each call. */
function createHandshakes({ hosts }: Scenario): Load {
  let at = 0;
  return {
    async put([port], seconds) {
      const begun = performance.now();
      let requests = 0;
      while (performance.now() - begun < seconds * 1000) {
        at = (at + 7919) % hosts;
        const { stdout } = await run('taskset', ['-c', String(loadProcessor), 'h2load', '--h1', '-n', String(HANDSHAKES), '-c', String(HANDSHAKES),
          `--connect-to=127.0.0.1:${port}`, `https://${hostName(at)}/`]);
        if (!stdout.includes(`${HANDSHAKES} succeeded, 0 failed, 0 errored`) || !stdout.includes(`${HANDSHAKES} 2xx`)) throw new Error(stdout);
        requests += HANDSHAKES;
      }
      return { requests, wallMs: performance.now() - begun };
    },
  };
}

function renderScript(scenario: Scenario, ports: readonly number[]): string {
  const ranges = ports.map((port, at) => {
    const { from, to } = hostsOf(scenario, at);
    return `{ ${port}, ${from}, ${to - from} }`;
  });
  const target = scenario.paths > 0 ? `"/p" .. (n % ${scenario.paths}) .. "/page"` : '"/"';
  return `local classes = { ${ranges.join(', ')} }
local next = 1
function setup(thread)
  thread.addr = wrk.lookup("127.0.0.1", tostring(classes[next][1]))[1]
  thread:set("from", classes[next][2])
  thread:set("count", classes[next][3])
  next = next + 1
end
local n = 0
function request()
  n = (n + 7919) % 1000000007
  return wrk.format("GET", ${target}, { Host = "h" .. (from + n % count) .. ".example.com"})
end
`;
}
