// The bad inputs on paths (1 to 17), on a host of plain paths and on one of patterns.
import { expect } from 'chai';
import { resolvePath } from '../../../src/core/resolve-path.js';

const free = 'ImplementationSpecific';
const resolve = (path: string | undefined, pathType: string | null = free, regexHost = false): string => {
  const result = resolvePath({ ...(path !== undefined && { path }), pathType: pathType as string }, regexHost);
  return 'problem' in result ? result.problem : `${result.match} ${result.path}`;
};

type Row = [row: string, path: string | undefined, outcome: string, pathType?: string | null];
const bad = 'invalid-path';
const rows: Row[] = [
  ['1 newline', '/a\nb', bad], ['1 newline, Exact', '/a\nb', bad, 'Exact'], ['2 carriage return', '/a\rb', bad],
  ['3 NUL', '/a\u0000b', bad], ['3 DEL', '/a\u007f', bad], ['3 C1', '/a\u0085', bad], ['3 line separator', '/a\u2028', bad], ['3 tab', '/a\tb', bad],
  ['4 alias', '/x" { alias /etc/; } #', 'string-prefix /x%22%20%7B%20alias%20/etc/;%20%7D%20%23'],
  ['5 block', '/x { alias /var/run/secrets/x; }', 'string-prefix /x%20%7B%20alias%20/var/run/secrets/x;%20%7D'],
  ['6 no slash and newline', 'alias #\n/lalala/1/;', bad],
  ['7 location', '/foo;}location /p{return 200 pwn;}', 'string-prefix /foo;%7Dlocation%20/p%7Breturn%20200%20pwn;%7D'],
  ['8 variable', '/$request_uri', 'string-prefix /$request_uri'], ['8 argument', '/${arg_x}', 'string-prefix /$%7Barg_x%7D'],
  ['8 format', '/%{x}', bad], ['8 Lua', '/]]..os.execute("id")..[[', 'string-prefix /%5D%5D..os.execute(%22id%22)..%5B%5B'],
  ['9 quote and backslash', '/"\\', 'string-prefix /%22%5C'],
  ['10 empty segment', '/a//b', bad], ['10 dots', '/a/../b', bad], ['10 dot', '/a/./b', bad], ['10 dots at the end', '/a/..', bad],
  ['10 dot at the end', '/a/.', bad], ['10 encoded dots', '/%2e%2e/', bad], ['10 encoded dots inside', '/a/%2E%2e/b', bad],
  ['10 half encoded dots', '/a/.%2e/b', bad], ['10 encoded dot', '/a/%2e', bad], ['10 dots in a name', '/a/..b/...', 'string-prefix /a/..b/...'],
  ['11 slash', '/a%2fb', bad], ['11 slash, upper case', '/a%2Fb', bad], ['11 backslash', '/a%5cb', bad], ['11 NUL', '/a%00b', bad],
  ['11 broken escape', '/%zz', bad], ['11 cut escape', '/a%2', bad], ['11 line end', '/a%0d%0ab', bad],
  ['12 no slash', 'foo', bad], ['12 star', '*', bad], ['12 empty', '', 'string-prefix /'], ['12 missing', undefined, 'string-prefix /'],
  ['12 empty, Exact', '', bad, 'Exact'], ['12 missing, Prefix', undefined, bad, 'Prefix'],
  ['13 70,000 bytes', `/${'a'.repeat(70_000)}`, bad], ['13 4,096 bytes', `/${'a'.repeat(4095)}`, `string-prefix /${'a'.repeat(4095)}`],
  ['13 too long once encoded', `/${'é'.repeat(1000)}`, bad],
  ['14 lone surrogate', '/\ud800', bad], ['14 other half', '/\udc00a', bad], ['14 a whole pair', '/\ud83d\ude00', 'string-prefix /%F0%9F%98%80'],
  ['17 unknown type', '/a', 'unknown-path-type', 'Glob'], ['17 null', '/a', 'unknown-path-type', null], ['17 lower case', '/a', 'unknown-path-type', 'exact'],
  ['17 inherited name', '/a', 'unknown-path-type', 'constructor'],
  ['good: Exact keeps its slash', '/a/', 'exact /a/', 'Exact'], ['good: Prefix has none', '/a/', 'prefix /a', 'Prefix'], ['good: root', '/', 'prefix /', 'Prefix'],
  ['good: escapes in one form', '/%7Euser/%c3%a9', 'exact /~user/%C3%A9', 'Exact'], ['good: non-ASCII as UTF-8', '/é', 'exact /%C3%A9', 'Exact'],
];

const regexRows: Row[] = [
  ...['/api(.*)', '/something(/|$)(.*)', '/a/(?:b|c)/\\d+', '/(?i)abc', '/v[0-9]+/.*', '/x{2,3}', '/[a-z-]', '/[\\d-]', '/[-a]', '/[\\w.-]+', '/[[:alnum:]_-]+\\.php$', '/(?!admin)(.*)', '/(/[a-z]+)*/x', '/a.*b.*c', '/(foo|far)*', '/[^/]+/', '/a?b??', '/{id}', '/\\$\\.', '/(a|b)+', '/(a+){2}', '/']
    .map((pattern): Row => ['good', pattern, `regex ${pattern}`]),
  ...['/(a+)+$', '/(.*a){25}', '/(a*)*', '/((a|b)*)+', '/(a|a)*', '/(\\w|a)+', '/(.*,)+x', '/(?=(a+))a*b\\1', '/(?R)', '/(*LIMIT_MATCH=99999999)', '/(?{x})', '/\\C', '/a(', '/a)', '/[a', '/[]', '/[]a]', '/[^]a]', '/[^]', '/a**', '/a++', '/(+a)', '/(a|*)', '/a\\', '/[z-a]', '/[\\d-z]\\q',
    '/(?<name>a)', '/(?>a)', '/\\Qa\\E', '/\\K', '/a{3,2}', '/a{1000}{1000}', '/((a{99}){99}){99}', `/${'('.repeat(30)}${')'.repeat(30)}`, `/${'a'.repeat(1024)}`, '/é', '/[[:nope:]]', '/[[:alpha:]-z]', '/[a-[:alpha:]]', '/[\\d-z]', '/[a-\\d]', '/[:alpha:]', '/[.x.]', '/[=x=]', '/^*', '/(?i)*', '/(?i)+a', '/(?=a)*', '/ a']
    .map((pattern): Row => ['15', pattern, 'invalid-regex']),
  ['1 newline', '/a\nb(.*)', bad], ['12 no slash', '(.*)', bad], ['14 surrogate', '/\ud800', bad], ['13 long', `/${'a'.repeat(5000)}`, bad],
  ['17 null', '/a', 'unknown-path-type', null],
];

describe('core: resolve-path', () => {
  for (const [row, path, outcome, pathType] of rows) {
    it(`${row}: ${JSON.stringify(path ?? null).slice(0, 60)}`, () => expect(resolve(path, pathType)).to.equal(outcome));
  }

  describe('on a regex host', () => {
    for (const [row, path, outcome, pathType] of regexRows) {
      it(`${row}: ${JSON.stringify(path).slice(0, 60)}`, () => expect(resolve(path, pathType, true)).to.equal(outcome));
    }
  });

  it('tells why, without repeating a long path', () => {
    for (const [, path, , pathType] of [...rows, ...regexRows]) {
      for (const regexHost of [false, true]) {
        const result = resolvePath({ path: path!, pathType: pathType as string }, regexHost);
        if ('problem' in result) expect(result.message).to.match(/^path(Type)? "[^\n]{0,500}$/);
      }
    }
  });
});
