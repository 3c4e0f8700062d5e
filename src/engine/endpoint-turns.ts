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

  /** All endpoints in the order in which the next connection tries them. `service`: names them as one. */
  next(service: string, endpoints: Endpoint[]): Endpoint[] {
    const turn = this.turns.get(service) ?? 0;
    if (this.turns.size >= MOST_KEPT) this.turns.clear();
    this.turns.set(service, (turn + 1) % 1_000_000_000);
    const order = endpoints.map((_, attempt) => pickEndpoint(endpoints, turn, attempt)!);
    const now = this.now();
    const rests = (endpoint: Endpoint): boolean => (this.failing.get(nameOf(endpoint))?.until ?? 0) > now;
    return this.failing.size === 0 ? order : [...order.filter((one) => !rests(one)), ...order.filter(rests)];
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
}

function nameOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
