// `lint --fix`: which snippets become annotations and which are left and named, that everything else in a manifest stays byte for
// byte, and that files are written only when that is asked for.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { Command } from 'commander';
import fc from 'fast-check';
import { fixManifests } from '../../../src/cli/lint/fix-manifests.js';
import { lintCommand } from '../../../src/cli/lint/lint-command.js';
import { parseSnippet } from '../../../src/cli/lint/parse-snippet.js';
import { translateSnippet } from '../../../src/cli/lint/translate-snippet.js';
import { readAnnotations } from '../../../src/core/annotations/read-annotations.js';

const answers = 'ingress-arbiter.io/response-headers';
const requests = 'ingress-arbiter.io/request-headers';

describe('lint --fix: snippets', () => {
  for (const [snippet, annotations] of [
    ['add_header X-Frame-Options DENY;', { [answers]: 'X-Frame-Options: DENY' }],
    ['more_set_headers "X-Frame-Options: DENY" \'X-Team:shop\';\nadd_header Strict-Transport-Security "max-age=60; includeSubDomains" always;', { [answers]: 'X-Frame-Options: DENY\nX-Team: shop\nStrict-Transport-Security: max-age=60; includeSubDomains' }],
    ['more_clear_headers Server X-Powered-By; proxy_hide_header Via;', { [answers]: 'Server:\nX-Powered-By:\nVia:' }],
    ['proxy_set_header X-Team shop;\nproxy_set_header Accept-Encoding "";', { [requests]: 'X-Team: shop\nAccept-Encoding:' }], ['proxy_set_header Host inner.example.com;', { 'upstream-vhost': 'inner.example.com' }],
    ['proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_http_version 1.1;', {}],
    ['return 301 https://new.example.com$request_uri;', { 'permanent-redirect': 'https://new.example.com$request_uri' }], ['return 308 https://a.test;', { 'permanent-redirect': 'https://a.test', 'permanent-redirect-code': '308' }], ['return 307 https://a.test;', { 'temporal-redirect': 'https://a.test', 'temporal-redirect-code': '307' }],
    ['rewrite ^ https://a.test/x? permanent;', { 'permanent-redirect': 'https://a.test/x?' }], ['rewrite ^/(.*)$ https://a.test/$1 redirect;', { 'temporal-redirect': 'https://a.test$request_uri' }],
    ['proxy_read_timeout 5m;\nproxy_send_timeout 30s; proxy_connect_timeout 10;', { 'proxy-read-timeout': '300', 'proxy-send-timeout': '30', 'proxy-connect-timeout': '10' }], ['client_max_body_size 50m; proxy_buffering off; proxy_buffer_size 16k;', { 'proxy-body-size': '50m', 'proxy-buffering': 'off', 'proxy-buffer-size': '16k' }],
    ['allow 10.0.0.0/8; allow fd00::/8; deny all;', { 'allowlist-source-range': '10.0.0.0/8,fd00::/8' }], ['deny 192.0.2.1;', { 'denylist-source-range': '192.0.2.1' }], ['deny 10.1.0.0/16; allow 10.0.0.0/8; deny all;', { 'denylist-source-range': '10.1.0.0/16', 'allowlist-source-range': '10.0.0.0/8' }], ['deny all;', { 'denylist-source-range': '0.0.0.0/0,::/0' }], ['deny 192.0.2.1; allow all;', { 'denylist-source-range': '192.0.2.1' }],
    ['# harmless\n;', {}], ['limit_rate 100k; server_tokens off;', { 'limit-rate': '100' }],
  ] as [string, Record<string, string>][]) {
    it(`becomes ${Object.keys(annotations).join(', ') || 'nothing'}: ${snippet.slice(0, 60)}`, () => {
      const translation = translateSnippet(snippet);
      expect('problem' in translation ? translation : Object.fromEntries(translation.annotations)).to.deep.equal(annotations);
    });
  }

  for (const [snippet, why] of [
    ['if ($http_x = "y") { return 403; }', /block/], ['location /x { deny all; }', /block/], ['content_by_lua_block { os.execute("id") }', /block/], ['add_header X-A b', /no ";"/], ['add_header X-A "b', /no ";"|has a/], ['return 403;', /no annotation stands for "return 403"/],
    ['proxy_pass http://evil;', /no annotation/], ['set $x y;', /no annotation/], ['add_header Set-Cookie a=b;', /may not be set/], ['add_header X-A $http_cookie;', /may not be set/], ['proxy_set_header X-Forwarded-Proto https;', /may not be set/], ['proxy_set_header Authorization "Bearer x";', /may not be set/],
    ['add_header X-A "a\nX-B: b";', /no annotation/], ['proxy_set_header X-A "a\r\nX-B: b";', /no annotation/], ['return 301 https://$http_x/;', /permanent-redirect/], ['rewrite ^/old/(.*)$ https://a.test/$1 permanent;', /no annotation/], ['rewrite ^(.*)$ /index.html last;', /no annotation/], ['allow 10.0.0.0/8; deny 10.1.0.0/16; deny all;', /order/], ['allow evil; deny all;', /allowlist-source-range/],
    ['more_set_headers -s 404 "X-A: b";', /no annotation/], ['return 301 https://a.test; return 301 https://b.test;', /twice/], ['proxy_read_timeout 5x;', /no annotation/], ['constructor x;', /no annotation/], ['add_header X-A b; lua_code_cache off;', /lua_code_cache/],
  ] as [string, RegExp][]) {
    it(`is left: ${JSON.stringify(snippet.slice(0, 60))}`, () => expect(translateSnippet(snippet)).to.have.property('problem').that.matches(why));
  }

  it('whatever is proposed is valid and closes nothing', () => {
    const word = fc.constantFrom('add_header', 'more_set_headers', 'proxy_set_header', 'return', '301', 'allow', 'deny', 'all', 'X-A', 'X-A: b', '"q; r"', "'s'", ';', ';', ';', '{', '}', '#c\n', '$host', '$1', 'https://a.test', '10.0.0.1', 'é', '\\', '"', '60s', 'proxy_read_timeout');
    fc.assert(fc.property(fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')), (snippet) => {
      const translation = translateSnippet(snippet);
      if ('problem' in translation) return;
      const annotations = Object.fromEntries([...translation.annotations].map(([name, value]) => [name.includes('/') ? name : `nginx.ingress.kubernetes.io/${name}`, value]));
      const { findings, closed, valid } = readAnnotations({ metadata: { name: 'x', annotations } });
      expect({ findings, closed, valid }).to.deep.equal({ findings: [], closed: false, valid: true });
    }), { numRuns: 3000 });
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => { parseSnippet(text); }), { numRuns: 2000 });
  });
});

