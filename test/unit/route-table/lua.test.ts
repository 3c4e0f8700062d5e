// What nginx runs and what Node runs must be one: the emitted Lua against the TypeScript, over thousands of random inputs.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import ts from 'typescript';
import { type RegexMatch, indexPaths, matchPath } from '../../../src/route-table/match.js';
import { normalizePath } from '../../../src/route-table/normalize-path.js';
import { pickEndpoint } from '../../../src/route-table/pick-endpoint.js';
import { allowedOrigin } from '../../../src/route-table/cors-origin.js';
import { countSound, hashText, pickRanked, pickSticky } from '../../../src/route-table/pick-sticky.js';
import { httpsLocation, redirectLocation } from '../../../src/route-table/redirect-location.js';
import { rewritePath } from '../../../src/route-table/rewrite-path.js';
import { inRanges, prepareRanges } from '../../../src/route-table/source-range.js';
import { takesCanary } from '../../../src/route-table/takes-canary.js';
import { certificateParts } from '../../../src/route-table/certificate-parts.js';
import { addressBytes } from '../../../src/route-table/address-bytes.js';
import { forwardedClient } from '../../../src/route-table/forwarded-for.js';
import { checkEntry } from '../../../src/engine/check-entry.js';
import { packRoutes, unpackRoutes } from '../../../src/route-table/packed-routes.js';
import type { HostRoutes, PathMatch, Policy } from '../../../src/route-table/types.js';
import * as text from '../../../src/route-table/text.js';
import { LuaRuntime, emittedModules, luaValue } from '../../fixtures/lua-runtime.js';

/** Inputs that cross into Lua in one go. */
const BATCH = 250;

