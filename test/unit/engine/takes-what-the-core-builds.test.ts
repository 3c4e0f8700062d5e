// What the core builds the engine must take: one entry that it refuses would stop the table of the whole class, so one bad
// Ingress would hurt all others.
import { expect } from 'chai';
import fc from 'fast-check';
import { decide } from '../../../src/core/decide.js';
import { isPodAddress } from '../../../src/core/endpoint-address.js';
import { resolvePath } from '../../../src/core/resolve-path.js';
import { createEndpointCheck } from '../../../src/engine/check-endpoint.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import { routeComplaint } from '../../../src/engine/check-route.js';
import { snapshotOf } from '../../fixtures/manifests.js';
import { claims, cluster } from '../../fixtures/random-cluster.js';
import { inspectStub } from '../../fixtures/stub-certificates.js';

const rules = { checkEndpoint: createEndpointCheck(false), routesPerHost: 1000, endpointsPerService: 10_000 };
const pieces = [
  '(', ')', '(?:', '(?=', '(?!', '(?i)', '[', ']', '[^', 'a', 'b', '\\', '\\d', '\\1', '\\C', '*', '+', '?', '{2}', '{1,', '|', '^', '$', '.', '-',
  '[:alpha:]', '/', '..', '%2f', '%2e', 'é', '\\\\', '\\g', '\\]', '"', ' ',
];

describe('engine: takes what the core builds', function () {
  this.timeout(60_000);

  it('every entry of random clusters (the stub\'s certificates aside)', () => {
    fc.assert(fc.property(cluster, claims, (objects, by) => {
      for (const table of decide(snapshotOf(objects), by, inspectStub).tables.values()) {
        for (const [key, value] of table) {
          if (!key.startsWith('certificate/') && !key.startsWith('sni/')) expect(checkEntry(key, value, rules), key).to.have.property('json');
        }
      }
    }), { numRuns: 500 });
  });

  it('every path and pattern', () => {
    const path = fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((parts) => `/${parts.join('')}`);
    fc.assert(fc.property(path, fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific'), fc.boolean(), (written, pathType, regexHost) => {
      const resolved = resolvePath({ path: written, pathType }, regexHost);
      if ('problem' in resolved) return;
      expect(routeComplaint({ ...resolved, namespace: 'n', ingress: 'i', service: '', backend: '' }, { unnamed: false, policies: 0 }), written).to.equal(undefined);
    }), { numRuns: 20_000 });
  });

  it('exactly the same addresses', () => {
    const odd = fc.array(fc.constantFrom('0', '1', 'ffff', '64', 'ff9b', 'fe80', ':', '127.0.0.1', '10.0.0.1'), { maxLength: 8 }).map((parts) => parts.join(':'));
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), odd), fc.boolean(), (address, loopback) => {
      expect(createEndpointCheck(loopback)({ address, port: 1 }) === undefined, address).to.equal(isPodAddress(address, loopback));
    }), { numRuns: 10_000 });
  });
});
