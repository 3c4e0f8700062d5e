// How much the Ingresses of one namespace may have in a class. The oldest keep what they have; what is too much of the newer
// ones is not served. Without limits everything passes and nothing is counted. What can't be counted, a bug of ours, is closed.

import { clientsKey, hostKey, serverNameKey } from '../route-table/entry-keys.js';
import type { ClassSettings } from './class-settings.js';
import { closeWants } from './close-wants.js';
import { type Finding, finding } from './finding.js';
import { objectKey } from './kubernetes-objects.js';
import { byAge } from './order.js';
import type { IngressPlan, Want } from './plan-ingress.js';
import { setOrDelete } from './set-or-delete.js';
import { type Failure, planningFinding } from './plan-safely.js';

type Limits = Pick<ClassSettings, 'hostsPerNamespace' | 'pathsPerNamespace'>;

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
  const isLimited = (): boolean => limits.hostsPerNamespace !== undefined || limits.pathsPerNamespace !== undefined;
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
    setLimits({ hostsPerNamespace, pathsPerNamespace }) {
      if (limits.hostsPerNamespace === hostsPerNamespace && limits.pathsPerNamespace === pathsPerNamespace) return;
      limits = { hostsPerNamespace, pathsPerNamespace } as Limits;
      findings.clear();
      for (const [key, plan] of plans) touched.set(key, plan);
      for (const namespace of members.keys()) crowded.add(namespace);
    },
    settle(failed) {
      for (const namespace of isLimited() ? crowded : []) {
        const present = new Map([...members.get(namespace) ?? []].map((key) => [key, plans.get(key)!]));
        const { admitted, uncounted } = admitSafely(present, limits);
        for (const [key, { plan, refused }] of admitted) {
          touched.set(key, plan);
          setOrDelete(findings, key, refused === 0 ? undefined : budgetFinding(key, namespace, refused, limits));
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

function budgetFinding(key: string, namespace: string, refused: number, { hostsPerNamespace, pathsPerNamespace }: Limits): Finding {
  const what = [hostsPerNamespace === undefined ? [] : [`${hostsPerNamespace} hosts`], pathsPerNamespace === undefined ? [] : [`${pathsPerNamespace} paths`]].flat().join(' and ');
  const message = `namespace ${namespace} may have ${what} in this class, and older paths have them; ${refused} of its paths are not served. Remove some, or ask for a larger budget`;
  return finding('over-budget', `Ingress ${key}`, message);
}

interface Admitted {
  plan: IngressPlan;
  /** Paths that are too many. */
  refused: number;
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
  const hosts = new Set<string>();
  let paths = 0;
  const admitWant = (entry: string, want: Want & { of: 'host' }): Want | undefined => {
    if (!hosts.has(entry) && hosts.size >= (limits.hostsPerNamespace ?? Infinity)) return undefined;
    const admitted = want.paths.slice(0, Math.max(0, (limits.pathsPerNamespace ?? Infinity) - paths));
    if (admitted.length === 0) return undefined;
    hosts.add(entry);
    paths += admitted.length;
    return admitted.length === want.paths.length ? want : { of: 'host', paths: admitted };
  };
  return [...plans].sort((a, b) => byAge(a.ingress, b.ingress)).map((plan) => admitPlan(plan, admitWant));
}

/** The server names of a host go with it; Services and certificates are served only while something leads to them. */
function admitPlan(plan: IngressPlan, admitWant: (entry: string, want: Want & { of: 'host' }) => Want | undefined): Admitted {
  const wants = new Map(plan.wants);
  let refused = 0;
  for (const [entry, want] of plan.wants) {
    if (want.of !== 'host') continue;
    const admitted = admitWant(entry, want);
    refused += want.paths.length - (admitted?.of === 'host' ? admitted.paths.length : 0);
    if (admitted !== undefined) wants.set(entry, admitted);
    else {
      wants.delete(entry);
      if (!entry.startsWith(hostKey(''))) continue;
      wants.delete(serverNameKey(entry.slice(hostKey('').length)));
      wants.delete(clientsKey(entry.slice(hostKey('').length)));
    }
  }
  return { plan: refused === 0 ? plan : { ...plan, wants }, refused };
}
