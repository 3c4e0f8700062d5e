// What is different for one Ingress when another class serves it: its routes, what they ask for, its certificates, what is wrong
// with it. Both sides are decided by the core; here they are only laid side by side.

import isEqual from 'lodash/isEqual.js';
import type { Claim } from '../core/claim.js';
import type { Decided } from '../core/explain/facts.js';
import { visibleFindings } from '../core/explain/visible-findings.js';
import { quote } from '../core/finding.js';
import { usualPrefixes } from '../core/annotations/annotation-name.js';
import type { WantedPath } from '../core/build-host.js';
import type { IngressPlan } from '../core/plan-ingress.js';
import { readClassSettings } from '../core/read-class-settings.js';
import { resolvePath } from '../core/resolve-path.js';
import { defaultKey, hostKey, serverNameKey } from '../route-table/entry-keys.js';
import type { HostRoutes, Policy, Route, ServerName } from '../route-table/types.js';
import type { Difference } from './difference.js';
import { annotationsOfField } from './policy-annotations.js';

/** All differences of the Ingress `key` between two decisions, sorted as its rules are. */
export function compareIngress(now: Decided, then: Decided, key: string): Difference[] {
  return [...routeDifferences(now, then, key), ...certificateDifferences(now, then, key), ...findingDifferences(now, then, key)];
}

/** A path that an Ingress wants, and what it gets. */
interface Served {
  want: WantedPath;
  host: string;
  route: Route | undefined;
  /** Whether the route is the Ingress's own. */
  own: boolean;
  policy: Policy;
}

function servedPaths({ plans, tables }: Decided, key: string): Map<string, Served> {
  const { ownership: { owner }, wants } = plans.get(key)!;
  const found = new Map<string, Served>();
  for (const [entry, want] of wants) {
    if (want.of !== 'host') continue;
    const host = entry === defaultKey ? '(default backend)' : entry.slice(hostKey('').length) || '(any host)';
    const table = tables.get(owner!)?.get(entry) as HostRoutes | undefined;
    for (const one of want.paths) found.set(`${host} ${one.path.path} ${one.path.pathType}`, servedPath(key, host, one, table));
  }
  return found;
}

function servedPath(key: string, host: string, want: WantedPath, { routes, policies = [] }: HostRoutes = { routes: [] }): Served {
  const resolved = resolvePath(want.path, routes.some(({ match }) => match === 'regex'));
  const route = 'problem' in resolved ? undefined : routes.find(({ match, path }) => match === resolved.match && path === resolved.path);
  const own = route !== undefined && (`${route.namespace}/${route.ingress}` === key || want.canary !== undefined);
  return { want, host, route, own, policy: route?.policy === undefined ? {} : policies[route.policy]! };
}

function routeDifferences(now: Decided, then: Decided, key: string): Difference[] {
  const after = servedPaths(then, key);
  const differences: Difference[] = [];
  for (const [name, before] of servedPaths(now, key)) {
    const other = after.get(name);
    const of = `${before.host} ${before.want.path.path ?? ''}`.trim();
    const tell = (what: string): void => { differences.push({ about: 'route', of, what }); };
    if (other === undefined || other.route === undefined) {
      if (before.route !== undefined) tell('is served now and will not be');
    } else if (before.own && !other.own) tell(`will be lost to Ingress ${other.route.namespace}/${other.route.ingress}, which has this path in the class and is older`);
    else if (!before.own && other.own) tell('belongs to another Ingress now and will be its own');
    else if (before.own) for (const what of ownDifferences({ now, then, key }, before, other)) tell(what);
  }
  return differences;
}

interface Sides {
  now: Decided;
  then: Decided;
  key: string;
}

function ownDifferences(sides: Sides, before: Served, after: Served): string[] {
  const { route: a, policy: asks } = before;
  const { route: b, policy: willAsk } = after;
  const told: string[] = [];
  if (a!.match !== b!.match) told.push(`is read as ${matchName(a!.match)} now and as ${matchName(b!.match)} then${whyMatch(sides, before.host, b!.match === 'regex')}`);
  if (a!.rewrite !== b!.rewrite) told.push(`is sent on as ${quote(a!.rewrite ?? 'it comes')} now and as ${quote(b!.rewrite ?? 'it comes')} then`);
  if (a!.backend !== b!.backend) told.push(`goes to ${quote(a!.backend)} now and to ${quote(b!.backend)} then`);
  if (a!.canary?.ingress !== b!.canary?.ingress) told.push(`has ${canaryName(a!)} now and ${canaryName(b!)} then`);
  const fields = new Set([...Object.keys(asks), ...Object.keys(willAsk)]) as Set<keyof Policy>;
  for (const field of fields) {
    if (!isEqual(asks[field], willAsk[field])) told.push(`${annotationsOfField(field)[0]}: ${valueWords(field, asks)} now and ${valueWords(field, willAsk)} then${whyPolicy(sides, field)}`);
  }
  return told;
}

