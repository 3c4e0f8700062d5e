// How much the Ingresses of one namespace may have in a class. The oldest keep what they have; what is too much of the newer
// ones is not served. Without limits everything passes and nothing is counted. What can't be counted, a bug of ours, is closed.

import isEqual from 'lodash/isEqual.js';
import memoize from 'lodash/memoize.js';
import pick from 'lodash/pick.js';
import uniqWith from 'lodash/uniqWith.js';
import { clientsKey, hostKey, passthroughKey, serverNameKey } from '../route-table/entry-keys.js';
import type { ClassSettings } from './class-settings.js';
import { closeWants } from './close-wants.js';
import { type Finding, finding } from './finding.js';
import type { InspectedCertificate } from './inspect-certificate.js';
import { objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';
import type { IngressPlan, Want } from './plan-ingress.js';
import { setOrDelete } from './set-or-delete.js';
import { type Failure, planningFinding } from './plan-safely.js';

type Limits = Pick<ClassSettings, 'hostsPerNamespace' | 'pathsPerNamespace' | 'certificatesPerNamespace' | 'kilobytesPerNamespace'>;

/** How each limit is called in a finding. */
const units: Record<keyof Limits, string> = { hostsPerNamespace: 'hosts', pathsPerNamespace: 'paths', certificatesPerNamespace: 'certificates', kilobytesPerNamespace: 'KiB' };

type HostWant = Want & { of: 'host' };

export interface NamespaceBudgets {
  /** Takes what an Ingress asks for; undefined: it is not of the class (any more). */
  setPlan(key: string, plan: IngressPlan | undefined): void;
  setLimits(limits: Limits): void;
  /**
   * What may be served, of the Ingresses that a change has touched: their plans, perhaps with less in them. Tells what could not
   * be counted.
   */
  settle(failed: (failure: Failure) => void): Map<string, IngressPlan | undefined>;
  findings(): Finding[];
  /** What an Ingress asks for, as it was taken. */
  planOf(key: string): IngressPlan | undefined;
  /** That of one Ingress (`namespace/name`). */
  findingOf(key: string): Finding | undefined;
}

export function createNamespaceBudgets(): NamespaceBudgets {
  const plans = new Map<string, IngressPlan>();
  const members = new Map<string, Set<string>>();
  const findings = new Map<string, Finding>();
  const touched = new Map<string, IngressPlan | undefined>();
  const crowded = new Set<string>();
  let limits: Limits = {};
  const isLimited = (): boolean => Object.keys(limits).length > 0;
  return {
    setPlan(key, plan) {
      const namespace = key.slice(0, key.indexOf('/'));
      const inNamespace = members.get(namespace) ?? new Set<string>();
      if (plan === undefined) inNamespace.delete(key);
      else inNamespace.add(key);
      setOrDelete(members, namespace, inNamespace.size === 0 ? undefined : inNamespace);
      setOrDelete(plans, key, plan);
      findings.delete(key);
      touched.set(key, plan);
      crowded.add(namespace);
    },
    setLimits(settings) {
      const next = pick(settings, Object.keys(units)) as Limits;
      if (isEqual(limits, next)) return;
      limits = next;
      findings.clear();
      for (const [key, plan] of plans) touched.set(key, plan);
      for (const namespace of members.keys()) crowded.add(namespace);
    },
    settle(failed) {
      for (const namespace of isLimited() ? crowded : []) {
        const present = new Map([...members.get(namespace) ?? []].map((key) => [key, plans.get(key)!]));
        const { admitted, uncounted } = admitSafely(present, limits);
        for (const [key, one] of admitted) {
          touched.set(key, one.plan);
          setOrDelete(findings, key, isWhole(one) ? undefined : budgetFinding(key, namespace, one, limits));
        }
        for (const [key, error] of uncounted) {
          failed({ object: `Ingress ${key}`, error });
          touched.set(key, closed(present.get(key)!));
          findings.set(key, planningFinding(`Ingress ${key}`, 'closed'));
        }
      }
      const result = new Map(touched);
      touched.clear();
      crowded.clear();
      return result;
    },
    findings: () => [...findings.values()],
    planOf: (key) => plans.get(key),
    findingOf: (key) => findings.get(key),
  };
}

function budgetFinding(key: string, namespace: string, { refusedPaths, refusedCertificates }: Admitted, limits: Limits): Finding {
  const what = Object.entries(limits).map(([name, most]) => `${most} ${units[name as keyof Limits]}`).join(', ');
  const refused = [refusedPaths === 0 ? [] : [`${refusedPaths} of its paths`], refusedCertificates === 0 ? [] : [`the certificates of ${refusedCertificates} of its hosts`]].flat().join(' and ');
  const message = `namespace ${namespace} may have ${what} in this class, and older Ingresses have them; ${refused} are not served. Remove some, or ask for a larger budget`;
  return finding('over-budget', `Ingress ${key}`, message);
}

interface Admitted {
  plan: IngressPlan;
  /** Paths that are too many, and hosts whose certificate is one too many. */
  refusedPaths: number;
  refusedCertificates: number;
}

function isWhole({ refusedPaths, refusedCertificates }: Admitted): boolean {
  return refusedPaths + refusedCertificates === 0;
}

/** An Ingress that can't be counted alone harms no other; when they can't be counted together, none of them is. */
function admitSafely(plans: ReadonlyMap<string, IngressPlan>, limits: Limits): { admitted: Map<string, Admitted>; uncounted: Map<string, unknown> } {
  const uncounted = new Map<string, unknown>();
  const together = (some: readonly IngressPlan[]): Map<string, Admitted> => new Map(admit(some, limits).map((one) => [objectKey(one.plan.ingress), one]));
  try {
    return { admitted: together([...plans.values()]), uncounted };
  } catch {
    for (const [key, plan] of plans) attempt(() => together([plan]), (error) => uncounted.set(key, error));
    const rest = [...plans].filter(([key]) => !uncounted.has(key));
    const admitted = attempt(() => together(rest.map(([, plan]) => plan)), (error) => { for (const [key] of rest) uncounted.set(key, error); });
    return { admitted: admitted ?? new Map<string, Admitted>(), uncounted };
  }
}

function attempt<Result>(work: () => Result, failed: (error: unknown) => void): Result | undefined {
  try {
    return work();
  } catch (error) {
    failed(error);
    return undefined;
  }
}

/** Its paths answer 503: they may have come with a protection. Without anything, where even that can't be made of it. */
function closed(plan: IngressPlan): IngressPlan | undefined {
  return attempt(() => ({ ...plan, wants: closeWants(plan.wants) }), () => undefined);
}

/** All plans of one namespace, the oldest first, each with what is left for it. */
function admit(plans: readonly IngressPlan[], limits: Limits): Admitted[] {
  const budget = new Budget(limits);
  return [...plans].sort((a, b) => byAge(a.ingress, b.ingress)).map((plan) => admitPlan(plan, budget));
}

/** What one namespace has had of its limits. */
class Budget {
  private readonly hosts = new Set<string>();
  private readonly certificates = new Set<string>();
  private paths = 0;
  private bytes = 0;

  constructor(private readonly limits: Limits) {}

  /** The paths of a host for which there is room; undefined: none. */
  host(entry: string, want: HostWant): HostWant | undefined {
    const { hostsPerNamespace = Infinity, pathsPerNamespace = Infinity } = this.limits;
    if (!this.hosts.has(entry) && this.hosts.size >= hostsPerNamespace) return undefined;
    const paths = want.paths.slice(0, Math.max(0, pathsPerNamespace - this.paths));
    if (paths.length === 0) return undefined;
    const admitted: HostWant = paths.length === want.paths.length ? want : { of: 'host', paths };
    if (!this.hasRoomFor(() => bytesOfHost(admitted))) return undefined;
    this.hosts.add(entry);
    this.paths += paths.length;
    return admitted;
  }

  certificate({ id, chain, key }: InspectedCertificate): boolean {
    if (this.certificates.has(id)) return true;
    if (this.certificates.size >= (this.limits.certificatesPerNamespace ?? Infinity) || !this.hasRoomFor(() => chain.length + key.length)) return false;
    this.certificates.add(id);
    return true;
  }

  /** Takes the room, where there is any. */
  private hasRoomFor(bytes: () => number): boolean {
    const { kilobytesPerNamespace } = this.limits;
    if (kilobytesPerNamespace === undefined) return true;
    const more = bytes();
    if (this.bytes + more > kilobytesPerNamespace * 1024) return false;
    this.bytes += more;
    return true;
  }
}

/** As JSON, each policy once. It is asked again with each change of the namespace. */
const bytesOfHost = memoize(({ paths }: HostWant): number => {
  const policies = uniqWith(paths.flatMap(({ policy }) => policy ?? []), isEqual);
  return JSON.stringify([paths.map((path) => ({ ...path, policy: undefined })), policies]).length;
});
bytesOfHost.cache = new WeakMap();

/** The server names of a host go with it; Services and certificates are served only while something leads to them. */
function admitPlan(plan: IngressPlan, budget: Budget): Admitted {
  const wants = new Map(plan.wants);
  let refusedPaths = 0;
  let refusedCertificates = 0;
  for (const [entry, want] of plan.wants) {
    if (want.of !== 'host') continue;
    const admitted = budget.host(entry, want);
    refusedPaths += want.paths.length - (admitted?.paths.length ?? 0);
    if (admitted !== undefined) wants.set(entry, admitted);
    else {
      wants.delete(entry);
      if (!entry.startsWith(hostKey(''))) continue;
      for (const keyOf of [serverNameKey, clientsKey, passthroughKey]) wants.delete(keyOf(entry.slice(hostKey('').length)));
    }
  }
  for (const [entry, want] of wants) {
    if (want.of !== 'server-name' || budget.certificate(want.certificate)) continue;
    wants.delete(entry);
    refusedCertificates += 1;
  }
  const isAll = refusedPaths + refusedCertificates === 0;
  return { plan: isAll ? plan : { ...plan, wants }, refusedPaths, refusedCertificates };
}
