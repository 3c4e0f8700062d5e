// How much one class may ask of the engine. The controller keeps to it by dropping what is too much, the newest first, with a
// finding; the engine refuses what is more all the same.

/** Paths of all Ingresses together on one host. */
export const mostRoutesPerHost = 1000;
/** Endpoints of one port of a Service, over all its slices. */
export const mostEndpointsPerService = 10_000;
/** Bytes of a path that is a regular expression. */
export const longestPattern = 1024;
/** Bytes of any other path, and of what it is rewritten to. */
export const longestPath = 4096;
/** Bytes of a certificate chain and of a private key, as PEM, and certificates in a chain. */
export const longestChain = 64 * 1024;
export const longestKey = 16 * 1024;
export const mostCertificates = 10;
/** Revoked certificates that one Secret may name, and bytes of its lists, as PEM. */
export const mostRevoked = 5000;
export const longestLists = 512 * 1024;
