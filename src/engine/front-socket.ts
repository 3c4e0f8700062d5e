// nginx's sockets for TLS connections that come in through the agent (tls-front.ts).

import path from 'node:path';
import { frontSocketName, hopDirectory } from '../route-table/backend-tls.js';

/** Of the listener with this TLS port. The data plane knows the port by the name (data-plane/certificate.ts). */
export function frontSocket(workDirectory: string, httpsPort: number): string {
  return path.join(workDirectory, hopDirectory, `${frontSocketName}${httpsPort}`);
}
