import { expect } from 'chai';
import fc from 'fast-check';
import { normalizePath } from '../../../src/route-table/normalize-path.js';

type Row = [path: string, normal: string | undefined];
const rows: Row[] = [
  ['/', '/'], ['/a', '/a'], ['/a/', '/a/'], ['/a/b', '/a/b'],
  // RFC 3986, section 5.2.4 and 6.2.2.3, and merged slashes.
  ['/a/b/c/./../../g', '/a/g'], ['/mid/content=5/../6', '/mid/6'], ['/./a', '/a'], ['/a/.', '/a/'], ['/a/..', '/'], ['/a/b/..', '/a/'], ['/a/../', '/'],
  ['/a/./', '/a/'], ['/.', '/'], ['/./', '/'], ['//', '/'], ['//a//b//', '/a/b/'], ['/a//../b', '/b'], ['/a/.../b', '/a/.../b'], ['/.well-known/x', '/.well-known/x'], ['/..a', '/..a'], ['/a..', '/a..'],
  // Above the root there is nothing.
  ['/..', undefined], ['/../', undefined], ['/../a', undefined], ['/a/../..', undefined], ['/a/../../b', undefined], ['/%2e%2e', undefined], ['/.%2e/a', undefined], ['/a/%2E%2E/%2e%2e', undefined],
  // Section 6.2.2.1 and 6.2.2.2: upper-case escapes, unreserved characters decoded.
  ['/%7Euser', '/~user'], ['/%41%62%2d%5f', '/Ab-_'], ['/%c3%a9', '/%C3%A9'], ['/a%2fb', '/a%2Fb'], ['/a%5cb', '/a%5Cb'], ['/a/%2e/b', '/a/b'], ['/a/%2e%2e/b', '/b'], ['/%25', '/%25'], ['/%2525', '/%2525'], ['/%252e%252e/', '/%252e%252e/'],
  ['/%20', '/%20'], ['/ ', '/%20'], ['/"', '/%22'], ['/\\', '/%5C'], ['/a|b', '/a%7Cb'], ['/[x]', '/%5Bx%5D'], ['/{x}', '/%7Bx%7D'], ['/#', '/%23'], ['/?', '/%3F'], ['/\u00e9', '/%E9'], ['/\u0001\u007f\u0085', '/%01%7F%85'], ['/%01', '/%01'],
  ["/!$&'()*+,;=:@", "/!$&'()*+,;=:@"], ['/%21', '/%21'],
  // No form.
  ['', undefined], ['a', undefined], ['*', undefined], ['%2f', undefined], ['/%', undefined], ['/%2', undefined], ['/%zz', undefined], ['/%2g', undefined], ['/%g2', undefined], ['/a%', undefined],
  ['/%00', undefined], ['/%0a', undefined], ['/%0D', undefined], ['/\u0000', undefined], ['/a\nb', undefined], ['/a\r', undefined],
];

/** Paths out of the pieces that matter, one byte a character. */
export const hostilePath = fc.array(
  fc.oneof(fc.constantFrom('/', '//', '.', '..', '/.', '/..', '/../', '%2e', '%2E', '%2f', '%5c', '%00', '%0d', '%', '%a', 'a', 'b', 'A', '~', ';', '%41', '%c3%a9'), fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))),
  { maxLength: 12 },
).map((parts) => `/${parts.join('')}`);

describe('route-table: normalize-path', () => {
  for (const [path, normal] of rows) it(`${JSON.stringify(path)} -> ${normal ?? 'refused'}`, () => expect(normalizePath(path)).to.equal(normal));

  const always = (check: (normal: string, path: string) => void): void => fc.assert(fc.property(hostilePath, (path) => {
    const normal = normalizePath(path);
    if (normal !== undefined) check(normal, path);
  }), { numRuns: 5000 });

  it('is its own normal form', () => always((normal) => expect(normalizePath(normal)).to.equal(normal)));
  it('is visible ASCII without quotes, and no raw line end comes through', () => always((normal) => expect(normal).to.match(/^\/[!$%&'()*+,\-./0-9:;=@A-Z_a-z~]*$/)));
  it('has no dot segment and no empty one', () => always((normal) => expect(normal).to.not.match(/\/\.{0,2}\/|\/\.{1,2}$/)));
  it('holds only whole escapes, in upper case, none of an unreserved character', () => always((normal) => {
    for (const [escape] of normal.matchAll(/%.{0,2}/g)) {
      expect(escape).to.match(/^%[0-9A-F]{2}$/);
      expect(String.fromCharCode(parseInt(escape.slice(1), 16))).to.not.match(/[A-Za-z0-9._~-]|[\0\r\n]/);
    }
  }));
  it('never gains or loses an encoded slash or backslash', () => always((normal, path) => {
    const count = (text: string): number => [...text.matchAll(/%(?:2f|5c)/gi)].length;
    expect(count(normal)).to.be.at.most(count(path) + [...path.matchAll(/\\/g)].length);
  }));
});
