// Where a request that is ready is sent from. Where requests come in, nginx sends what it knows itself and adds nothing to answers,
// which costs nearly nothing. A request that more is to be said of goes on in a place that says it; nothing is decided again there,
// for its context goes along.

import type { Policy } from '../route-table/types.js';
import { sayCors } from './cors.js';

/** What backends are told beyond what the connection says: by a trusted proxy, a certificate, a rewrite or a policy. */
export type GivenHeader = 'address' | 'forwarded_for' | 'forwarded_host' | 'forwarded_port' | 'forwarded_proto' | 'host' | 'backend_host' | 'scheme' |
  'prefix' | 'original' | 'client_verify' | 'client_subject' | 'client_issuer' | 'client_cert';

/** Of the present request; no request waits between its routing and its going on. */
let given = false;
let onItsWay: RequestContext | undefined;

/** Runs before a request is routed. */
export function giveNothing(): void {
  given = false;
}

/** Has the backend be told what few requests have, in the variables of the connection. */
export function giveRare(): void {
  given = true;
}

/** Has the variable say `value` to the backend. */
export function give(name: GivenHeader, value: string): void {
  ngx.var['ia_' + name] = value;
  given = true;
}

/** The last step of routing. `asked`: what the route's policy says of the answer, too. */
export function goOn(asked: Policy | undefined): void {
  const context = ngx.ctx;
  // The other locations say everything, in their own way.
  if (context.resumed === true) return;
  if (given) return setOut('@given', context);
  if (asked === undefined || asked.cors === undefined || asked.answer !== undefined) return;
  const place = sayCors(asked.cors);
  if (place === undefined) return;
  context.saysCors = true;
  setOut(place, context);
}

function setOut(place: string, context: RequestContext): void {
  onItsWay = context;
  ngx.exec(place);
}

/** The context of the request that has just set out; nothing runs in between. */
export function arriving(): RequestContext | undefined {
  const context = onItsWay;
  onItsWay = undefined;
  return context;
}
