// What FastCGI backends of an Ingress are told beyond what is usual: an index, and parameters out of a ConfigMap. A ConfigMap that
// can't be read closes the routes: what it may say of documents and permissions must not become what is usual.

import type { FastCgi, HeaderLine } from '../route-table/types.js';
import { isCgiName, isCgiParam, mostCgiLetters } from './annotations/cgi-param.js';
import type { AnnotationValues } from './annotations/registry.js';
import { finding, quote } from './finding.js';
import { compareText } from './order.js';
import { given } from './given.js';
import { ownKey } from './own-object.js';
import type { HeaderMapSource } from './plan-header-map.js';

/** The parameters that stay what the engine says, whoever else names them: they tell where the body ends, or how it is read. */
const ofTheRequest: ReadonlySet<string> = new Set(['CONTENT_LENGTH', 'CONTENT_TYPE', 'GATEWAY_INTERFACE', 'REQUEST_METHOD']);

/** Undefined: nothing is said. 'closed': something is, and can't be had; there is a finding. */
export function planFastCgi(values: AnnotationValues, source: HeaderMapSource): FastCgi | 'closed' | undefined {
  if (values['backend-protocol'] !== 'FCGI') return undefined;
  const params = paramsOf(values['fastcgi-params-configmap'], source);
  if (params === 'closed') return params;
  const fcgi: FastCgi = { ...given('index', values['fastcgi-index']), ...(params.length > 0 && { params }) };
  return Object.keys(fcgi).length === 0 ? undefined : fcgi;
}

function paramsOf(reference: string | undefined, { object, namespace, configMaps, notes }: HeaderMapSource): HeaderLine[] | 'closed' {
  if (reference === undefined) return [];
  const told = (kind: 'config-map-missing' | 'config-map-invalid' | 'unsupported-annotation', why: string): void => {
    notes.findings.push(finding(kind, object, `annotation fastcgi-params-configmap: ${why}`));
  };
  const key = ownKey(reference, namespace);
  const found = key === undefined ? undefined : configMaps.get(key);
  if (key !== undefined) notes.configMaps.push(key);
  if (found === undefined) {
    told(key === undefined ? 'config-map-invalid' : 'config-map-missing', (key === undefined ? `${quote(reference)} names no ConfigMap of the Ingress's own namespace` :
      `ConfigMap ${key} does not exist, or the controller may not read it (docs/install.md), or too many are named`) + '; requests are answered with 503 until it is mended');
    return 'closed';
  }
  const { data = {} } = found;
  const lines = Object.entries(data).map(([name, value]) => ({ name, value: value.trim().replaceAll('$document_root', data['DOCUMENT_ROOT']?.trim() ?? '$document_root') }))
    .filter(({ name }) => !ofTheRequest.has(name)).sort((a, b) => compareText(a.name, b.name));
  const sound = lines.filter(isCgiParam);
  for (const { name } of lines.filter((line) => !isCgiParam(line))) {
    told('unsupported-annotation', `ConfigMap ${key}: ${quote(name, 60)} ${isCgiName(name) ? 'has a value that can not be told: visible ASCII, at most 1024 letters, and of variables only those of docs/annotations.md' : 'is none of the parameters that can be told'}; requests are served without it`);
  }
  if (sound.reduce((letters, { value }) => letters + value.length, 0) <= mostCgiLetters) return sound;
  told('config-map-invalid', `ConfigMap ${key} has values of more than ${mostCgiLetters} letters together; requests are answered with 503 until it is mended`);
  return 'closed';
}
