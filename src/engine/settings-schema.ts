// The JSON Schema of the engine's settings, with their defaults and bounds. What it cannot say (ports that collide, classes
// nobody listens for, paths nginx must never see) is checked in settings.ts.

const count = (fallback: number, minimum: number, maximum: number) =>
  ({ type: 'integer', minimum, maximum, default: fallback });

const group = (properties: Record<string, unknown>) =>
  ({ type: 'object', additionalProperties: false, default: {}, properties });

const listener = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'httpPort', 'httpsPort', 'classes'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
    address: { type: 'string', default: '0.0.0.0' },
    httpPort: { type: 'integer', minimum: 1, maximum: 65535 },
    httpsPort: { type: 'integer', minimum: 1, maximum: 65535 },
    proxyProtocolFrom: { type: 'array', minItems: 1, maxItems: 64, uniqueItems: true, items: { type: 'string', maxLength: 64 } },
    sslPassthrough: { type: 'boolean' },
    classes: {
      type: 'array',
      minItems: 1,
      maxItems: 64,
      items: { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' },
    },
  },
};

export const settingsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['listeners', 'workDirectory'],
  properties: {
    listeners: { type: 'array', minItems: 1, maxItems: 64, items: listener },
    workDirectory: { type: 'string', minLength: 1 },
    workers: count(2, 1, 512),
    workerUser: { type: 'string', pattern: '^[a-z_][-a-z0-9_]{0,31}$' },
    nginxBinary: { type: 'string', default: '/usr/sbin/nginx' },
    modulesDirectory: { type: 'string', default: '/usr/lib/nginx/modules' },
    luaDirectory: { type: 'string', minLength: 1 },
    allowLoopbackEndpoints: { type: 'boolean', default: false },
    /** Who is asked for names outside of the cluster, with ports where they are not 53; those of the system when left out. */
    nameServers: { type: 'array', minItems: 1, maxItems: 8, items: { type: 'string', pattern: '^(?:[0-9.]{7,15}(?::[0-9]{1,5})?|[0-9a-fA-F:.]{2,45}|\\[[0-9a-fA-F:.]{2,45}\\](?::[0-9]{1,5})?)$' } },
    accessLog: { type: 'string', minLength: 1 },
    sharedMemoryMegabytes: group({
      versions: count(1, 1, 64),
      pointers: count(64, 1, 4096),
      records: count(256, 1, 16384),
      /** Names of counters: about 500 bytes a series of requests. */
      counters: count(32, 1, 4096),
      /** Their numbers, for each worker and once more: 8 bytes a series of requests, 624 bytes the times and sizes of a class or an Ingress. */
      numbers: count(8, 1, 1024),
      /** What handshakes have said of clients' certificates, for sessions that are resumed. */
      clientCertificates: count(16, 1, 4096),
      /** What clients have asked of Ingresses with limits: about 130 bytes a client and limit. */
      limits: count(16, 1, 4096),
      /** Verdicts of external authentication that are kept for a while; the oldest go first. */
      verdicts: count(8, 1, 1024),
      tlsSessions: count(10, 1, 1024),
    }),
    metrics: group({
      traffic: { type: 'boolean', default: true },
      histogramsPerIngress: { type: 'boolean', default: false },
      ingressNginxNames: { type: 'boolean', default: false },
      seriesPerClass: count(20_000, 10, 1_000_000),
      goneSeconds: count(600, 0, 86_400),
    }),
    limits: group({
      workerConnections: count(8192, 256, 1_000_000),
      /** Idle connections to pods that each worker keeps, for each of the 64 upstream shards. */
      idleUpstreamConnections: count(64, 1, 4096),
      bodyMegabytes: count(1, 1, 65536),
      /** 0 leaves the directive out, for an nginx that does not know it. */
      requestHeaders: count(100, 0, 1000),
      clientHeaderSeconds: count(10, 1, 600),
      clientBodySeconds: count(10, 1, 600),
      connectSeconds: count(5, 1, 75),
      sendSeconds: count(60, 1, 86400),
      readSeconds: count(60, 1, 86400),
      /** How long nginx may take to become ready, and how long requests in flight may take once it is told to stop. */
      startSeconds: count(15, 1, 600),
      drainSeconds: count(30, 0, 3600),
      /** How long clients are asked to close their connections before nginx is replaced or, by whoever stops it, ended. */
      leaveSeconds: { type: 'number', minimum: 0, maximum: 60, default: 2 },
      entriesPerClass: count(500_000, 1, 10_000_000),
      megabytesPerClass: count(200, 1, 240),
      /** Patterns of paths that each worker keeps compiled, about 3 KB each, 20 KB at most; the ones used longest ago are given back. */
      compiledPatterns: count(8192, 64, 1_000_000),
      routesPerHost: count(1000, 1, 100_000),
      endpointsPerService: count(10_000, 1, 100_000),
    }),
  },
};
