// The policy of a route in words, one line for each thing that it asks for. It names no password and no key.

import type { Balance } from '../../route-table/types.js';
import type { CanaryView, PolicyView } from '../../core/explain/policy-view.js';
import { endpointsWords } from './words.js';

/** What has no words is printed as data. */
type Words = { [Field in keyof PolicyView]?: (value: NonNullable<PolicyView[Field]>, policy: PolicyView) => string | undefined };

const words: Words = {
  forwarded: ({ trusted, header, full }) => `believes X-Forwarded-Proto, -Port, -Host and the client's address in ${header} when the request comes from ${networks(trusted)} of proxies${full ? '; the backend gets the whole list' : ''}`,
  https: (as) => `plain HTTP is sent to https (308)${as === 'redirect-as-is' ? ', a trailing slash kept' : ''}`,
  clients: ({ verify, subject, depth, revoked }) => `client certificate: ${verify}, depth ${depth}${subject === undefined ? '' : `, ${subject}`}${revoked === undefined ? '' : ', none that its authority has revoked'}`,
  redirect: ({ code, location }) => `answered with ${code} to ${location}`,
  deny: (ranges) => `refused with 403: ${networks(ranges)}`,
  allow: (ranges) => `let in by address: ${networks(ranges)}; all others 403`,
  basic: ({ realm, users, digest }) => `asks for ${digest ? 'a proof of ' : ''}a password (${realm}), ${users} ${users === 1 ? 'user' : 'users'}`,
  external: ({ scheme, host, target, method = 'GET', signin, headers, cache }, { asked }) =>
    `asks ${scheme}://${host}${target} (${method}) first: ${asked ?? 'nobody answers for it here, so requests are answered with 503'}${signin === undefined ? '' : `; 401 becomes 302 to ${signin}`}${headers === undefined ? '' : `; with its own ${headers.join(', ')}`}${cache === undefined ? '' : '; verdicts are kept for a while'}`,
  asked: () => undefined,
  satisfyAny: () => 'one of address, password and the other server is enough',
  bodyBytes: (bytes) => (bytes === 0 ? 'bodies without limit' : `bodies up to ${bytes} bytes`),
  connectSeconds: (seconds) => `waits ${seconds} s for a connection`,
  sendSeconds: (seconds) => `waits ${seconds} s between two writes`,
  readSeconds: (seconds) => `waits ${seconds} s between two reads`,
  protocol: (protocol) => `speaks ${protocol} to the backend`,
  tls: ({ verify, serverName, certificate }) => `TLS to the backend through the agent: ${verify === undefined ? 'its certificate is not judged' : `its certificate must be valid for ${verify.name}`}${certificate === undefined ? '' : ', a client certificate is shown'}${serverName === undefined ? '' : `, server name ${serverName}`}`,
  unlogged: () => 'its requests are not in the log of requests',
  host: (host) => `Host for the backend: ${host}`,
  cors: ({ origins }) => `CORS for ${origins.slice(0, 5).join(', ')}${origins.length > 5 ? ', …' : ''}`,
  affinity: ({ cookie, persistent }) => `clients stay on an endpoint by cookie ${cookie}${persistent ? ', for good' : ''}`,
  balance: balanceWords,
};

function balanceWords(balance: Balance): string {
  if (balance.by === 'ewma') return 'the endpoint of two by chance that answers sooner and has less under way';
  const key = balance.key.map((part) => ('text' in part ? part.text : `\${${part.variable}}`)).join('');
  return `by key ${key}: ${balance.subset === undefined ? 'the same endpoint' : `one of ${balance.subset} endpoints`} for the same key`;
}

function networks(ranges: readonly string[]): string {
  return `${ranges.length} ${ranges.length === 1 ? 'network' : 'networks'}`;
}

/** Lines for people, protections in the order in which they are asked. */
export function policyWords(policy: PolicyView): string[] {
  const known = Object.entries(words).flatMap(([field, say]) => {
    const value = policy[field as keyof PolicyView];
    return value === undefined ? [] : [(say as (value: unknown, policy: PolicyView) => string | undefined)(value, policy)];
  });
  const others = Object.keys(policy).filter((field) => !Object.hasOwn(words, field)).map((field) => `${field}: ${JSON.stringify(policy[field as keyof PolicyView])}`);
  return [...known.filter((line) => line !== undefined), ...others];
}

/** Which requests go to the canary, in the order in which it is asked. */
export function canaryWords({ ingress, header, value, pattern, cookie, weight, total, endpoints, balance }: CanaryView): string {
  const ways = [
    ...(header === undefined ? [] : [`header ${header}${value !== undefined ? ` = ${value}` : pattern !== undefined ? ` like ${pattern}` : ''}`]),
    ...(cookie === undefined ? [] : [`cookie ${cookie}`]), `${weight} of ${total}`,
  ];
  return `canary ${ingress} takes some: ${ways.join(', then ')} -> ${endpointsWords(endpoints)}${balance === undefined ? '' : `; ${balanceWords(balance)}`}`;
}
