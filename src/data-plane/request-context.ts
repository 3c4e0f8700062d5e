// The context of a request in the clear, a table that is used again when the request has ended: what a worker throws away it has
// to collect, which cost a twentieth of a request. All of them have all their places, made in one order: what LuaJIT has compiled
// for one fits the others.

const spare: (RequestContext | undefined)[] = [];
let spares = 0;
/** More than a worker has under way at one time, mostly: bounds its memory. */
const MOST = 1000;

/** Gives the present request an empty context, but for its class. */
export function beginContext(className: string | undefined): void {
  let context = spare[spares];
  if (context === undefined) context = newContext();
  else {
    spare[spares] = undefined;
    spares = spares - 1;
  }
  context.class = className;
  ngx.ctx = context;
}

/** At the very end of the log phase: nobody may look at it afterwards. */
export function endContext(context: RequestContext): void {
  if (context.kept !== true || spares >= MOST) return;
  clear(context);
  spares = spares + 1;
  spare[spares] = context;
}

/** Lua makes no place for a field that holds nothing, so each holds something first. */
function newContext(): RequestContext {
  const context: Required<RequestContext> = {
    class: '', match: 1, policy: 1, service: 1, turn: 1, attempt: 1, triedAt: 1, endpoint: 1, headerAt: 1, address: '', scheme: '', saysCors: true, cookie: '', authority: '',
    verdictCookies: [], tried: 1, byLoad: true, loaded: 1, loadCounted: true, resumed: true, toPage: true, held: '', noEndpoints: true, kept: true,
  };
  clear(context);
  return context;
}

/** One by one: LuaJIT does not compile a walk over a table. */
function clear(context: RequestContext): void {
  context.class = undefined;
  context.match = undefined;
  context.policy = undefined;
  context.service = undefined;
  context.turn = undefined;
  context.attempt = undefined;
  context.triedAt = undefined;
  context.endpoint = undefined;
  context.headerAt = undefined;
  context.address = undefined;
  context.scheme = undefined;
  context.saysCors = undefined;
  context.cookie = undefined;
  context.authority = undefined;
  context.verdictCookies = undefined;
  context.tried = undefined;
  context.byLoad = undefined;
  context.loaded = undefined;
  context.loadCounted = undefined;
  context.resumed = undefined;
  context.toPage = undefined;
  context.held = undefined;
  context.noEndpoints = undefined;
}
