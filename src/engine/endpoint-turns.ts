// By turns among the endpoints of a Service, for connections that nginx does not make (ssl-passthrough). Who refuses is passed over
// for a while, as in nginx (data-plane/endpoint-health.ts), and never all of them.

import { pickEndpoint } from '../route-table/pick-endpoint.js';
import type { Endpoint } from '../route-table/types.js';

const LONGEST_PAUSE_MS = 30_000;
const MOST_KEPT = 20_000;

interface Health {
  failures: number;
  /** By the clock of `now`. */
  until: number;
}

export class EndpointTurns {
  private readonly turns = new Map<string, number>();
  private readonly failing = new Map<string, Health>();

  /** `now`: milliseconds. */
  constructor(private readonly now: () => number) {}

  /** The endpoints in the order in which the next connection tries them, each worked out when it is asked for. `service`: names them as one. */
  next(service: string, endpoints: Endpoint[]): Iterable<Endpoint> {
    const turn = this.turns.get(service) ?? 0;
    if (this.turns.size >= MOST_KEPT) this.turns.clear();
    this.turns.set(service, (turn + 1) % 1_000_000_000);
    return this.inOrder(endpoints, turn);
  }

  failed(endpoint: Endpoint): void {
    const name = nameOf(endpoint);
    const failures = (this.failing.get(name)?.failures ?? 0) + 1;
    if (this.failing.size >= MOST_KEPT) this.failing.clear();
    this.failing.set(name, { failures, until: this.now() + Math.min(1000 * 2 ** (failures - 1), LONGEST_PAUSE_MS) });
  }

  answered(endpoint: Endpoint): void {
    if (this.failing.size > 0) this.failing.delete(nameOf(endpoint));
  }

  private *inOrder(endpoints: Endpoint[], turn: number): Generator<Endpoint> {
    const now = this.now();
    const resting: Endpoint[] = [];
    for (let attempt = 0; attempt < endpoints.length; attempt++) {
      const endpoint = pickEndpoint(endpoints, turn, attempt)!;
      if (this.failing.size > 0 && (this.failing.get(nameOf(endpoint))?.until ?? 0) > now) resting.push(endpoint);
      else yield endpoint;
    }
    yield* resting;
  }
}

function nameOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
