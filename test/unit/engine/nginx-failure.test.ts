// nginx's own messages, turned into what to do.
import { expect } from 'chai';
import { explainNginxFailure } from '../../../src/engine/nginx-failure.js';

describe('nginx failure', () => {
  const rows: [stderr: string, code: string, message: RegExp][] = [
    ['nginx: [emerg] bind() to 127.0.0.1:8080 failed (98: Address already in use)', 'port-in-use', /port 8080\); stop the other process/],
    ['nginx: [emerg] bind() to [::1]:8443 failed (98: Address already in use)', 'port-in-use', /\[::1\]:8443.*port 8443/],
    ['nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)', 'port-forbidden', /port 80\); use a port above 1023/],
    ['nginx: [emerg] bind() to 10.9.9.9:80 failed (99: Cannot assign requested address)', 'port-forbidden', /no address of this machine/],
    ['nginx: [emerg] dlopen() "/m/ndk_http_module.so" failed (/m/ndk_http_module.so: cannot open)', 'module-missing', /\/m\/ndk_http_module\.so.*apt-get install/],
    ["nginx: [error] init_by_lua error: module 'cjson.safe' not found:", 'module-missing', /cjson\.safe is missing.*lua-cjson/],
    ["nginx: [error] init_by_lua error: module 'data-plane.init' not found:", 'module-missing', /data-plane\.init is missing; build it/],
    ['nginx: [emerg] unknown directive "max_headers" in /x/nginx.conf:40', 'configuration-refused', /update nginx, or set limits\.requestHeaders: 0/],
    ['nginx: [emerg] unknown directive "lua_x" in /x/nginx.conf:4', 'configuration-refused', /unknown directive "lua_x" in/],
    ['2026/11/25 [alert] 1#1: mmap(MAP_ANON|MAP_SHARED, 99) failed (12: Cannot allocate memory)', 'configuration-refused', /lower sharedMemoryMegabytes/],
    ['nginx: [error] init_by_lua error: init.lua:3: oops', 'configuration-refused', /does not start: init\.lua:3: oops/],
    ['', 'configuration-refused', /nginx ended \(exit code 1\)/],
  ];
  for (const [stderr, code, message] of rows) {
    it(stderr || 'nothing at all', () => {
      const error = explainNginxFailure(`some earlier line\n${stderr}`.trim(), 'exit code 1');
      expect(error.code).to.equal(code);
      expect(error.message).to.match(message);
    });
  }
});
