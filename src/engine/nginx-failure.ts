// Reads from nginx's own messages why it did not start, and says what to do about it. Pure.

import { EngineError } from './engine-error.js';

export const INSTALL_HINT = 'install it with: apt-get install nginx-light libnginx-mod-http-lua lua-cjson';

interface Explanation {
  pattern: RegExp;
  explain: (match: RegExpExecArray) => EngineError;
}

const explanations: Explanation[] = [
  {
    pattern: /bind\(\) to (\S+) failed \(\d+: Address already in use\)/,
    explain: ([, address]) => new EngineError('port-in-use',
      `nginx: ${address} is already in use (port ${portOf(address!)}); stop the other process or change the listener's port`),
  },
  {
    pattern: /bind\(\) to (\S+) failed \(\d+: Permission denied\)/,
    explain: ([, address]) => new EngineError('port-forbidden', `nginx: this account may not listen on ${address} ` +
      `(port ${portOf(address!)}); use a port above 1023 or grant CAP_NET_BIND_SERVICE`),
  },
  {
    pattern: /bind\(\) to (\S+) failed \(\d+: Cannot assign requested address\)/,
    explain: ([, address]) => new EngineError('port-forbidden',
      `nginx: ${address} is no address of this machine; correct the listener's address`),
  },
  {
    pattern: /listen\(\) to (\S+?),? .*failed \(\d+: Address already in use\)/,
    explain: ([, address]) => new EngineError('port-in-use',
      `nginx: ${address} is already in use (port ${portOf(address!)}); stop the other process or change the listener's port`),
  },
  {
    pattern: /dlopen\(\) "([^"]+)" failed/,
    explain: ([, file]) => new EngineError('module-missing',
      `nginx: the module ${file} cannot be loaded; ${INSTALL_HINT}, or set modulesDirectory`),
  },
  {
    pattern: /module '(cjson[^']*|resty[^']*)' not found/,
    explain: ([, module]) => new EngineError('module-missing', `nginx: the Lua module ${module} is missing; ${INSTALL_HINT}`),
  },
  {
    pattern: /module '(data-plane[^']*)' not found/,
    explain: ([, module]) => new EngineError('module-missing',
      `nginx: the data plane's Lua module ${module} is missing; build it with: npm run build:lua, or set luaDirectory`),
  },
  {
    pattern: /unknown directive "max_headers"/,
    explain: () => new EngineError('configuration-refused', 'nginx: this version lacks max_headers, which came with a security fix; ' +
      'update nginx, or set limits.requestHeaders: 0 to go without'),
  },
  {
    pattern: /mmap\(.*\) failed \(\d+: Cannot allocate memory\)/,
    explain: () => new EngineError('configuration-refused', 'nginx: the machine has not the memory for its shared zones; lower sharedMemoryMegabytes'),
  },
  {
    pattern: /init_by_lua error: (.*)/,
    explain: ([, message]) => new EngineError('configuration-refused', `nginx: the data plane does not start: ${message}`),
  },
  {
    pattern: /\[emerg\] (.*)/,
    explain: ([, message]) => new EngineError('configuration-refused', `nginx refused its configuration: ${message}`),
  },
];

/** Why nginx ended before it served, from what it wrote to stderr. */
export function explainNginxFailure(stderr: string, ending: string): EngineError {
  for (const { pattern, explain } of explanations) {
    const match = pattern.exec(stderr);
    if (match !== null) return explain(match);
  }
  const tail = stderr.trim().split('\n').slice(-3).join(' | ');
  return new EngineError('configuration-refused', `nginx ended (${ending}) before it answered${tail === '' ? '' : `: ${tail}`}`);
}

function portOf(address: string): string {
  return /:(\d+)$/.exec(address)?.[1] ?? 'none';
}
