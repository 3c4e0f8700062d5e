// The OpenAPI v3 documents that kubectl reads: which requests know fieldValidation and dryRun, and the fields for `explain`.
// Strategic merge patches are not offered here on purpose: kubectl then merges with the rules it was built with.
import groupBy from 'lodash/groupBy.js';
import type { ResourceType } from './resources.js';
import { resourceTypes } from './resources.js';
import type { Schema } from './open-api-fields.js';
import { intOrStringSchema, metadataSchema, sectionsOf } from './open-api-fields.js';

const root = (type: Pick<ResourceType, 'group' | 'version'>): string => (type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`);

export function openApiIndex(): object {
  const roots = Object.keys(groupBy(resourceTypes, root));
  return { paths: Object.fromEntries(roots.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${documentVersion}` }])) };
}

/** Clients cache documents by this value: raise it whenever the documents change. */
const documentVersion = '2';

/** The document served under /openapi/v3/api/v1 or /openapi/v3/apis/GROUP/VERSION; undefined when nothing is served there. */
export function openApiDocument(group: string, version: string): object | undefined {
  const types = resourceTypes.filter((type) => type.group === group && type.version === version);
  if (types.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'ingress-arbiter dev cluster', version: documentVersion },
    paths: Object.fromEntries(types.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries([...types.map((type) => [schemaName(type), schemaOf(type)]), [META, metadataSchema], [INT_OR_STRING, intOrStringSchema]]) },
  };
}

const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const schemaName = (type: ResourceType): string => {
  const group = type.group === '' ? 'core' : type.group.split('.')[0]!;
  return `io.k8s.api.${group}.${type.version}.${type.kind}`;
};

const gvk = ({ group, version, kind }: ResourceType): object => ({ group, version, kind });

function schemaOf(type: ResourceType): object {
  const { description, properties } = sectionsOf(type.kind);
  const all: Record<string, Schema> = {
    apiVersion: { type: 'string', description: 'Group and version of the API that this object is written in.' },
    kind: { type: 'string', description: 'What this object is.' },
    metadata: { allOf: [{ $ref: `#/components/schemas/${META}` }], description: 'Name, labels, annotations and what the server keeps about every object.' },
    ...properties,
  };
  return { type: 'object', description, properties: all, 'x-kubernetes-group-version-kind': [gvk(type)] };
}

const query = (name: string, description: string): object => ({ name, in: 'query', description, schema: { type: 'string', uniqueItems: true } });
const writeParameters = [
  query('dryRun', '"All" runs every check and stores nothing.'),
  query('fieldManager', 'Who is writing, for managedFields.'),
  query('fieldValidation', 'Ignore, Warn or Strict: what happens to unknown and repeated fields.'),
];

function pathsOf(type: ResourceType): [string, object][] {
  const collection = `/${root(type)}${type.namespaced ? '/namespaces/{namespace}' : ''}/${type.plural}`;
  const operation = (action: string, parameters: object[] = []): object => ({
    tags: [type.plural],
    parameters,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(type),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(type)}` } } } } },
  });
  return [
    [collection, { get: operation('list'), post: operation('post', writeParameters) }],
    [`${collection}/{name}`, {
      get: operation('get'), put: operation('put', writeParameters), patch: operation('patch', writeParameters), delete: operation('delete'),
    }],
  ];
}
