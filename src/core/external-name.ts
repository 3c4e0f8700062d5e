// Services of type ExternalName: the server outside of the cluster that one stands for, where the class allows its name. Ports are
// those of ingress-nginx. Engines resolve the name; where it may not lead to is theirs to see then.

import type { Endpoint } from '../route-table/types.js';
import { isPortNumber } from './build-endpoints.js';
import type { ClassSettings } from './class-settings.js';
import { quote } from './finding.js';
import type { Service, ServicePort } from './kubernetes-objects.js';
import { isAllowedName, isServerName } from './server-names.js';

export function isExternal(service: Service | undefined): service is Service {
  return service?.spec?.type === 'ExternalName';
}

/** What the Service stands for, in lower case and without the dot of the root. */
export function externalNameOf({ spec: { externalName = '' } = {} }: Service): string {
  return externalName.toLowerCase().replace(/\.$/, '');
}

/** Why nobody is asked under the Service's name, and what to do; undefined: somebody is, or it is a Service of another type. */
export function externalProblem(service: Service | undefined, settings: Pick<ClassSettings, 'externalNames'> | undefined): string | undefined {
  if (!isExternal(service)) return undefined;
  const name = externalNameOf(service);
  if (!isServerName(name)) return `is of type ExternalName, and ${quote(name)} is not the name of a server, with a dot; name one, or use a Service with endpoints`;
  if (isAllowedName(name, settings?.externalNames)) return undefined;
  return `is of type ExternalName, and the class's external-names does not allow ${quote(name)}; have it allowed there, or use a Service with endpoints`;
}

/** A port that the Service does not list counts by number all the same. */
export function unlistedPort(wanted: string): ServicePort | undefined {
  const port = /^[1-9][0-9]*$/.test(wanted) ? Number(wanted) : undefined;
  return isPortNumber(port) ? { port } : undefined;
}

/** Where requests to one of the Service's ports go. */
export function externalEndpoint(name: string, { port, targetPort }: ServicePort): Endpoint {
  return { address: name, port: isPortNumber(targetPort) ? targetPort : port, resolve: true };
}
