// A field that is there when it has a value: entries are compared and sent as they are, and a field without one is none.

export function given<Name extends string, Value>(name: Name, value: Value | undefined): { [name in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { [name in Name]?: Value };
}
