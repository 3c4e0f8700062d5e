// The control client of the nginx that takes requests now: whoever speaks to nginx need not know which one that is.

import type { ControlClient } from './control-client.js';
import { EngineError } from './engine-error.js';

export interface CurrentClient extends ControlClient {
  use(client: ControlClient): void;
}

/** Before the first `use` nothing can be asked. The clients belong to whoever made them: `close` only forgets. */
export function createCurrentClient(): CurrentClient {
  let current: ControlClient | undefined;
  const client = (): ControlClient => {
    if (current === undefined) throw new EngineError('stopped', 'there is no nginx');
    return current;
  };
  return {
    use: (next) => { current = next; },
    push: (...args) => client().push(...args),
    tables: () => client().tables(),
    counters: () => client().counters(),
    forget: (...args) => client().forget(...args),
    leave: (...args) => client().leave(...args),
    close: async () => { current = undefined; },
  };
}
