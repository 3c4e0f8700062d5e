// Lines of htpasswd and htdigest files that the data plane can check. A line it can't check is no user, never an open door.

/** apr1, SHA, bcrypt of bearable cost, and what crypt(3) knows: MD5, SHA-256, SHA-512 with their usual rounds, DES. */
const hashes = [
  /^\$apr1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}$/,
  /^\{SHA\}[+/0-9A-Za-z]{27}=$/,
  /^\$2[aby]\$(?:0[4-9]|1[0-2])\$[./0-9A-Za-z]{53}$/,
  /^\$1\$[./0-9A-Za-z]{1,8}\$[./0-9A-Za-z]{22}$/,
  /^\$5\$(?:rounds=[0-9]{4,5}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43}$/,
  /^\$6\$(?:rounds=[0-9]{4,5}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}$/,
  /^[./0-9A-Za-z]{13}$/,
];

/** Users of one list. */
export const mostUsers = 500;

/** Whether this is `<name>:<hash>` with a name in visible ASCII and a hash that can be checked. */
export function isPasswordLine(line: string): boolean {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  return colon > 0 && name.length <= 128 && /^[\x21-\x7e]+$/.test(name) && hashes.some((hash) => hash.test(line.slice(colon + 1)));
}

/** Whether this is `<name>:<MD5>` with a name as it may stand between quotes. */
export function isDigestLine(line: string): boolean {
  return line.length <= 161 && /^[\x21\x23-\x39\x3b-\x5b\x5d-\x7e]+:[0-9a-f]{32}$/.test(line);
}
