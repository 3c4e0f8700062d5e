// Reads a variable of nginx by a plain call. `ngx.var.x` goes through a metatable: where LuaJIT begins to compile inside of that,
// it can't go on into the caller ("return to lower frame"), gives up, and does so for good in some workers and not in others.

type Read = (this: void, variables: Record<string, string | undefined>, name: string) => string | undefined;

const read = ((getmetatable(ngx.var) as { __index?: Read } | undefined)?.__index) ?? plainly;

/** The value of a variable; undefined when nginx has none. For the way of every request; elsewhere `ngx.var` is as good. */
export function readVariable(name: string): string | undefined {
  return read(ngx.var, name);
}

/** Where the variables are a plain table. */
function plainly(this: void, variables: Record<string, string | undefined>, name: string): string | undefined {
  return variables[name];
}
