// The documents by which a client learns what the server serves: /api, /apis, /api/v1 and /apis/GROUP/VERSION.
// Derived from the table of served kinds alone.
export interface DiscoveryRoute { path: string; document: object }

export function discoveryRoutes(): DiscoveryRoute[] {
  return [];
}
