// Valid engine settings for tests, without touching the disk.
export function sampleSettings(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    workDirectory: '/srv/ingress-arbiter',
    luaDirectory: '/opt/ingress-arbiter/lua',
    listeners: [
      { name: 'internal', address: '127.0.0.1', httpPort: 8080, httpsPort: 8443, classes: ['nginx-internal'] },
      { name: 'external', address: '::1', httpPort: 9080, httpsPort: 9443, classes: ['nginx-external', 'blue.example.com'] },
    ],
    ...changes,
  };
}