const matches: PathMatch[] = ['exact', 'prefix', 'string-prefix', 'regex'];
const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const pathPart = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('/', '//', '.', '..', '/..', '%2e', '%2F', '%00', '%', '%c3', 'a', 'B', '~', ';', '$1') }, { weight: 1, arbitrary: byte });
const hostile = fc.array(pathPart, { maxLength: 10 }).map((parts) => parts.join(''));
const path = hostile.map((rest) => `/${rest}`);
const plain = fc.array(fc.constantFrom('a', 'b', 'ab', 'a/', 'c'), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`.replace(/\/+/g, '/'));
const route = fc.record({ match: fc.constantFrom('exact' as const, 'prefix' as const, 'string-prefix' as const), path: plain });
const pattern = plain.chain((one) => fc.constantFrom(one, `${one}*`, `${one}!`)).map((one) => ({ match: 'regex' as const, path: one }));
const routes = fc.oneof({ weight: 4, arbitrary: fc.array(route, { maxLength: 6 }) }, { weight: 1, arbitrary: fc.array(fc.oneof(route, pattern), { maxLength: 4 }) })
  .map((list) => [...list].sort((a, b) => b.path.length - a.path.length).map((one, at) => ({ ...one, namespace: 'n', ingress: `i${at}`, service: 's', backend: `b${at}` })));

/** Stands for regular expressions on both sides: `*` captures the rest, `!` can't be evaluated, else the plain start. */
const standIn: RegexMatch = (subject, written) => {
  if (written.endsWith('!')) return subject.startsWith('/b') ? false : undefined;
  const start = written.endsWith('*') ? written.slice(0, -1) : written;
  return subject.startsWith(start) ? [subject.slice(start.length)] : undefined;
};
const luaStandIn = `function(subject, written)
  if written:sub(-1) == "!" then if subject:sub(1, 2) == "/b" then return false end return nil end
  local start = written:gsub("%*$", "")
  if subject:sub(1, #start) == start then return { subject:sub(#start + 1) } end
  return nil
end`;

/** undefined on this side, nil on the other: both become null. */
const orNull = (value: unknown): unknown => value ?? null;

describe('route-table: Node and Lua', function () {
  this.timeout(60_000);
  let runtime: LuaRuntime;
  before(() => {
    runtime = new LuaRuntime(emittedModules());
    runtime.run('load = newWorker({}) ALL = function(inputs, one) local answers = { list = true } for at = 1, #inputs do local answer = one(inputs[at]) if answer == nil then answer = { none = true } end answers[at] = answer end return answers end');
  });
  after(() => runtime?.close());

  /** Runs `lua`, a Lua function of one input, over many inputs, and compares with `node`. */
  function compare<T>(inputs: fc.Arbitrary<T>, { lua, node, batches = 12 }: { lua: string; node: (input: T) => unknown; batches?: number }): void {
    fc.assert(fc.property(fc.array(inputs, { minLength: BATCH, maxLength: BATCH }), (batch) => {
      const answers = runtime.run(`return ALL(${luaValue(batch)}, ${lua})`) as unknown[];
      batch.forEach((input, at) => {
        const answer = answers[at];
        const other = typeof answer === 'object' && answer !== null && 'none' in answer ? null : answer;
        expect(other, JSON.stringify(input)).to.deep.equal(orNull(node(input)));
      });
    }), { numRuns: batches, endOnFailure: true });
  }

  it('reads the parts of certificates, of any bytes', () => {
    const content = fc.array(byte, { maxLength: 140 }).map((bytes) => bytes.join(''));
    const element = (tag: number, inner: string): string => String.fromCharCode(tag) + (inner.length < 128 ? String.fromCharCode(inner.length) : `\x82${String.fromCharCode(inner.length >> 8, inner.length & 255)}`) + inner;
    const field = fc.tuple(fc.constantFrom(0x02, 0x30, 0xa0), content).map(([tag, inner]) => element(tag, inner));
    const certificate = fc.tuple(fc.constantFrom('', element(0xa0, '\x02\x01\x02')), content, fc.array(field, { minLength: 3, maxLength: 5 })).map(([version, serial, rest]) => element(0x30, element(0x30, version + element(0x02, serial) + rest.join(''))));
    const damaged = fc.tuple(certificate, fc.nat(), byte).map(([whole, at, other]) => whole.slice(0, at % whole.length) + other + whole.slice((at % whole.length) + 1));
    compare(fc.oneof(certificate, damaged, content), { lua: 'load("route-table.certificate-parts").certificateParts', node: certificateParts });
  });

  it('normalizePath', () => compare(fc.oneof(path, hostile), { lua: 'load("route-table.normalize-path").normalizePath', node: normalizePath }));

  it('rewritePath', () => {
    compare(fc.record({ template: fc.oneof(hostile, fc.constantFrom('/$1', '/a/$2', '$3', '/$8/$9', '/$0$10')), captures: fc.oneof(fc.array(hostile, { maxLength: 3 }), fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 8, maxLength: 11 })) }), {
      lua: 'function(input) return load("route-table.rewrite-path").rewritePath(input.template, input.captures) end',
      node: ({ template, captures }) => rewritePath(template, captures),
    });
  });

  it('indexPaths and matchPath', () => {
    const policies = [{ bodyBytes: 1 }, { allow: ['0a000000/8'], readSeconds: 2 }];
    const rich = routes.map((list) => list.map((one, at) => ({
      ...one, ...(at % 3 === 0 ? {} : { policy: at % 2 }),
      ...(at % 2 === 0 ? {} : { canary: { ingress: `c${at}`, service: 's', backend: `cb${at}`, weight: 1, total: 100, ...(at % 4 === 1 ? { header: 'X-Some_One' } : { cookie: 'c' }) } }),
    })));
    compare(fc.record({ routes: rich, policies: fc.constant(policies), path: plain }), {
      lua: `function(input)
        local match = load("route-table.match")
        local found = match.matchPath(match.indexPaths(input), input.path, ${luaStandIn})
        if not found then return found end
        local policy, canary = found.policy, found.canary
        return { backend = found.route.backend, captures = table.concat(found.captures, ","), allow = policy and policy.allow and policy.allow[1].bits or 0,
          asks = canary and (canary.match.route.ingress .. " " .. tostring(canary.header) .. " " .. tostring(canary.cookie)) or "" }
      end`,
      node: (input) => {
        const found = matchPath(indexPaths(input), input.path, standIn);
        if (!found) return found;
        const { policy, canary } = found;
        return {
          backend: found.route.backend, captures: found.captures.join(','), allow: policy?.allow?.[0]?.bits ?? 0,
          asks: canary === undefined ? '' : `${canary.match.route.ingress} ${canary.header ?? 'nil'} ${canary.cookie ?? 'nil'}`,
        };
      },
    });
  });

  it('pickEndpoint', () => {
    compare(fc.record({ count: fc.nat(9), turn: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -1e12, max: 1e12 })), attempt: fc.nat(5) }), {
      lua: `function(input)
        local endpoints = {}
        for at = 1, input.count do endpoints[at] = { address = tostring(at), port = 1 } end
        local chosen = load("route-table.pick-endpoint").pickEndpoint(endpoints, input.turn, input.attempt)
        return chosen and chosen.address
      end`,
      node: ({ count, turn, attempt }) => pickEndpoint(Array.from({ length: count }, (_, at) => ({ address: String(at + 1), port: 1 })), turn, attempt)?.address,
      batches: 4,
    });
  });

  it('prepareRanges and inRanges', () => {
    const addressBytes = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((tail) => Uint8Array.from([...Array<number>(10).fill(0), 255, 255, ...tail])));
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const range = fc.tuple(addressBytes, fc.nat(128)).map(([bytes, bits]) => `${hex(bytes)}/${Math.min(bits, bytes.length * 8)}`);
    const near = fc.tuple(addressBytes, fc.nat(128), fc.nat(127)).map(([bytes, bits, flip]) => {
      const other = Uint8Array.from(bytes);
      const at = flip % (bytes.length * 8);
      other[at >> 3]! ^= 128 >> (at & 7);
      return { ranges: [`${hex(bytes)}/${Math.min(bits, bytes.length * 8)}`], address: Buffer.from(other).toString('latin1') };
    });
    compare(fc.oneof(near, fc.record({ ranges: fc.array(range, { maxLength: 4 }), address: addressBytes.map((bytes) => Buffer.from(bytes).toString('latin1')) })), {
      lua: 'function(input) local ranges = load("route-table.source-range") return ranges.inRanges(ranges.prepareRanges(input.ranges), input.address) end',
      node: ({ ranges, address }) => inRanges(prepareRanges(ranges), address),
    });
  });

  it('addressBytes and forwardedClient', () => {
    const group = fc.constantFrom('0', '1', 'ff', 'FFFF', 'g', '12345', '', '10.0.0.1', '::', '255', '256', '01', ' ');
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.array(group, { maxLength: 9 }).chain((parts) => fc.constantFrom(':', '.').map((glue) => parts.join(glue))));
    const hex = (bytes: string | undefined): string => (bytes === undefined ? 'none' : Buffer.from(bytes, 'latin1').toString('hex'));
    compare(fc.record({ text: address }), {
      lua: 'function(input) local bytes = load("route-table.address-bytes").addressBytes(input.text) return bytes == nil and "none" or (bytes:gsub(".", function(byte) return string.format("%02x", byte:byte()) end)) end',
      node: ({ text: one }) => hex(addressBytes(one)),
    });
    fc.assert(fc.property(address, (one) => { expect(addressBytes(one) !== undefined, one).to.equal(isIP(one) !== 0); }), { numRuns: 2000 });
    const entry = fc.oneof(fc.constantFrom('10.0.0.1', ' 10.0.0.2:80 ', '[fd00::1]:443', '192.0.2.1', '2001:db8::1', 'unknown', '', '[', '1.1.1.1:2:3', '_hidden'), address);
    compare(fc.record({ list: fc.array(entry, { maxLength: 5 }).map((all) => all.join(',')), ranges: fc.constant<string[]>(['0a000000/8', `fd${'0'.repeat(30)}/8`]) }), {
      lua: 'function(input) local ranges = load("route-table.source-range") return load("route-table.forwarded-for").forwardedClient(input.list, ranges.prepareRanges(input.ranges)) end',
      node: ({ list, ranges }) => forwardedClient(list, prepareRanges(ranges)),
    });
  });

  it('allowedOrigin', () => {
    const origin = fc.constantFrom('*', 'https://a.test', 'https://*.a.test', 'http://*.a.test:8080', 'https://b.a.test', 'https://c.b.a.test', 'http://b.a.test:8080', 'https://.a.test', 'https://*a.test', 'https://x/.a.test', 'null', '');
    compare(fc.record({ origins: fc.array(origin, { minLength: 1, maxLength: 3 }), origin: fc.option(origin, { nil: undefined }) }), {
      lua: 'function(input) return load("route-table.cors-origin").allowedOrigin(input.origins, input.origin) end',
      node: ({ origins, origin: asked }) => allowedOrigin(origins, asked),
      batches: 4,
    });
  });

  it('httpsLocation and redirectLocation', () => {
    const part = fc.constantFrom('$request_uri', '$uri', '$args', '$is_args', '$host', '$http_host', '$scheme', '/', 'a', '$', '$$', '?', 'https://x');
    const request = fc.record({ scheme: fc.constantFrom('http', 'https'), host: fc.constantFrom('a.test', ''), namedHost: fc.constantFrom('a.test:80', ''), path: plain, query: fc.option(fc.constantFrom('', 'a=b', '/'), { nil: undefined }) });
    compare(fc.record({ request, location: fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')), keep: fc.boolean() }), {
      lua: 'function(input) local locations = load("route-table.redirect-location") return locations.httpsLocation(input.request, input.keep) .. " " .. locations.redirectLocation({ location = input.location, stripSlash = input.keep }, input.request) end',
      node: ({ request: one, location, keep }) => `${httpsLocation(one, keep)} ${redirectLocation({ code: 301, location, ...(keep && { stripSlash: true }) }, one)}`,
    });
  });

  it('takesCanary', () => {
    const value = fc.option(fc.constantFrom('always', 'never', 'yes', 'no', ''), { nil: undefined });
    compare(fc.record({
      rule: fc.record({ weight: fc.nat(100), total: fc.constant(100), header: fc.option(fc.constant('h'), { nil: undefined }), value, pattern: value, cookie: fc.option(fc.constant('c'), { nil: undefined }) }),
      header: value, cookie: value, chance: fc.integer({ min: 1, max: 100 }),
    }), {
      lua: 'function(input) return load("route-table.takes-canary").takesCanary(input.rule, input, function(a, b) return a:find(b, 1, true) ~= nil end) end',
      node: ({ rule, ...request }) => takesCanary(JSON.parse(JSON.stringify(rule)) as typeof rule & { header: string; value: string; pattern: string; cookie: string }, request, (a, b) => a.includes(b)),
    });
  });

  it('hashText and pickSticky', () => {
    compare(fc.record({ keys: fc.array(fc.string({ unit: byte, maxLength: 40 }), { maxLength: 8 }), key: fc.string({ unit: byte, maxLength: 40 }) }), {
      lua: `function(input)
        local sticky = load("route-table.pick-sticky")
        local endpoints = {}
        for at = 1, #input.keys do endpoints[at] = { hash = sticky.hashText(input.keys[at]) } end
        return { hash = sticky.hashText(input.key), at = sticky.pickSticky(endpoints, sticky.hashText(input.key)) }
      end`,
      node: ({ keys, key }) => ({ hash: hashText(key), at: pickSticky(keys.map((one) => ({ hash: hashText(one) })), hashText(key)) }),
      batches: 6,
    });
  });

  it('pickRanked and countSound', () => {
    const endpoint = fc.record({ hash: fc.nat(67108858), until: fc.integer({ min: 0, max: 3 }) });
    compare(fc.record({ endpoints: fc.array(endpoint, { maxLength: 8 }), key: fc.nat(67108858), rank: fc.nat(9), now: fc.nat(3) }), {
      lua: `function(input)
        local sticky = load("route-table.pick-sticky")
        return { count = sticky.countSound(input.endpoints, input.now), at = sticky.pickRanked(input.endpoints, input.key, input.rank, input.now) }
      end`,
      node: ({ endpoints, key, rank, now }) => ({ count: countSound(endpoints, now), at: pickRanked(endpoints, key, rank, now) }),
      batches: 6,
    });
  });

  it('packed routes: both sides unpack what was packed, and it is what it was', () => {
    const name = fc.constantFrom('', 'a', 'shop', 'service');
    const backend = fc.oneof(fc.tuple(name, name, fc.constantFrom('80', 'http', 'cluster-ip/80', 'service/x')).map((parts) => `service/${parts.join('/')}`), fc.constant(''));
    const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 20 }).map((rest) => `/${rest}`);
    const canary = fc.record({ ingress: name, service: name, backend, weight: fc.nat(100), total: fc.constant(100), value: fc.oneof(path, fc.string()) }, { requiredKeys: ['ingress', 'service', 'backend', 'weight', 'total'] });
    const packable = fc.record({ match: fc.constantFrom(...matches), path: visible, namespace: name, ingress: name, service: name, backend, rewrite: path, policy: fc.nat(2), canary },
      { requiredKeys: ['match', 'path', 'namespace', 'ingress', 'service', 'backend'] });
    const policies = fc.string().map((value): Policy[] => [{ bodyBytes: 1, headers: [{ name: 'X-One', value }] }]);
    const host: fc.Arbitrary<HostRoutes> = fc.record({ routes: fc.array(packable, { maxLength: 4 }), policies }, { requiredKeys: ['routes'] });
    fc.assert(fc.property(host, (one) => { expect(unpackRoutes(packRoutes(one, JSON.stringify), JSON.parse)).to.deep.equal(one); }), { numRuns: 2000 });
    // Lua has no JSON here: it is given what each piece of JSON means.
    const ascii = host.filter((one) => /^[\x00-\x7f]*$/.test(JSON.stringify(one)));
    const inputs = ascii.map((one) => {
      const meanings: Record<string, unknown> = {};
      const packed = packRoutes(one, (value) => { const json = JSON.stringify(value); meanings[json] = value; return json; });
      return { packed, meanings };
    });
    compare(inputs, { lua: 'function(input) local host = load("route-table.packed-routes").unpackRoutes(input.packed, function(json) return input.meanings[json] end) host.routes.list = true return host end',
      node: ({ packed }) => unpackRoutes(packed, JSON.parse) });
  });

  it('packed routes: of routes of any bytes, what the engine takes is unpacked as it was', () => {
    const rules = { checkEndpoint: () => undefined, routesPerHost: 10, endpointsPerService: 10 };
    let taken = 0;
    fc.assert(fc.property(fc.constantFrom(...matches), fc.oneof(path, plain), fc.option(fc.oneof(path, plain), { nil: undefined }), fc.constantFrom('shop', 's\thop', 'shop\n'), (match, at, rewrite, namespace) => {
      const host = { routes: [{ match, path: at, namespace, ingress: 'web', service: 'web', backend: `service/${namespace}/web/80`, ...(rewrite === undefined ? {} : { rewrite }) }] };
      if ('complaint' in checkEntry('host/a.test', host, rules)) return;
      taken += 1;
      const packed = packRoutes(host, JSON.stringify);
      expect(packed).not.to.include('\n');
      expect(unpackRoutes(packed, JSON.parse)).to.deep.equal(host);
    }), { numRuns: 4000 });
    expect(taken).to.be.greaterThan(300);
  });

  it('a packed route of usual names takes less than half of what it takes with the names of its fields', () => {
    const route = { match: 'prefix' as const, path: '/', namespace: 'team-checkout', ingress: 'checkout-frontend', service: 'checkout-frontend', backend: 'service/team-checkout/checkout-frontend/8080' };
    expect(packRoutes({ routes: [route] }, JSON.stringify).length * 2).to.be.at.most(JSON.stringify({ routes: [route] }).length);
  });

  it('text: both halves do the same', () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((code) => String.fromCharCode(code)), maxLength: 12 });
    const at = fc.nat(14);
    const inputs = fc.record({ subject: ascii, needle: fc.oneof(ascii, fc.constantFrom('a', '/', '.', '%', '', '[')), from: at, to: at, code: fc.integer({ min: 0, max: 127 }) })
      .filter(({ subject, from }) => from <= subject.length);
    compare(inputs, {
      lua: `function(input)
        local text = load("data-plane.text")
        return { cut = text.cut(input.subject, input.from, input.to), find = text.find(input.subject, input.needle, input.from),
          at = text.byteAt(input.subject, input.to), one = text.byteText(input.code), lower = text.lower(input.subject) }
      end`,
      node: ({ subject, needle, from, to, code }) => ({ cut: text.cut(subject, from, to), find: text.find(subject, needle, from), at: text.byteAt(subject, to), one: text.byteText(code), lower: text.lower(subject) }),
    });
  });

  it('text: both halves have the same functions', () => {
    const signatures = (file: string): string[] => {
      const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
      return source.statements.filter(ts.isFunctionDeclaration).map((one) => `${one.name!.text}(${one.parameters.map((parameter) => parameter.getText(source)).join(', ')}): ${one.type!.getText(source)}`);
    };
    expect(signatures('src/data-plane/text.ts')).to.deep.equal(signatures('src/route-table/text.ts'));
    expect(signatures('src/route-table/text.ts').length).to.equal(Object.keys(text).length);
  });

  it('what ships needs no library of the compiler, and shared code takes its text from the Lua half', () => {
    for (const [name, source] of emittedModules()) {
      expect(source, name).to.not.match(/__TS__|lualib/);
      expect(source, `${name}: "goto" is not Lua 5.1`).to.not.match(/\bgoto\b/);
      expect(source, name).to.not.match(/require\("route-table\.text"\)/);
    }
    expect([...emittedModules().keys()]).to.include.members(['route-table.match', 'data-plane.write-table', 'data-plane.read-entry']);
  });
});
