// What an installation tells all others about a claim that it holds, written into the Lease's metadata and read from there
// with distrust: whoever may write Leases may write anything.

import { type Claim, claimName } from './claim.js';
import type { LoadBalancerIngress, ObjectMeta } from './kubernetes-objects.js';
import { compareText } from './order.js';
import { renderShard } from './shard.js';

/** The label that tells Leases of claims from all others, so that nobody has to watch the Leases of nodes. */
export const claimLabel = 'ingress-arbiter.io/claim';
const installationAnnotation = 'ingress-arbiter.io/installation';
const termsAnnotation = 'ingress-arbiter.io/terms';

/** All processes that share one configuration: one Lease namespace and one name. */
export interface Installation {
  name: string;
  namespace: string;
}

/** What a claim takes, as far as others can run into it. */
export interface ClaimTerms {
  class: string;
  /** As renderShard writes it; '' for the whole class. */
  shard: string;
  annotationValues: readonly string[];
  acceptedControllers: readonly string[];
  /** Names of the listeners that serve the class. */
  listeners: readonly string[];
  /** How annotation and field are weighed, and whether Ingresses without any class are taken. */
  classPrecedence: Claim['classPrecedence'];
  claimClassless: boolean;
  /** Whether it only watches what is somebody else's. */
  observe: boolean;
  /** What statuses show; undefined: not told. */
  addresses: readonly LoadBalancerIngress[] | undefined;
  /** The Service whose address they show instead. */
  publish: string | undefined;
}

/** A claim as its Lease shows it. */
export interface ClaimRecord extends ClaimTerms {
  /** `namespace/name` of the Lease. */
  lease: string;
  installation: Installation;
  /** Identity of the process that has it; '' when nobody does. */
  holder: string;
}

/** The terms of a claim. */
export function termsOf(claim: Claim, listeners: readonly string[] = []): ClaimTerms {
  return {
    class: claim.class, shard: claim.shard === undefined ? '' : renderShard(claim.shard),
    annotationValues: sorted(claim.annotationValues), acceptedControllers: sorted(claim.acceptedControllers), listeners: sorted(listeners),
    classPrecedence: claim.classPrecedence, claimClassless: claim.claimClassless, observe: claim.observe === true, addresses: claim.publish === undefined ? claim.addresses : [], publish: claim.publish,
  };
}

/** `namespace/name` of the Lease of a claim. */
export function leaseOf(claim: Claim, { namespace }: Installation): string {
  return `${namespace}/${claimName(claim)}`;
}

/** Labels and annotations of a claim's Lease. */
export function claimMarks(installation: Installation, terms: ClaimTerms): { labels: Record<string, string>; annotations: Record<string, string> } {
  return {
    labels: { [claimLabel]: 'held' },
    annotations: { [installationAnnotation]: installation.name, [termsAnnotation]: JSON.stringify(terms) },
  };
}

/** Longest text and list that are believed; what is longer is cut. */
const longest = 253;
const mostValues = 64;

/** The claim that a Lease shows; undefined when it shows none. `holder` is the Lease's holderIdentity. */
export function readClaimRecord(metadata: ObjectMeta, holder: string): ClaimRecord | undefined {
  const { namespace = '', name, annotations = {} } = metadata;
  const terms = parseTerms(annotations[termsAnnotation]);
  const installation = annotations[installationAnnotation];
  if (terms === undefined || installation === undefined) return undefined;
  return { ...terms, lease: `${namespace}/${name}`, installation: { name: installation.slice(0, longest), namespace }, holder: holder.slice(0, longest) };
}

function parseTerms(json: string | undefined): ClaimTerms | undefined {
  try {
    const value = JSON.parse(json ?? 'null') as Record<string, unknown> | null;
    if (typeof value?.['class'] !== 'string' || value['class'] === '') return undefined;
    return {
      class: text(value['class']), shard: typeof value['shard'] === 'string' ? value['shard'].slice(0, 256 * 33) : '',
      annotationValues: texts(value['annotationValues']), acceptedControllers: texts(value['acceptedControllers']), listeners: texts(value['listeners']),
      classPrecedence: value['classPrecedence'] === 'field' ? 'field' : 'annotation', claimClassless: value['claimClassless'] === true, observe: value['observe'] === true,
      addresses: Array.isArray(value['addresses']) ? value['addresses'].slice(0, mostValues).flatMap(address) : undefined,
      publish: typeof value['publish'] === 'string' ? text(value['publish']) : undefined,
    };
  } catch {
    return undefined;
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.slice(0, mostValues).filter((one) => typeof one === 'string').map(text) : [];
}

function address(value: unknown): LoadBalancerIngress[] {
  const { ip, hostname } = (value ?? {}) as Record<string, unknown>;
  return [{ ...(typeof ip === 'string' ? { ip: text(ip) } : {}), ...(typeof hostname === 'string' ? { hostname: text(hostname) } : {}) }];
}

function text(value: string): string {
  return value.slice(0, longest);
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText);
}
