// The shape that an API server insists on before it looks at values; the core relies on it. Whether the values make sense is
// not asked here.

import { schemaCheck } from '../../engine/schema-check.js';

const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: text };
const listOf = (items: object): object => ({ type: 'array', items });

const backend = {
  type: 'object',
  properties: {
    service: {
      type: 'object', required: ['name'],
      properties: { name: text, port: { type: 'object', properties: { name: text, number: { type: 'integer' } } } },
    },
  },
};
const path = { type: 'object', properties: { path: text, pathType: text, backend } };
const rule = {
  type: 'object',
  properties: { host: text, http: { type: 'object', properties: { paths: listOf(path) } } },
};
const spec = {
  type: 'object',
  properties: {
    ingressClassName: text, controller: text, defaultBackend: backend, rules: listOf(rule),
    tls: listOf({ type: 'object', properties: { hosts: listOf(text), secretName: text } }),
    ports: listOf({ type: 'object', required: ['port'], properties: { name: text, port: { type: 'integer' } } }),
  },
};
const metadata = {
  type: 'object', required: ['name'],
  properties: { name: { type: 'string', minLength: 1 }, namespace: text, labels: texts, annotations: texts },
};

export const manifestSchema = { type: 'object', required: ['metadata'], properties: { metadata, spec } };

/** What is wrong with the shape of an object, as YAML gave it and without its empty fields. */
export const checkManifest = schemaCheck(manifestSchema);
