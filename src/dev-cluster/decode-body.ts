// Turns the body of a request into plain JSON, by its content type, and into an object of the kind that the path names.
import { parseAllDocuments } from 'yaml';
import isPlainObject from 'lodash/isPlainObject.js';
import type { KubeObject, ResourceType } from './resources.js';
import type { Fields } from './field-access.js';
import { without } from './field-access.js';
import { fieldTypesOf } from './field-types.js';
import { decodeProtobuf } from './protobuf.js';
import { readFields } from './read-fields.js';
import { badRequest, undecodable, unsupportedMediaType } from './status-error.js';
import { misshapenTime } from './validate-times.js';

export const JSON_TYPE = 'application/json';
const YAML_TYPES = ['application/yaml', 'text/yaml', 'application/x-yaml'];
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

export const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]!.trim().toLowerCase();

/** For POST, PUT and DELETE; a PATCH has its own content types. */
export function decodeBody(body: Buffer, contentType: string | undefined): Fields {
  const media = mediaType(contentType) || JSON_TYPE;
  if (media === PROTOBUF_TYPE) return refusing(() => decodeProtobuf(body) as Fields, unsupportedMediaType);
  if (media !== JSON_TYPE && !YAML_TYPES.includes(media)) {
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${JSON_TYPE}, ${YAML_TYPES[0]}, ${PROTOBUF_TYPE}`);
  }
  const parsed = media === JSON_TYPE ? parseJson(body) : parseYaml(body);
  if (!isPlainObject(parsed)) throw badRequest('the body of the request has to be one object');
  return parsed as Fields;
}

/** Turns whatever `decode` throws into an error for the client, with the same message. */
export function refusing<T>(decode: () => T, refuse: (message: string) => Error): T {
  try {
    return decode();
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
}

export function parseJson(body: Buffer): unknown {
  return refusing(() => JSON.parse(body.toString('utf8')) as unknown, (message) => badRequest(`error decoding the body: ${message}`));
}

/** JSON is YAML too, so both are read here. */
export function parseYaml(body: Buffer): unknown {
  return refusing(() => {
    const documents = parseAllDocuments(body.toString('utf8'));
    if (!Array.isArray(documents) || documents.length !== 1) throw new Error('expected exactly one YAML document');
    const [problem] = documents[0]!.errors;
    if (problem) throw problem;
    return documents[0]!.toJS() as unknown;
  }, (message) => badRequest(`error decoding the body: ${message}`));
}

/** What a URL already says about the object in the body. */
export interface Place { namespace: string | undefined; name: string | undefined }

/** An object of its kind, and the paths of fields in the body that the kind does not have: those are dropped. */
export interface Decoded { object: KubeObject; unknown: string[] }

export function objectFrom(type: ResourceType, body: Fields, place: Place): Decoded {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  if ((body['apiVersion'] ?? apiVersion) !== apiVersion || (body['kind'] ?? type.kind) !== type.kind) {
    throw badRequest(`${String(body['apiVersion'])}, Kind=${String(body['kind'])} in the body does not match the expected ${apiVersion}, Kind=${type.kind}`);
  }
  const { object, unknown } = readObject(type, { ...body, apiVersion, kind: type.kind, metadata: body['metadata'] ?? {} });
  return { object: { ...object, metadata: placed(type, object.metadata, place) }, unknown };
}

/** As Go's decoder reads it: the wrong type in a known place is a 400, before any validation. */
export function readObject(type: ResourceType, object: unknown): Decoded {
  const reading = refusing(() => readFields(type.kind, fieldTypesOf(type), object), (message) => undecodable(type, message));
  const read = reading.value as KubeObject;
  const problem = misshapenTime(type, read);
  if (problem !== undefined) throw undecodable(type, problem);
  return { object: read, unknown: reading.unknown };
}

/** Name and namespace as the URL says; a body that says otherwise is refused. */
function placed(type: ResourceType, metadata: KubeObject['metadata'], place: Place): KubeObject['metadata'] {
  if (place.name !== undefined && metadata.name && metadata.name !== place.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${place.name})`);
  }
  const named = place.name === undefined ? metadata : { ...metadata, name: place.name };
  if (!type.namespaced) return without(named, 'namespace');
  return place.namespace === undefined ? named : { ...named, namespace: sameNamespace(named.namespace, place.namespace) };
}

function sameNamespace(given: string | undefined, place: string): string {
  if (given && given !== place) throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  return place;
}
