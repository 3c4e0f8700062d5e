// Finds the settings of a class: from its IngressClass to the ConfigMap that the parameters name, key by key. A key that is
// unknown or bad is a finding and the others count; settings that can't be found close the class.

import { isCarriedOut } from './annotations/registry.js';
import type { Claim } from './claim.js';
import { type ClassSettings, type Setting, defaultSettings, settingRegistry } from './class-settings.js';
import { type Finding, finding, quote } from './finding.js';
import type { ConfigMap, IngressClass } from './kubernetes-objects.js';
import { acceptsClass } from './resolve-owner.js';
import type { Snapshot } from './snapshot.js';

export interface ReadSettings {
  settings: ClassSettings;
  findings: Finding[];
  /** Key of the ConfigMap that the settings are in, whether it exists or not. */
  configMap: string | undefined;
}

/** DNS subdomain: what ConfigMaps and namespaces can be called. The names become part of a request. */
const objectName = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

const byKey = new Map(settingRegistry.map((setting) => [setting.key, setting]));

/** The settings of the claim's class as they are now. A class without IngressClass or parameters has the defaults. */
export function readClassSettings(claim: Claim, { ingressClasses, configMaps }: Pick<Snapshot, 'ingressClasses' | 'configMaps'>): ReadSettings {
  const ingressClass = ingressClasses.get(claim.class);
  const parameters = ingressClass?.spec?.parameters;
  if (ingressClass === undefined || parameters === undefined || !acceptsClass(claim, ingressClass)) {
    return { settings: defaultSettings, findings: [], configMap: undefined };
  }
  const configMap = parametersKey(parameters, claim);
  if (configMap === undefined) return closed(claim, 'must name a ConfigMap (no apiGroup, kind ConfigMap) whose namespace is known', undefined);
  const object = configMaps.get(configMap);
  if (object === undefined) return closed(claim, `name ConfigMap ${configMap}, which does not exist or may not be read; create it`, configMap);
  return { ...readKeys(object, configMap), configMap };
}

/** Scope Cluster: of all the controller's namespace; scope Namespace: the one that is named (IngressClass API, spec.parameters). */
export function parametersKey(parameters: NonNullable<NonNullable<IngressClass['spec']>['parameters']>, { parametersNamespace }: Pick<Claim, 'parametersNamespace'>): string | undefined {
  const { apiGroup = '', kind, name = '', scope = 'Cluster', namespace } = parameters;
  const where = scope === 'Namespace' ? namespace : scope === 'Cluster' ? parametersNamespace : undefined;
  return apiGroup === '' && kind === 'ConfigMap' && objectName.test(name) && where && objectName.test(where) ? `${where}/${name}` : undefined;
}

function closed(claim: Claim, what: string, configMap: string | undefined): ReadSettings {
  const message = `its parameters ${what}; until then requests of the class are answered with 503, because the settings may keep some out`;
  return { settings: { ...defaultSettings, closed: true }, findings: [finding('settings-missing', `IngressClass ${claim.class}`, message)], configMap };
}

function readKeys(configMap: ConfigMap, key: string): Omit<ReadSettings, 'configMap'> {
  const settings: ClassSettings = { ...defaultSettings };
  const findings: Finding[] = [];
  for (const [name, raw] of Object.entries(configMap.data ?? {})) {
    // Empty is how ingress-nginx's manifests write "not set".
    const text = raw.trim();
    const setting = byKey.get(name);
    if (setting === undefined) findings.push(finding('setting-unknown', `ConfigMap ${key}`, `key ${quote(name)} is no setting of a class and changes nothing; see docs/class-settings.md`));
    else if (text !== '') takeKey(settings, setting, { text, object: `ConfigMap ${key}`, namespace: configMap.metadata.namespace ?? '' }, findings);
  }
  return { settings, findings };
}

function takeKey(settings: ClassSettings, setting: Setting, { text, object, namespace }: { text: string; object: string; namespace: string }, findings: Finding[]): void {
  const { key, kind, form, default: otherwise, whenBad = `the default counts (${otherwise})` } = setting;
  if (kind === 'annotation' && !isCarriedOut(key)) {
    findings.push(finding('setting-not-carried-out', object, `key ${key}: the annotation of that name is not carried out yet; requests are served without it`));
  } else if (!setting.take(settings, text, namespace)) {
    findings.push(finding('setting-invalid', object, `key ${key}: ${quote(text)} must be ${form}; ${whenBad}`));
  }
}