const matchNames: Record<Route['match'], string> = { exact: 'Exact', prefix: 'Prefix', 'string-prefix': 'a plain start', regex: 'a pattern' };
const matchName = (match: Route['match']): string => matchNames[match];
const canaryName = ({ canary }: Route): string => (canary === undefined ? 'no canary' : `the canary ${canary.ingress}`);

/** Passwords are in a policy too; they are never told. */
function valueWords(field: keyof Policy, policy: Policy): string {
  if (policy[field] === undefined) return 'nothing';
  return field === 'basic' ? 'a password' : quote(JSON.stringify(policy[field]));
}

function whyMatch({ now, then, key }: Sides, host: string, toPattern: boolean): string {
  const decided = toPattern ? then : now;
  const owner = decided.plans.get(key)!.ownership.owner;
  const entry = hostKey(host === '(any host)' ? '' : host);
  const other = [...decided.plans].find(([name, plan]) => name !== key && plan.ownership.owner === owner && wantsPatterns(plan, entry));
  if (other === undefined) return '';
  return `: Ingress ${other[0]}, on the same host in class ${owner}, ${toPattern ? 'makes all its paths patterns' : 'does so now, and is not in the class then'}`;
}

function wantsPatterns({ wants }: IngressPlan, entry: string): boolean {
  const want = wants.get(entry);
  return want?.of === 'host' && want.paths.some(({ useRegex, rewriteTarget, path }) => useRegex || (rewriteTarget !== undefined && rewriteTarget !== path.path));
}

function whyPolicy({ now, then, key }: Sides, field: string): string {
  const [from, to] = [now, then].map((decided) => claimOf(decided, key));
  const prefixes = [from, to].map((claim) => (claim?.annotationPrefixes ?? usualPrefixes).join(' or '));
  if (prefixes[0] !== prefixes[1]) return `: annotations begin with ${prefixes[0]} in class ${from?.class} and with ${prefixes[1]} in class ${to?.class}`;
  const values = [[now, from], [then, to]].map(([decided, claim]) => readClassSettings(claim as Claim, (decided as Decided).snapshot).settings.annotations);
  const setting = annotationsOfField(field).find((name) => values[0]![name] !== values[1]![name]);
  if (setting === undefined) return '';
  return `: it leaves ${setting} out, and the settings of class ${from!.class} say ${words(values[0]![setting])}, those of class ${to!.class} ${words(values[1]![setting])}`;
}

const words = (value: string | undefined): string => (value === undefined ? 'nothing' : quote(value));

function claimOf({ plans, claims }: Decided, key: string): Claim | undefined {
  const { owner } = plans.get(key)!.ownership;
  return claims.find((claim) => claim.class === owner);
}

function certificateDifferences(now: Decided, then: Decided, key: string): Difference[] {
  const names = new Set<string>();
  for (const { plans } of [now, then]) {
    for (const entry of plans.get(key)!.wants.keys()) if (entry.startsWith(serverNameKey(''))) names.add(entry);
  }
  return [...names].flatMap((entry): Difference[] => {
    const [before, after] = [now, then].map((decided) => certificateId(decided, key, entry));
    if (before === after) return [];
    const of = entry.slice(serverNameKey('').length);
    if (after === undefined) return [{ about: 'certificate', of, what: 'is shown its certificate now and the default one then' }];
    return [{ about: 'certificate', of, what: before === undefined ? 'is shown the default certificate now and its own then' : 'is shown another certificate then: an older Ingress of the class has this name with another Secret' }];
  });
}

function certificateId({ plans, tables }: Decided, key: string, entry: string): string | undefined {
  return (tables.get(plans.get(key)!.ownership.owner!)?.get(entry) as ServerName | undefined)?.certificate;
}

/** What is wrong then and is not now. What is wrong now already is no matter of the migration. */
function findingDifferences(now: Decided, then: Decided, key: string): Difference[] {
  const known = new Set(now.findings.map(({ object, code, message }) => `${object} ${code} ${message}`));
  return visibleFindings(then.findings, then)
    .filter(({ object, code, message }) => object === `Ingress ${key}` && !known.has(`${object} ${code} ${message}`) && code !== 'IA124')
    .map(({ code, message }) => ({ about: 'finding', of: code, what: message }));
}
