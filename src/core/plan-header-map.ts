// Headers out of a ConfigMap that an annotation names: those of answers (custom-headers), and those of the question of external
// authentication (auth-proxy-set-headers). What can't be had as a whole closes the routes, as in ingress-nginx.

import type { HeaderLine } from '../route-table/types.js';
import { type HeaderSide, isHeaderLine, mostLines } from './annotations/header-lines.js';
import { type Finding, finding, quote } from './finding.js';
import type { ConfigMap } from './kubernetes-objects.js';
import { compareText } from './order.js';
import { ownKey } from './own-object.js';

export interface HeaderMapSource {
  /** Names the Ingress in findings. */
  object: string;
  namespace: string;
  configMaps: ReadonlyMap<string, ConfigMap>;
  notes: { findings: Finding[]; configMaps: string[] };
}

export interface HeaderMap {
  annotation: 'custom-headers' | 'auth-proxy-set-headers';
  /** As it is written; undefined: there is none. */
  reference: string | undefined;
  side: HeaderSide;
  /** Names that may be set, in lower case; undefined: all. */
  allowed?: readonly string[];
}

/** Undefined: no headers are asked for. 'closed': some are, and can't be had; there is a finding. */
export function planHeaderMap({ annotation, reference, side, allowed }: HeaderMap, { object, namespace, configMaps, notes }: HeaderMapSource): HeaderLine[] | 'closed' | undefined {
  if (reference === undefined) return undefined;
  const closed = (kind: 'config-map-missing' | 'config-map-invalid', why: string): 'closed' => {
    notes.findings.push(finding(kind, object, `annotation ${annotation}: ${why}; requests are answered with 503 until it is mended`));
    return 'closed';
  };
  const key = ownKey(reference, namespace);
  if (key === undefined) return closed('config-map-invalid', `${quote(reference)} names no ConfigMap of the Ingress's own namespace`);
  notes.configMaps.push(key);
  const data = configMaps.get(key)?.data;
  if (!configMaps.has(key)) return closed('config-map-missing', `ConfigMap ${key} does not exist, or the controller may not read it (docs/install.md), or too many are named`);
  const lines = Object.entries(data ?? {}).map(([name, value]) => ({ name, value: value.trim() })).sort((a, b) => compareText(a.name, b.name));
  if (lines.length > mostLines) return closed('config-map-invalid', `ConfigMap ${key} has more than ${mostLines} headers`);
  const wrong = lines.find((line) => !isHeaderLine(line, side));
  if (wrong !== undefined) return closed('config-map-invalid', `ConfigMap ${key}: header ${quote(wrong.name, 60)} may not be set, or its value is none: visible ASCII, and of variables only those of docs/annotations.md`);
  const forbidden = lines.find(({ name }) => allowed !== undefined && !allowed.includes(name.toLowerCase()));
  if (forbidden !== undefined) return closed('config-map-invalid', `ConfigMap ${key}: header ${quote(forbidden.name, 60)} is not among the class's global-allowed-response-headers`);
  return lines.length === 0 ? undefined : lines;
}
