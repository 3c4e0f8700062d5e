// Which routes may be asked for a verdict about other requests (external authentication). Compiled for Node (explain) and for
// Lua (nginx).

import type { Policy } from './types.js';

/** Whom a route keeps out, or sends elsewhere, gets no verdict there; and a question must not lead to another one. */
export function canBeAsked({ external, basic, allow, deny, clients, redirect, protocol }: Policy): boolean {
  return external === undefined && clients === undefined && basic === undefined && allow === undefined && deny === undefined &&
    redirect === undefined && protocol !== 'grpc' && protocol !== 'grpcs' && protocol !== 'fcgi';
}
