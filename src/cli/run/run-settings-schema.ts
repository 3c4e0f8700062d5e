// The JSON Schema of the settings of `run`, with their defaults. The engine's part has a schema of its own. What a schema
// cannot say (classes that nobody listens for, names that get too long) is checked in run-settings.ts.

const className = { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' };
const label = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
const texts = { type: 'array', maxItems: 64, uniqueItems: true, default: [], items: { type: 'string', minLength: 1, maxLength: 253 } };

const claim = {
  type: 'object',
  additionalProperties: false,
  required: ['class'],
  properties: {
    class: className,
    annotationValues: texts,
    acceptedControllers: texts,
    classPrecedence: { enum: ['annotation', 'field'], default: 'annotation' },
    claimClassless: { type: 'boolean', default: false },
    annotationPrefixes: { type: 'array', minItems: 1, maxItems: 8, uniqueItems: true, items: className },
    observe: { type: 'boolean' },
    namespaces: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        names: { type: 'array', items: label },
        labels: { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } },
      },
    },
    addresses: {
      type: 'array',
      maxItems: 64,
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
        properties: { ip: { type: 'string' }, hostname: { type: 'string' } },
      },
    },
    publish: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
    deletedGraceMs: { type: 'integer', minimum: 0, maximum: 86_400_000 },
  },
};

export const runSettingsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['claims', 'engine'],
  properties: {
    claims: { type: 'array', minItems: 1, maxItems: 64, items: claim },
    installation: { ...label, default: 'default' },
    leaseNamespace: { ...label, default: 'ingress-arbiter' },
    kubeconfig: { type: 'string', minLength: 1 },
    context: { type: 'string', minLength: 1 },
    shard: { type: 'string' },
    admin: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        address: { type: 'string', default: '127.0.0.1' },
        port: { type: 'integer', minimum: 0, maximum: 65535, default: 10254 },
      },
    },
    statusWritesPerSecond: { type: 'integer', minimum: 1, maximum: 200, default: 5 },
    unreadySeconds: { type: 'number', minimum: 0, maximum: 600, default: 5 },
    engine: { type: 'object' },
  },
};
