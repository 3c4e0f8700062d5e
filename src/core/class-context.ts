// Everything about one class that is no Ingress: its claim with the settings and addresses as they are now, and what the
// class itself serves: its default backend and its default certificate.

import { certificateKey, serverNameKey } from '../route-table/entry-keys.js';
import type { Claim } from './claim.js';
import type { ClassSettings } from './class-settings.js';
import { type Finding, finding, quote } from './finding.js';
import type { InspectCertificate } from './inspect-certificate.js';
import type { Ingress } from './kubernetes-objects.js';
import { type CertificateSource, findCertificate } from './plan-certificates.js';
import { type IngressPlan, type Notes, type Want, keepShare } from './plan-ingress.js';
import { planPaths } from './plan-paths.js';
import { readWithDefaults } from './read-with-defaults.js';
import { publishAddresses } from './publish-addresses.js';
import { readClassSettings } from './read-class-settings.js';
import type { Snapshot } from './snapshot.js';

export interface ClassContext {
  /** As it was given, with `addresses` and `settings` as they are now. */
  claim: Claim & { settings: ClassSettings };
  /** What the class serves itself, after all its Ingresses. */
  defaults: IngressPlan & { wants: Map<string, Want> };
  findings: readonly Finding[];
  /** What it was made from: `<kind> <key>`. */
  dependsOn: readonly string[];
  /** Key of the ConfigMap with the settings. */
  configMap: string | undefined;
}

/** The key of `defaults` among the plans of its class: no Ingress has it. */
export const defaultsKey = '';

/** After every date: the class's own defaults give way to any Ingress. */
const afterAll = '~';

/** Resolves one claim against the cluster. */
export function resolveClassContext(given: Claim, snapshot: Snapshot, inspect: InspectCertificate, lastGood?: CertificateSource['lastGood']): ClassContext {
  const { settings, findings, configMap } = readClassSettings(given, snapshot);
  // Without addresses no status is written, cleared, or taken for ours.
  const addresses = given.observe ? [] : publishAddresses(given, snapshot.services);
  const claim = { ...given, addresses, settings };
  const notes: Notes = { findings: [], services: [], secrets: [], configMaps: [] };
  const defaults = planDefaults(settings, configMap ?? '', { snapshot, inspect, lastGood }, notes);
  // Of a class in shares, the share of requests without a host serves them.
  if (given.shard !== undefined) keepShare(defaults.wants, given.shard);
  const dependsOn = [
    `ingressClasses ${given.class}`, ...notes.services.map((key) => `services ${key}`), ...notes.secrets.map((key) => `secrets ${key}`),
    ...(configMap === undefined ? [] : [`configMaps ${configMap}`]), ...(given.publish === undefined ? [] : [`services ${given.publish}`]),
  ];
  return { claim, defaults, configMap, dependsOn, findings: [...findings, ...notes.findings, ...publishFinding(claim)] };
}

function publishFinding({ class: name, publish, addresses, observe }: Claim): Finding[] {
  if (observe || publish === undefined || addresses.length > 0) return [];
  const message = `its address is that of Service ${quote(publish)}, which does not exist or has none yet; statuses are not written until it has`;
  return [finding('publish-service-missing', `IngressClass ${name}`, message)];
}

interface Around {
  snapshot: Snapshot;
  inspect: InspectCertificate;
  lastGood: CertificateSource['lastGood'];
}

interface Draft {
  wants: Map<string, Want>;
  ingress: Ingress;
  found: Notes;
}

/** The defaults as the plan of an Ingress without a name, which is how the engine and the counters know them. */
function planDefaults(settings: ClassSettings, configMap: string, around: Around, notes: Notes): ClassContext['defaults'] {
  const wants = new Map<string, Want>();
  const ingress = nameless(settings, configMap, around.snapshot, notes);
  const found: Notes = { findings: [], services: [], secrets: [], configMaps: [] };
  planPaths(wants, ingress, { read: readWithDefaults(ingress, { settings }), settings, snapshot: around.snapshot, inspect: around.inspect, notes: found });
  if (settings.defaultCertificate !== undefined) wantCertificate({ wants, ingress, found }, settings.defaultCertificate, around);
  for (const { kind, message } of found.findings) {
    const problem = kind === 'secret-missing' || kind === 'secret-invalid' || kind === 'last-certificate-kept' ? 'default-certificate-missing' : 'default-backend-missing';
    // What the annotations' defaults have to say is said at each Ingress.
    if (problem === 'default-certificate-missing' || kind.startsWith('service-') || kind === 'external-name') {
      notes.findings.push(finding(problem, `ConfigMap ${configMap}`, `the class's default ${problem.split('-')[1]!}: ${message}`));
    }
  }
  notes.secrets.push(...found.secrets);
  const services = [...new Set([...notes.services, ...found.services])];
  return {
    ingress, wants, findings: [], classes: [], speaksFor: true, ownership: { rule: 'no-reference', reference: { by: 'nothing' }, findings: [] },
    dependsOn: { ingressClasses: [], namespaces: [], services, secrets: found.secrets, configMaps: [] },
  };
}

function nameless({ defaultBackend }: ClassSettings, configMap: string, { services }: Snapshot, notes: Notes): Ingress {
  const metadata = { name: '', namespace: configMap.split('/')[0]!, creationTimestamp: afterAll };
  if (defaultBackend === undefined) return { metadata };
  const service = `${metadata.namespace}/${defaultBackend.name}`;
  notes.services.push(service);
  const port = defaultBackend.port ?? String(services.get(service)?.spec?.ports?.[0]?.port ?? '');
  const portOf = /^[0-9]+$/.test(port) ? { number: Number(port) } : { name: port };
  return { metadata, spec: { defaultBackend: { service: { name: defaultBackend.name, port: portOf } } } };
}

function wantCertificate({ wants, ingress, found }: Draft, secretName: string, { snapshot, inspect, lastGood }: Around): void {
  found.secrets.push(`${ingress.metadata.namespace}/${secretName}`);
  const { certificate, problem } = findCertificate(ingress, secretName, { secrets: snapshot.secrets, inspect, ...(lastGood && { lastGood }) });
  if (problem !== undefined) found.findings.push(problem);
  if (certificate === undefined) return;
  wants.set(serverNameKey(''), { of: 'server-name', certificate });
  wants.set(certificateKey(certificate.id), { of: 'certificate', certificate });
}
