// Who else lives on these Ingresses and would be surprised: cert-manager, external-dns, other Ingresses of the same host. It
// names objects and says what happens to them; it changes none.

import type { Ingress } from '../core/kubernetes-objects.js';
import type { IngressPlan } from '../core/plan-ingress.js';
import { compareText } from '../core/order.js';
import { hostsOf } from './batch-moves.js';
import { isSolver, isSelected, type Selection } from './select-ingresses.js';

export interface Neighbour {
  /** Kind and key: `ClusterIssuer letsencrypt`. */
  object: string;
  what: string;
}

/** A solver of an ACME issuer, as far as classes go (cert-manager.io/v1, spec.acme.solvers[].http01.ingress). */
interface Solver { http01?: { ingress?: { class?: string; ingressClassName?: string; name?: string } } }

/** Issuer, ClusterIssuer or Deployment as the API has it. */
export interface NeighbourObject {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: {
    acme?: { solvers?: Solver[] };
    template?: { spec?: { containers?: { image?: string; args?: string[]; command?: string[] }[] } };
  };
}

export interface Neighbourhood {
  plans: ReadonlyMap<string, IngressPlan>;
  selection: Selection;
  /** Keys of the Ingresses that move. */
  moving: readonly string[];
  to: string;
  /** Issuers, ClusterIssuers, and Deployments; empty when they are not known. */
  objects: readonly NeighbourObject[];
  /** Class names and annotation values that the moving Ingresses use now. */
  formerNames: ReadonlySet<string>;
}

/** Everybody who is to know, sorted by object. */
export function nameNeighbours(around: Neighbourhood): Neighbour[] {
  const { plans, moving } = around;
  return [
    ...[...plans].filter(([key, plan]) => isSolver(plan.ingress) && isSelected(key, plan, around.selection)).map(([key]) => solverIngress(key)),
    ...splitHosts(around),
    ...moving.flatMap((key) => annotationsOf(key, plans.get(key)!.ingress, around)),
    ...around.objects.flatMap((object) => (object.kind === 'Deployment' ? externalDns(object, around) : issuer(object, around))),
  ].sort((a, b) => compareText(a.object, b.object) || compareText(a.what, b.what));
}

function solverIngress(key: string): Neighbour {
  return { object: `Ingress ${key}`, what: 'is cert-manager\'s for one HTTP-01 challenge, so it is left alone: it goes by itself, and the next one has the class that its issuer names' };
}

/** A host whose Ingresses do not all move has half of its paths at each address. */
function splitHosts({ plans, moving, to }: Neighbourhood): Neighbour[] {
  const moves = new Set(moving);
  const byHost = new Map<string, string>();
  for (const key of moving) for (const host of hostsOf(plans.get(key)!.ingress)) byHost.set(`${plans.get(key)!.ownership.owner} ${host}`, key);
  return [...plans].flatMap(([key, { ingress, ownership: { owner } }]) => {
    if (moves.has(key) || owner === undefined || owner === to || isSolver(ingress)) return [];
    return hostsOf(ingress).filter((host) => byHost.has(`${owner} ${host}`)).map((host) => ({
      object: `Ingress ${key}`,
      what: `stays in class ${owner} and shares host ${host === '' ? '(any)' : host} with ${byHost.get(`${owner} ${host}`)}, which moves: whoever reaches one address finds only the paths of that class there`,
    }));
  });
}

const dnsPrefix = 'external-dns.alpha.kubernetes.io/';

function annotationsOf(key: string, { metadata: { annotations = {} } }: Ingress, { to }: Neighbourhood): Neighbour[] {
  const object = `Ingress ${key}`;
  const told: Neighbour[] = [];
  const tell = (what: string): void => { told.push({ object, what }); };
  const target = annotations[`${dnsPrefix}target`];
  if (target !== undefined) tell(`external-dns publishes the target that it names (${JSON.stringify(target)}), whatever its status shows: set it to the address of class ${to} at the cut-over, or nobody comes`);
  else if (Object.keys(annotations).some((name) => name.startsWith(dnsPrefix))) tell(`external-dns publishes its status: its names lead to the address of class ${to} after the cut-over; clients keep the old one for the records' time to live (annotation ${dnsPrefix}ttl)`);
  const solverClass = annotations['acme.cert-manager.io/http01-ingress-class'] ?? annotations['acme.cert-manager.io/http01-ingress-ingressclassname'];
  if (solverClass !== undefined && solverClass !== to) tell(`cert-manager answers its HTTP-01 challenges in class ${JSON.stringify(solverClass)}, as it says: after the cut-over its names lead to class ${to}, so change that too`);
  if (annotations['acme.cert-manager.io/http01-edit-in-place'] === 'true') tell('cert-manager adds its challenge paths to this very Ingress and takes them out again: do not move it during a renewal');
  return told;
}

function issuer({ kind, metadata, spec }: NeighbourObject, { to, formerNames }: Neighbourhood): Neighbour[] {
  const classes = (spec?.acme?.solvers ?? []).flatMap(({ http01 }) => [http01?.ingress?.class, http01?.ingress?.ingressClassName].filter((name) => name !== undefined));
  return [...new Set(classes)].filter((name) => formerNames.has(name)).map((name) => ({
    object: `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`,
    what: `makes the Ingresses of its HTTP-01 challenges in class ${JSON.stringify(name)}: names whose address is that of class ${to} get no certificate until it names class ${to}`,
  }));
}

function externalDns({ metadata, spec }: NeighbourObject, { to, formerNames }: Neighbourhood): Neighbour[] {
  const object = `Deployment ${metadata.namespace}/${metadata.name}`;
  return (spec?.template?.spec?.containers ?? []).filter(({ image = '' }) => image.includes('external-dns')).flatMap(({ args = [], command = [] }) => {
    const named = valuesOf('--ingress-class', [...command, ...args]);
    const filter = valuesOf('--annotation-filter', [...command, ...args]).find((value) => value.includes('kubernetes.io/ingress.class'));
    const told: Neighbour[] = [];
    if (named.some((name) => formerNames.has(name)) && !named.includes(to)) told.push({ object, what: `external-dns looks at classes ${named.join(', ')} only: add --ingress-class=${to} before the cut-over, or it deletes the records of what has moved` });
    if (filter !== undefined) told.push({ object, what: `external-dns selects by the class annotation (--annotation-filter=${filter}): what loses or changes that annotation loses its records, so change the filter first` });
    return told;
  });
}

/** The values of a flag that may be repeated, written as `--flag=value` or as two arguments. */
function valuesOf(flag: string, words: readonly string[]): string[] {
  return words.flatMap((word, at) => (word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : word === flag && words[at + 1] !== undefined ? [words[at + 1]!] : []));
}