const manifest = (annotations: string): string => `# a comment
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web   # named so
  namespace: shop
  annotations:
${annotations}spec:
  rules: [ {host: "a.test"} ]
---
kind: Other
data: {configuration-snippet: "return 1;"}
`;
const snippetKey = 'nginx.ingress.kubernetes.io/configuration-snippet';

describe('lint --fix: manifests', () => {
  const fixed = (text: string): string => fixManifests(text, 'f.yaml').text;
  const problems = (text: string): string[] => fixManifests(text, 'f.yaml').findings.map(({ line, column, message }) => `${line}:${column} ${message}`);

  it('puts annotations in the place of a block, keeps its comments, and everything around byte for byte', () => {
    const before = `    # first\n    nginx.ingress.kubernetes.io/ssl-redirect: "false" # stays\n    ${snippetKey}: |\n      # why\n      add_header X-A b;\n      more_set_headers "X-C: d";\n      proxy_read_timeout 60s;\n    last: 'x'\n`;
    const after = `    # first\n    nginx.ingress.kubernetes.io/ssl-redirect: "false" # stays\n    # why\n    nginx.ingress.kubernetes.io/proxy-read-timeout: "60"\n    last: 'x'\n`.replace('    # why\n', `    # why\n    ${answers}: |-\n      X-A: b\n      X-C: d\n`);
    expect(fixed(manifest(before))).to.equal(manifest(after));
  });

  it('in quotes, as the last one, with CR LF, in braces, in a list, in JSON', () => {
    const one = `    ${snippetKey}: "return 301 https://a.test;" # kept\n`;
    expect(fixed(manifest(one))).to.equal(manifest('    nginx.ingress.kubernetes.io/permanent-redirect: "https://a.test" # kept\n'));
    expect(fixed(manifest(one).replaceAll('\n', '\r\n'))).to.equal(manifest('    nginx.ingress.kubernetes.io/permanent-redirect: "https://a.test" # kept\n').replaceAll('\n', '\r\n'));
    const json = (annotations: object): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'x', annotations } }] });
    for (const [snippet, rest] of [['add_header X-A "b c";', { [answers]: 'X-A: b c' }], ['proxy_http_version 1.1;', {}]] as [string, Record<string, string>][]) {
      expect(fixed(json({ a: 'b', [snippetKey]: snippet, c: 'd' })).replaceAll(': ', ':').replace(/"X-A:b c"/, '"X-A: b c"').replaceAll(', ', ',')).to.equal(json({ a: 'b', ...rest, c: 'd' }));
      expect(JSON.parse(fixed(json({ a: 'b', [snippetKey]: snippet })))).to.deep.equal(JSON.parse(json({ a: 'b', ...rest })));
    }
  });

  it('takes away what is done anyway, with its line', () => {
    expect(fixed(manifest(`    a: b\n    ${snippetKey}: proxy_http_version 1.1;\n    c: d\n`))).to.equal(manifest('    a: b\n    c: d\n'));
    expect(fixed(manifest(`    a: b\n    ${snippetKey}: |\n      server_tokens off;\n    c: d\n`))).to.equal(manifest('    a: b\n    c: d\n'));
  });

  it('leaves and names what it can not say, what is there already, and what is used elsewhere', () => {
    for (const [annotations, why] of [
      [`    ${snippetKey}: "if ($x) { return 1; }"\n`, /^8:5 Ingress shop\/web: annotation configuration-snippet: "if" has a block.*left as it is/], [`    nginx.ingress.kubernetes.io/server-snippet: "return 301 https://a.test;"\n`, /server-snippet: no annotation of an Ingress stands for it/],
      [`    ${answers}: "X-B: c"\n    ${snippetKey}: "add_header X-A b;"\n`, /has annotation ingress-arbiter.io\/response-headers already/], [`    nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.1\n    ${snippetKey}: "allow 10.0.0.2; deny all;"\n`, /has annotation allowlist-source-range already/],
      [`    ${snippetKey}: &s "add_header X-A b;"\n    other: *s\n`, /another place too/], [`    <<: {a: b}\n    ${snippetKey}: "add_header X-A b;"\n`, /another place too/], [`    ${snippetKey}: [x]\n`, /is no text/],
    ] as [string, RegExp][]) {
      const text = manifest(annotations);
      expect(fixed(text), annotations).to.equal(text);
      expect(problems(text), annotations).to.have.length(1);
      expect(problems(text)[0]).to.match(why);
    }
    expect(fixManifests('a: [', 'f.yaml').findings[0]!.severity).to.equal('fatal');
    expect(fixed(manifest(`    ${snippetKey}: "add_header X-A b;"\n`).replace('networking.k8s.io/v1', 'extensions/v1beta1'))).to.include('add_header');
  });
});

describe('lint --fix, the command', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'fix-')); });
  afterEach(() => { rmSync(folder, { recursive: true }); });
  const old = manifest(`    ${snippetKey}: "add_header X-A b;"\n`);
  const today = manifest(`    ${answers}: "X-A: b"\n`);
  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const result = { code: -1, out: '', err: '' };
    const command = lintCommand({ finish: (code) => { result.code = code; }, print: (line) => { result.out += `${line}\n`; }, warn: (line) => { result.err += `${line}\n`; } },
      { stdin: () => Promise.resolve(new Uint8Array()), stdout: (text) => { result.out += text; }, stderr: (text) => { result.err += text; } });
    await new Command().addCommand(command).parseAsync(['lint', ...args], { from: 'user' });
    return result;
  };

  it('prints, and writes only when asked', async () => {
    const file = path.join(folder, 'a.yaml');
    writeFileSync(file, old);
    expect(await run('--fix', '-f', file)).to.deep.equal({ code: 0, out: today, err: '' });
    expect(readFileSync(file, 'utf8')).to.equal(old);
    expect(await run('--fix', '--in-place', '-f', file)).to.deep.equal({ code: 0, out: '', err: `${file}: 1 fixed\n` });
    expect(readFileSync(file, 'utf8')).to.equal(today);
    expect(await run('--fix', '-f', file), 'nothing is left to do').to.deep.equal({ code: 0, out: today, err: '' });
  });

  it('says what is left, and what it can not use', async () => {
    const file = path.join(folder, 'a.yaml');
    writeFileSync(file, manifest(`    ${snippetKey}: "set $a b;"\n`));
    expect(await run('--fix', '-f', file)).to.deep.include({ code: 1 }).and.have.property('err').that.matches(/a\.yaml:8:5 {2}error {2}Ingress shop\/web: annotation configuration-snippet: no annotation stands for "set \$a b"/);
    expect(await run('--in-place', '-f', file)).to.deep.equal({ code: 2, out: '', err: '--in-place goes with --fix\n' });
    expect(await run('--fix', '-f', path.join(folder, 'gone'))).to.deep.include({ code: 2 });
    expect(await run('--fix')).to.deep.include({ code: 2, err: 'fix: nothing to fix: name a file, a folder or - with -f\n' });
  });
});
